"""What the records of a library say of golden fields, as a table's inputs have it."""

from collections.abc import Mapping, Sequence

from pyspark.sql import DataFrame

from citylake.contract.survivorship import Golden
from citylake.engine.derived.evaluate import TransformRun
from citylake.resolve.survivorship import claims
from citylake.spelling import resource_of


def claims_of(inputs: Mapping[str, DataFrame], run: TransformRun, fields: Sequence[Golden]) -> DataFrame:
    """Return the claims of the running table's inputs, see :func:`citylake.resolve.survivorship.claims`."""
    said = {given.input for field in fields for given in field.given}
    declared = {alias: item for alias, item in run.contract.inputs.items() if alias in said}
    ids = {alias: item.on[0] for alias, item in declared.items()}
    names = {alias: resource_of(item.table) for alias, item in declared.items()}
    return claims(inputs, ids, fields, names, run.catalog.successors)
