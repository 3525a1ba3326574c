"""How every source compares with the one that answers for a golden field, thing by thing."""

from collections.abc import Mapping

from pyspark.sql import DataFrame

from citylake.contract.linked import kind_id
from citylake.engine.derived.evaluate import TransformRun
from citylake.resolve.claims import claims_of
from citylake.resolve.survivorship import compared


def transform(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return one row per thing, source and authority, see :func:`citylake.resolve.survivorship.compared`."""
    spec = run.catalog.spec(run.contract.domain)
    fields = spec.survivorship[str(spec.golden_table)]
    made = compared(claims_of(inputs, run, fields), fields, run.business_date)
    return made.withColumnRenamed("entity_id", kind_id(spec.kind))
