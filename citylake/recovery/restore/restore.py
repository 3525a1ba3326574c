"""``citylake restore``: every table goes back to what a night published, and the next night goes on from there.

The order is such that a kill at any moment leaves a lake that the same command completes: the decision first, which
stops every run; then table by table, inputs before what reads them, its files and then its standing; the publications
last, in one transaction. Readers see the publication of before until then, and afterwards that of the night.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import structlog
from pyspark.sql import SparkSession

from citylake.contract.model import DerivedContract
from citylake.delta.log import commit, newest_version
from citylake.delta.sql_text import quoted
from citylake.engine.run.context import Context
from citylake.engine.run.record import sole_writer
from citylake.lake import Lake
from citylake.ledger.columns import Consumed
from citylake.ledger.nights.contents import Held, go_back, held_in, to_take_again
from citylake.ledger.nights.nights import publication, publications
from citylake.ledger.nights.restorations import LEASE, Restoration, begin, finish, under_way
from citylake.ledger.runs.leases import lease
from citylake.ledger.runs.tables import TableState, table_state, table_states
from citylake.night.judging.restore import restore_files
from citylake.night.maintenance import RESTORE_DAYS
from citylake.night.publication.views import refresh_views
from citylake.recovery.restore.errors import PromiseOverError
from citylake.recovery.restore.whole import check_whole
from citylake.spelling import resource_of, table_of

log = structlog.get_logger()

_WAIT = timedelta(minutes=2)


@dataclass
class Restored:
    """What going back came to.

    Attributes:
        business_date: the night.
        tables: those whose files went back.
        kept: how many still held what they held in that night.
        deliveries: how many deliveries the next night takes again.
        withdrawn: dates whose publications no longer stand.
        views_failed: catalogue views that still show what they showed before.
    """

    business_date: date
    tables: list[str] = field(default_factory=list)
    kept: int = 0
    deliveries: int = 0
    withdrawn: list[date] = field(default_factory=list)
    views_failed: tuple[str, ...] = ()


def restore(
    lake: Lake,
    open_session: Callable[[], SparkSession],
    night: date,
    *,
    actor: str,
    reason: str,
    unfinished: bool = False,
) -> Restored:
    """Put every table back to what a night published.

    Args:
        lake: the lake.
        open_session: gives a Spark session; called once nothing speaks against going back.
        night: business date of the night.
        actor: user name of who decides.
        reason: why, without personal data.
        unfinished: also give up a night that was begun and is not published.

    Raises:
        RestorationError: the night is not published or was withdrawn, or something is at work on the tables.
        PromiseOverError: the night is older than the restore promise.
        VersionGoneError: a version of it can no longer be read; nothing was changed.
        LeaseHeldError: another process restores.
    """
    with lease(lake.ledger, LEASE):
        if under_way(lake.ledger) is None:
            _check_promise(lake, night)
            _check_whole(lake, night)
        decided = begin(lake.ledger, night, actor=actor, reason=reason, unfinished=unfinished)
        log.info("restore begun", business_date=str(night), number=decided.number)
        return _carry_out(lake, open_session(), decided)


def _check_promise(lake: Lake, night: date) -> None:
    found = publication(lake.ledger, night)
    if found is not None and datetime.now(UTC) - found.published_at > timedelta(days=RESTORE_DAYS):
        raise PromiseOverError(
            f"{night} 已超过 {RESTORE_DAYS} 天的恢复期限，旧文件不再保证存在，未做任何改动 "
            f"(published on {found.published_at:%Y-%m-%d}, older than the restore promise of {RESTORE_DAYS} days)"
        )


def _check_whole(lake: Lake, night: date) -> None:
    if publication(lake.ledger, night) is None:
        return
    states = table_states(lake.ledger)
    for table, held in held_in(lake.ledger, night).items():
        if held.version is not None and not _stands(lake, states[table], held):
            check_whole(table, lake.location(table), held.version)


def _carry_out(lake: Lake, spark: SparkSession, decided: Restoration) -> Restored:
    done = Restored(decided.business_date)
    held = held_in(lake.ledger, decided.business_date)
    for table in _in_order(lake, held):
        with sole_writer(Context(lake, spark, decided.business_date), table, wait=_WAIT):
            _take_back(lake, spark, decided, held[table], done)
    withdrawn = _later(lake, decided.business_date)
    finish(lake.ledger, decided.number)
    done.withdrawn = withdrawn
    shown = publication(lake.ledger)
    assert shown is not None, f"{decided.business_date} stands"
    _, done.views_failed = refresh_views(lake, spark, shown)
    log.info("restored", business_date=str(decided.business_date), tables=len(done.tables), again=done.deliveries)
    return done


def _in_order(lake: Lake, held: dict[str, Held]) -> Iterator[str]:
    """Give inputs before what reads them: what is read counts as read at the version its input has by then."""
    known = [contract.name for contract in (*lake.catalog.collected, *lake.catalog.derived)]
    yield from (name for name in known if name in held)
    yield from sorted(set(held) - set(known))


def _take_back(lake: Lake, spark: SparkSession, decided: Restoration, held: Held, done: Restored) -> None:
    state = table_state(lake.ledger, held.table)
    assert state is not None, f"{held.table} stands in the ledger"
    version = state.version
    if _stands(lake, state, held):
        done.kept += 1
    else:
        version = _files_back(lake, spark, decided, held)
        done.tables.append(held.table)
    again = to_take_again(lake.ledger, held.table, held.content)
    if again:
        _take_back_lines(lake, spark, held.table, [one.id for one in again])
    reason = f"恢复到 {decided.business_date} 的发布：{decided.reason}"
    go_back(lake.ledger, held, version=version, consumed=_consumed(lake, held), reason=reason)
    done.deliveries += len(again)


def _stands(lake: Lake, state: TableState, held: Held) -> bool:
    """Return whether the table's files hold the night's content, and nothing half written on top of it."""
    return state.content == held.content and state.version == newest_version(lake.location(held.table))


def _files_back(lake: Lake, spark: SparkSession, decided: Restoration, held: Held) -> int | None:
    uri = lake.location(held.table)
    newest = newest_version(uri)
    if newest is None:
        return None
    mark = {"restoration": decided.number, "content": held.content}
    if commit(uri, newest).metadata == mark:
        return newest  # killed before the ledger was told
    return restore_files(spark, held.table, uri, held.version, mark)


def _take_back_lines(lake: Lake, spark: SparkSession, table: str, deliveries: list[int]) -> None:
    """Remove the lines of deliveries that are taken again from raw and quarantine; landing keeps their bytes."""
    numbers = ", ".join(str(number) for number in deliveries)
    for layer in ("raw", "quarantine"):
        uri = lake.location(table_of(resource_of(table), layer))
        if newest_version(uri) is not None:
            spark.sql(f"DELETE FROM delta.{quoted(uri)} WHERE _delivery_id IN ({numbers})").collect()


def _consumed(lake: Lake, held: Held) -> dict[str, Consumed]:
    """Return up to where the inputs count as read: the same contents, at the versions that hold them now.

    A change feed read on from there never passes what was undone.
    """
    contract = lake.catalog.contracts.get(held.table)
    if not isinstance(contract, DerivedContract):
        return dict(held.consumed)
    found = dict(held.consumed)
    for alias, item in contract.inputs.items():
        state = table_state(lake.ledger, item.table)
        if alias not in found or state is None or state.version is None:
            continue
        content = state.content if item.part is None else state.parts.get(item.part, 0)
        if found[alias].content == content:
            found[alias] = Consumed(found[alias].content, state.version)
    return found


def _later(lake: Lake, night: date) -> list[date]:
    return [one.business_date for one in publications(lake.ledger, limit=10_000) if one.business_date > night]
