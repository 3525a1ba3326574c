"""Lines of a large snapshot that clean rows were made of word for word are not judged again, and nothing shows it but the cost."""

from collections.abc import Mapping, Sequence
from datetime import date

import pytest
from deltalake import DeltaTable, write_deltalake
from sqlalchemy import update

from citylake.contract.engine_columns import LINE_HASH
from citylake.delta.small_read import all_rows
from citylake.engine.clean import take
from citylake.engine.clean.take import Taking
from citylake.ledger.database import writing
from citylake.ledger.models import TableRow
from citylake.ledger.runs.runs import rule_results, runs
from citylake.ledger.runs.tables import note_version
from tests.engine.small_lake import SmallLake, contract, line

RULES = {
    "quarantine": [{"not_null": "name"}, {"not_in_future": "happened_date"}],
    "warn": [{"not_null": "other_name"}, {"not_null": "kind_code"}],
}
READ = (
    "record_no",
    "name",
    "CAST(amount AS STRING)",
    "_delivery_id",
    "_line",
    "_as_of",
    "_deleted",
    "_held_since",
    "_record_id IS NULL",
)
FIRST = [line(str(n), FSRQ="2026-03-01") for n in range(1, 9)] + [line("9", BM=""), line("10", MC="")]
NIGHTS: Mapping[str, Sequence[Mapping[str, str]]] = {
    "20260302": [
        *FIRST[:3],
        line("4", JE="99.00", FSRQ="2026-03-01"),
        line("5", MC=" 名称5 ", FSRQ="2026-03-01"),
        line("6", MC="", FSRQ="2026-03-01"),
        line("9", BM=""),
        line("10"),
        line("11", FSRQ="2026-03-02"),
    ],
    "20260303": [*FIRST[:8], line("9", BM="", LB=""), line("10")],
    "20260304": [*FIRST[:8], line("9", BM="", LB=""), line("10")][::-1],
    "20260305": [*FIRST[:8], line("9", BM="", LB=""), line("10"), line("", MC="无号")],
    "20260306": [*FIRST[1:8], line("10"), line("10", JE="7.00")],
}


@pytest.fixture(autouse=True)
def by_spark(small: SmallLake) -> None:
    """Lines are left out of judging by Spark only; this process has no need of it."""
    small.settings = small.settings.model_copy(update={"engine": "spark"})


def _resource(name: str) -> dict[str, object]:
    source = {"form": "csv", "files": f"{name}_*.csv", "as_of": {"filename": r"(\d{8})"}}
    return contract("snapshot", source=source, rules=RULES)


def test_a_snapshot_says_the_same_whether_or_not_its_lines_are_recognised(
    small: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_out: list[int] = []
    known = Taking.without_recognised

    def noted(self: Taking) -> Taking:
        taking = known(self)
        left_out.append(0 if taking.recognised is None else taking.recognised.lines)
        return taking

    monkeypatch.setattr(Taking, "without_recognised", noted)
    for name, many in (("plain", 1_000), ("large", 0)):
        small.write(f"clean/office/{name}.yml", _resource(name))
        monkeypatch.setattr(take, "MANY_LINES", many)
        small.day = date(2026, 3, 1)
        small.drop(f"{name}_20260301.csv", FIRST)
        assert small.collect(f"clean.office__{name}").outcome == "accepted"
    seen: dict[str, list[object]] = {"plain": [], "large": []}
    left_out.clear()
    for day, lines in NIGHTS.items():
        small.day = date.fromisoformat(day)
        for name, many in (("plain", 1_000), ("large", 0)):
            monkeypatch.setattr(take, "MANY_LINES", many)
            small.drop(f"{name}_{day}.csv", list(lines))
            taken = small.collect(f"clean.office__{name}")
            assert taken.outcome == "accepted", taken.reason
            rows = [(row[:3], row[4:]) for row in small.rows(f"clean.office__{name}", *READ)]
            seen[name].append(
                ([one.counts for one in taken.results], [one.reason for one in taken.results], sorted(rows))
            )
    assert seen["large"] == seen["plain"]
    assert left_out[0::2] == [0] * len(NIGHTS)
    # The first night recognises records 1 to 3 and 9; keys that two lines share, on the last, leave all of them to be judged.
    assert left_out[1::2] == [4, 5, 10, 10, 0]


def test_a_warning_about_a_recognised_line_is_counted(small: SmallLake, monkeypatch: pytest.MonkeyPatch) -> None:
    small.write("clean/office/warned.yml", _resource("warned"))
    monkeypatch.setattr(take, "MANY_LINES", 0)
    for day, lines in (("20260301", FIRST[:9]), ("20260302", [*FIRST[1:9], line("12", LB="")])):
        small.day = date.fromisoformat(day)
        small.drop(f"warned_{day}.csv", lines)
        assert small.collect("clean.office__warned").outcome == "accepted"
    assert _broken(small, "clean.office__warned") == {"not_null:other_name": 9, "not_null:kind_code": 1}


def test_a_delivery_judged_by_an_earlier_date_is_judged_whole(
    small: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.write("clean/office/back.yml", _resource("back"))
    monkeypatch.setattr(take, "MANY_LINES", 0)
    small.day = date(2026, 3, 20)
    small.drop("back_20260301.csv", [line("1", FSRQ="2026-03-15"), line("2", FSRQ="2026-02-01")])
    assert small.collect("clean.office__back").outcome == "accepted"
    small.day = date(2026, 3, 10)
    small.drop("back_20260302.csv", [line("1", FSRQ="2026-03-15"), line("2", FSRQ="2026-02-01", JE="3.00")])
    taken = small.collect("clean.office__back")
    assert taken.results[-1].counts["quarantined"] == 1


def test_a_table_from_before_lines_were_known_is_made_anew_with_them(
    small: SmallLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = "clean.office__snapshot"
    small.write("clean/office/snapshot.yml", contract("snapshot", rules=RULES))
    small.drop("snapshot_20260301.csv", FIRST)
    assert small.collect(table).outcome == "accepted"
    _forget_lines(small, table)
    monkeypatch.setattr(take, "MANY_LINES", 0)
    small.day = date(2026, 3, 2)
    small.drop("snapshot_20260302.csv", [*FIRST[:9], line("12")])
    taken = small.collect(table)
    assert taken.outcome == "accepted", taken.reason
    assert taken.results[-1].counts["unchanged"] == 9
    assert small.rows(table, "record_no", where="_line_hash IS NULL") == []


def _forget_lines(small: SmallLake, table: str) -> None:
    """Leave the table and the ledger as they were when clean rows did not know their lines."""
    uri = small.lake.location(table)
    rows = all_rows(uri, DeltaTable(uri).version())
    assert rows is not None
    rows = rows.drop_columns([LINE_HASH])
    write_deltalake(uri, rows, mode="overwrite", schema_mode="overwrite")
    note_version(small.lake.ledger, table, DeltaTable(uri).version())
    with writing(small.lake.ledger) as session:
        session.execute(update(TableRow).where(TableRow.table == table).values(meaning="before"))


def _broken(small: SmallLake, table: str) -> dict[str, int]:
    """Return what the table's last run counted per warn rule."""
    last = max(runs(small.lake.ledger, table=table), key=lambda run: run.id)
    return {item.rule: item.bad for item in rule_results(small.lake.ledger, last.id) if item.action == "warn"}
