"""Each mode of a collected table: whatever way records are delivered, the clean table says what they are.

Every record has a history of its own, told in an order and in files of its own: late, repeated, corrected twice, deleted, brought back,
held back. So a handful of deliveries tries hundreds of ways at once, in the engine and in the second engine that verifies it.
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from citylake.contract.model import CollectedContract
from citylake.delta.log import newest_version
from citylake.ledger.deliveries.deliveries import receive
from citylake.ledger.runs.tables import table_state
from citylake.settings import Settings
from citylake.sources import landing
from citylake.spelling import resource_of
from citylake.verify import identifiers
from citylake.verify.clean import Taken, replayed
from citylake.verify.store import opened
from tests.engine.small_lake import SmallLake, contract
from tests.promises.records import FILES, Record, Version, known, records
from tests.promises.untouched import Untouched

COUNT = 150
MANY = 2_000
SEED = int(os.environ.get("CITYLAKE_SEED", "1"))
FIRST = date(2026, 3, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(FILES)]
RULES = {"quarantine": [{"not_null": "name"}, {"not_in_future": "happened_date"}]}


@dataclass(frozen=True)
class Case:
    """A mode, and for events whether a later content replaces the first."""

    mode: str
    replaces: bool = False

    @property
    def table(self) -> str:
        """The clean table."""
        return f"clean.office__{self.mode}"

    def lake(self, settings: Settings, spark: SparkSession, root: Path) -> SmallLake:
        """Return an empty lake with this resource."""
        small = SmallLake.make(settings, spark, root / "project")
        more = {"corrections": "replace"} if self.replaces else {}
        small.write(f"clean/office/{self.mode}.yml", contract(self.mode, rules=RULES, **more))
        return small

    def check(self, made: list[Record], rows: Iterable[tuple[str, str, str]]) -> None:
        """Compare the live rows (number, name, day) with what must be known; name the shortest history that is not."""
        listed = list(rows)
        held = {number: (name, day) for number, name, day in listed}
        assert len(held) == len(listed)
        days = [f"{day:%Y%m%d}" for day in DAYS]
        wrong = []
        for record in made:
            wanted = known(self.mode, record, days, replaces=self.replaces)
            found = held.get(record.number)
            if found != (None if wanted is None else (wanted.name, wanted.date)):
                wrong.append(f"{record}: is {_said(found)}, should be {_said(wanted)}")
        wrong.sort(key=len)
        assert not wrong, "\n".join([f"{len(wrong)} of {len(made)} records are wrong; the shortest:", *wrong[:3]])


CASES = {
    "snapshots": Case("snapshot"),
    "changes": Case("change"),
    "events": Case("event"),
    "events whose corrections replace": Case("event", replaces=True),
}


@pytest.mark.parametrize("name", CASES)
def test_any_delivery_of_the_same_records_leads_to_the_same_clean_table(
    name: str, settings: Settings, spark_server: str, spark: SparkSession, tmp_path: Path
) -> None:
    case = CASES[name]
    small = case.lake(settings.model_copy(update={"spark_remote": spark_server}), spark, tmp_path)
    made = records(case.mode, COUNT, SEED)
    for file, day in enumerate(DAYS):
        small.day = day
        small.drop(f"{case.mode}_{day:%Y%m%d}.csv", [line for record in made for line in record.lines(file)])
        assert small.collect(case.table).outcome == "accepted"
    columns = ("record_no", "name", "date_format(happened_date, 'yyyyMMdd')")
    case.check(made, small.rows(case.table, *columns, where="NOT _deleted"))
    _check_second_run(small, case.table)
    if not case.replaces:  # events are taken again like these, and a replay costs as much as all deliveries
        _check_rebuild(small, case.table)


@pytest.mark.parametrize("name", CASES)
def test_the_second_engine_reads_many_more_deliveries_the_same_way(
    name: str, settings: Settings, tmp_path: Path
) -> None:
    case = CASES[name]
    small = case.lake(settings, Untouched.session(), tmp_path)
    made = records(case.mode, MANY, SEED)
    said = small.lake.catalog.contract(case.table)
    assert isinstance(said, CollectedContract)
    taken = [_landed(small, case, made, file, day) for file, day in enumerate(DAYS)]
    with opened(small.settings.timezone) as store:
        identifiers.install(store)
        rows = store.run(
            "SELECT record_no, name, strftime(happened_date, '%Y%m%d') "
            f"FROM {replayed(store, small.lake, said, taken)} WHERE NOT _deleted"
        ).fetchall()
    case.check(made, rows)


def _landed(small: SmallLake, case: Case, made: list[Record], file: int, day: date) -> Taken:
    """Return a delivery whose bytes lie in landing."""
    name = f"{case.mode}_{day:%Y%m%d}.csv"
    small.drop(name, [line for record in made for line in record.lines(file)])
    path = small.settings.inbox / "office" / name
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    received = receive(
        small.lake.ledger,
        resource=resource_of(case.table),
        as_of=day,
        sha256=sha256,
        size=path.stat().st_size,
        name=name,
        business_date=day,
        contract="",
        landing=landing.store(small.settings, path, sha256),
    )
    return Taken(received, day)


def _said(what: Version | tuple[str, str] | None) -> str:
    return "not there" if what is None else " ".join(what) if isinstance(what, tuple) else str(what)


def _check_second_run(small: SmallLake, table: str) -> None:
    """Nothing is offered: no run, and Spark is not asked at all."""
    small.spark, kept = Untouched.session(), small.spark
    assert small.collect(table).outcome == "nothing"
    small.spark = kept


def _check_rebuild(small: SmallLake, table: str) -> None:
    """Taking all deliveries again from landing, on a later day, gives what is there: nothing is written."""
    small.day = DAYS[-1] + timedelta(days=30)
    before = table_state(small.lake.ledger, table), newest_version(small.lake.location(table))
    small.collect(table, rebuild=True)
    assert (table_state(small.lake.ledger, table), newest_version(small.lake.location(table))) == before
