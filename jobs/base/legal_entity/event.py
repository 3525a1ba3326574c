"""What happened to ids of legal entities, day by day."""

from collections.abc import Mapping

from pyspark.sql import DataFrame

from citylake.engine.derived.evaluate import TransformRun
from citylake.engine.derived.offered import Offer
from citylake.resolve.events import event_changes, events
from citylake.resolve.library import spec_of


def transform(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return the previous events and those of the crosswalk's latest changes."""
    return events(run, spec_of(run), "x")


def changes(run: TransformRun) -> Offer | None:
    """Return the events of the crosswalk's latest changes."""
    return event_changes(run, spec_of(run), "x")
