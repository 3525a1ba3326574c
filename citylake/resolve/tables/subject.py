"""Every record's words about who somebody, or which thing, is, in one form."""

from collections.abc import Mapping

from pyspark.sql import DataFrame

from citylake.contract.resolve_spec import roles
from citylake.engine.derived.evaluate import TransformRun
from citylake.resolve.subjects import subjects


def transform(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return the subjects of the running table's library.

    Args:
        inputs: clean tables by the alias of the role; those without touched subjects may be missing.
        run: the table's run.
    """
    spec = run.catalog.spec(run.contract.domain)
    found = [role for role in roles(spec, run.catalog.collected) if role.alias in inputs]
    return subjects(inputs, found, run.business_date, spec)
