"""Every record's persons: resolved from their subjects, ids carried on from the previous crosswalk."""

from collections.abc import Mapping

from pyspark.sql import DataFrame

from citylake.engine.derived.evaluate import TransformRun
from citylake.engine.derived.offered import Offer
from citylake.resolve.night import crosswalk, crosswalk_changes


def transform(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return the crosswalk of the population library."""
    return crosswalk(run)


def changes(run: TransformRun) -> Offer | None:
    """Return the rows that changed subjects make different."""
    return crosswalk_changes(run)
