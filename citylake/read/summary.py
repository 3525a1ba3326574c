"""What a night came to, from the ledger alone: who delivered what, which table has how many rows, what is missing."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from citylake.lake import Lake
from citylake.ledger.deliveries.deliveries import Delivery, receipts
from citylake.ledger.nights.nights import Publication, Settled, night, publication, publications, settlements
from citylake.ledger.runs.runs import JUDGING, Run, runs
from citylake.ledger.runs.tables import contents, table_states
from citylake.read.due import awaited, dry
from citylake.read.entries import LAYERS, left_out
from citylake.read.unrecognised import unrecognised
from citylake.words import FATES, title_of

ALL = 100_000


@dataclass(frozen=True)
class DepartmentLine:
    """A department's night: deliveries by verdict, lines, lines held back, and what did not come."""

    department: str
    name: str
    deliveries: int
    accepted: int
    unchanged: int
    refused: int
    lines: int
    changed: int
    quarantined: int
    absent: tuple[str, ...]
    """Titles of resources that were expected and not offered, or whose system did not answer, each ``title:outcome``."""


@dataclass(frozen=True)
class TableLine:
    """A published table: live rows, how many more than in the publication before, and what tonight wrote."""

    table: str
    title: str
    rows: int | None
    more: int | None
    moved: bool
    stale: bool


@dataclass(frozen=True)
class Summary:
    """One night."""

    business_date: date
    published: bool
    departments: tuple[DepartmentLine, ...]
    tables: tuple[TableLine, ...]
    missing: tuple[str, ...]
    dry: Mapping[str, int]
    """Databases and APIs that answer and have changed nothing for longer than agreed, with the days since."""
    refused: Mapping[str, str]
    """Deliveries (by file or query) and tables that were refused or could not be published, with the reason."""
    withheld: Mapping[str, str]
    """Those of them that are library or linked tables."""
    unrecognised: Mapping[str, list[str]]
    """Files in the drop folders that no contract takes, by department; as they lie there now."""
    unbalanced: tuple[str, ...]
    """Accepted deliveries whose lines do not add up; always empty, or something is badly wrong."""
    balanced: int
    seconds: Mapping[str, float]
    """Wall time from the first start to the last end, per layer."""


def summarise(lake: Lake, day: date) -> Summary:
    """Return what the night of a date came to so far."""
    came = receipts(lake.ledger, business_date=day, limit=ALL)
    settled = settlements(lake.ledger, day)
    made = publication(lake.ledger, day)
    pinned = night(lake.ledger, day)
    taken = [one for one in came if one.verdict == "accepted"]
    wrong = tuple(f"{one.resource} {one.name}" for one in taken if not closes(one.counts))
    refused = _refused(lake, came, made)
    return Summary(
        business_date=day,
        published=made is not None,
        departments=tuple(_departments(lake, day, came, settled)),
        tables=tuple(_tables(lake, made)) if made else (),
        missing=pinned.missing if pinned else (),
        dry=dry(lake, day) if made else {},
        refused=refused,
        withheld={name: reason for name, reason in refused.items() if name.partition(".")[0] in LAYERS},
        unrecognised=unrecognised(lake),
        unbalanced=wrong,
        balanced=len(taken) - len(wrong),
        seconds=_seconds(runs(lake.ledger, business_date=day, limit=ALL)),
    )


def closes(counts: Mapping[str, int]) -> bool:
    """Return whether a delivery's lines and the table's rows add up."""
    fates = sum(counts.get(name, 0) for name in FATES if name != "vanished")
    gained = counts.get("inserted", 0) - counts.get("deleted", 0) - counts.get("vanished", 0)
    return counts.get("lines") == fates and counts.get("live_after") == counts.get("live_before", 0) + gained


def _departments(
    lake: Lake, day: date, came: Iterable[Delivery], settled: Mapping[str, Settled]
) -> Iterable[DepartmentLine]:
    deliveries = list(came)
    wanted = set(awaited(lake, day))
    for name in sorted({item.domain for item in lake.catalog.collected}):
        mine = [one for one in deliveries if one.department == name]
        verdicts = Counter(one.verdict for one in mine)
        counts: Counter[str] = Counter()
        for one in mine:
            counts.update(one.counts if one.verdict == "accepted" else {})
        resources = [item.resource for item in lake.catalog.of_department(name)]
        absent = [
            f"{title_of(lake.catalog, resource)}:{settled[resource].outcome if resource in settled else 'unsettled'}"
            for resource in resources
            if resource not in settled
            or settled[resource].outcome == "unreachable"
            or (settled[resource].outcome == "nothing" and resource in wanted)
        ]
        yield DepartmentLine(
            department=name,
            name=lake.catalog.departments[name].name,
            deliveries=len(mine),
            accepted=verdicts["accepted"],
            unchanged=verdicts["unchanged"],
            refused=verdicts["refused"],
            lines=counts["lines"],
            changed=counts["inserted"] + counts["updated"] + counts["deleted"] + counts["vanished"],
            quarantined=counts["quarantined"] + counts["unreadable"],
            absent=tuple(absent),
        )


def _tables(lake: Lake, made: Publication) -> Iterable[TableLine]:
    earlier = next((one for one in publications(lake.ledger, limit=60) if one.business_date < made.business_date), None)
    for entry in made.entries:
        if entry.table.startswith("linked.") or entry.table not in lake.catalog.contracts:
            continue
        rows = {content.number: content.rows for content in contents(lake.ledger, entry.table)}
        before = earlier.entry(entry.table) if earlier else None
        now, was = rows.get(entry.content), rows.get(before.content) if before else 0
        yield TableLine(
            table=entry.table,
            title=lake.catalog.contracts[entry.table].title,
            rows=now,
            more=now - was if now is not None and was is not None else None,
            moved=before is None or before.content != entry.content,
            stale=entry.stale,
        )


def _refused(lake: Lake, came: Iterable[Delivery], made: Publication | None) -> dict[str, str]:
    found = {f"{one.resource} {one.name}": one.reason for one in came if one.verdict == "refused"}
    states = table_states(lake.ledger)
    found |= {name: state.reason for name, state in states.items() if state.refused}
    if made is not None:
        found |= left_out(lake.catalog, states, {entry.table: entry for entry in made.entries})
    return found


def _seconds(done: Iterable[Run]) -> dict[str, float]:
    spans: dict[str, tuple[datetime, datetime]] = {}
    for run in done:
        if run.ended_at is None:
            continue
        stage = "judge" if run.kind == JUDGING else run.table.partition(".")[0]
        first, last = spans.get(stage, (run.started_at, run.ended_at))
        spans[stage] = (min(first, run.started_at), max(last, run.ended_at))
    return {stage: round((last - first).total_seconds(), 1) for stage, (first, last) in spans.items()}
