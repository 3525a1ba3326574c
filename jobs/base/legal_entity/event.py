"""What happened to ids of legal entities, day by day."""

from collections.abc import Mapping

from pyspark.sql import DataFrame

from jobs.engine.evaluate import TransformRun
from jobs.engine.offered import Offer
from jobs.resolve.events import event_changes, events
from jobs.resolve.library import spec_of


def transform(inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return the previous events and those of the crosswalk's latest changes."""
    return events(run, spec_of(run), "x")


def changes(run: TransformRun) -> Offer | None:
    """Return the events of the crosswalk's latest changes."""
    return event_changes(run, spec_of(run), "x")
