"""Golden names, numbers, phones and addresses, below the border."""

from collections.abc import Mapping

from pyspark.sql import DataFrame

from jobs.engine.evaluate import TransformRun
from jobs.resolve.identity import identity
from jobs.resolve.library import spec_of
from schemas.resolve_spec import roles


def transform(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return one row per person of the crosswalk who has a name or number."""
    spec = spec_of(run)
    found = roles(spec, run.catalog.collected)
    values = identity(inputs, inputs["x"], spec.survivorship[run.contract.thing], found, run.business_date)
    return values.withColumnRenamed("entity_id", "person_id")
