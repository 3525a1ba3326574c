"""Publishing a night: one transaction in the ledger, then the catalogue views, which follow it one by one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import structlog
from deltalake.exceptions import DeltaError
from pyspark.sql import SparkSession

from citylake.delta.shape import columns_at
from citylake.lake import Lake
from citylake.ledger.errors import UnknownNightError
from citylake.ledger.nights.nights import Entry, Publication, night, publication
from citylake.ledger.nights.nights import publish as publish_entries
from citylake.ledger.runs.tables import table_states
from citylake.night.publication.views import refresh_views
from citylake.read.entries import candidates, left_out

log = structlog.get_logger()


@dataclass(frozen=True)
class Published:
    """What a night's publication came to.

    ``left_out`` are tables that should be in it and are not, each with the reason in Chinese; ``views`` are the
    catalogue views that were made anew, ``views_failed`` those that still show what they showed before.
    """

    publication: Publication
    left_out: dict[str, str]
    views: tuple[str, ...]
    views_failed: tuple[str, ...]

    @property
    def stale(self) -> list[str]:
        """Tables that are published with what was accepted in an earlier night."""
        return [entry.table for entry in self.publication.entries if entry.stale]


def publish(lake: Lake, spark: SparkSession, business_date: date, *, number: int | None = None) -> Published:
    """Publish what is accepted, as one night; afterwards bring the catalogue views up to it.

    When nothing moved since the publication before, Spark is not asked for anything.
    Publishing a published night changes nothing, but views that a killed attempt left behind are made up.

    Args:
        lake: the lake.
        spark: a session.
        business_date: the night.
        number: number of its pinned vector; default the last.

    Raises:
        UnknownNightError: the night was never made ready.
        NightOrderError: a later night, or another vector of this one, is published already.
    """
    pinned = night(lake.ledger, business_date)
    if pinned is None:
        raise UnknownNightError(f"the night of {business_date} was never made ready: trigger the DAG ready first")
    states, before = table_states(lake.ledger), publication(lake.ledger)
    if pinned.published:
        done = publish_entries(lake.ledger, business_date, (), number=number)
        missing = left_out(lake.catalog, states, {entry.table: entry for entry in done.entries})
    else:
        entries = candidates(lake, states, pinned)
        missing = left_out(lake.catalog, states, entries)
        private = _unfit(lake, entries, before)
        missing |= private
        fit = [entry for name, entry in entries.items() if name not in private]
        done = publish_entries(lake.ledger, business_date, fit, number=number or pinned.number)
        if before is not None and _versions(before) == _versions(done):
            # The views show all of it already; what may have failed then is made up by maintenance.
            return Published(done, missing, (), ())
    made, failed = refresh_views(lake, spark, _newest(lake, done))
    log.info(
        "published", business_date=str(business_date), tables=len(done.entries), left_out=len(missing), views=len(made)
    )
    return Published(done, missing, made, failed)


def _versions(done: Publication) -> dict[str, int]:
    return {entry.table: entry.version for entry in done.entries}


def _newest(lake: Lake, done: Publication) -> Publication:
    # A late second call for an old night must not turn the views back.
    return publication(lake.ledger) or done


def _unfit(lake: Lake, entries: Mapping[str, Entry], before: Publication | None) -> dict[str, str]:
    """Return the tables whose files hold columns their contract does not name, or cannot be read, with the reason.

    A contract cannot vouch for such a column: it may be a direct identifier. Only tables that moved since the last
    publication are looked at, so that the cost follows the change.
    """
    known = {entry.table: entry.content for entry in before.entries} if before is not None else {}
    found = {}
    for name, entry in entries.items():
        if known.get(name) == entry.content:
            continue
        try:
            present = columns_at(lake.location(name), entry.version)
        except DeltaError as error:
            found[name] = f"版本 {entry.version} 读不出来（{type(error).__name__}）"
            log.error("unreadable version", table=name, version=entry.version, kind=type(error).__name__)
            continue
        foreign = [column for column in present if column not in lake.catalog.contract(name).columns]
        if foreign:
            found[name] = f"含有契约之外的列：{'、'.join(foreign)}"
            log.error("foreign columns", table=name, columns=foreign)
    return found
