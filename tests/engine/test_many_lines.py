"""Large deliveries and large tables are joined in other ways, to the same rows and the same counts."""

import pytest

from citylake.engine.clean import take
from tests.engine.small_lake import SmallLake, contract, line

FIRST = [line(str(n), GXSJ="2026-02-01 08:00:00") for n in range(8)]
SECOND = [
    *[line(str(n), GXSJ="2026-02-02 08:00:00") for n in range(1, 4)],
    line("4", JE="99.00", GXSJ="2026-02-02 08:00:00"),
    line("5", MC="", GXSJ="2026-02-02 08:00:00"),
    line("6", CZBZ="D", GXSJ="2026-02-02 08:00:00"),
    line("9", GXSJ="2026-02-02 08:00:00"),
]
REPEATED = [*SECOND, line("4", JE="98.00", GXSJ="2026-02-03 08:00:00"), SECOND[0]]
READ = (
    "record_no",
    "name",
    "CAST(amount AS STRING)",
    "_line",
    "_as_of",
    "_deleted",
    "_held_since",
    "_record_id IS NULL",
)


@pytest.mark.parametrize(
    ("mode", "lines"),
    [("change", SECOND), ("snapshot", REPEATED)],
    ids=["changes, every key once", "a snapshot, a key more than once"],
)
def test_however_the_lines_meet_the_table_the_outcome_is_the_same(
    small: SmallLake, monkeypatch: pytest.MonkeyPatch, mode: str, lines: list[dict[str, str]]
) -> None:
    made = []
    ways = {"plain": (100, 100), "large": (0, 100), "large_table": (7, 0)}
    for name, (many, spread) in ways.items():
        table = f"clean.office__{name}"
        source = {"form": "csv", "files": f"{name}_*.csv", "as_of": {"filename": r"(\d{8})"}}
        small.write(f"clean/office/{name}.yml", contract(mode, source=source))
        monkeypatch.setattr(take, "MANY_LINES", many)
        monkeypatch.setattr(take, "SPREAD_ROWS", spread)
        small.drop(f"{name}_20260301.csv", FIRST)
        small.drop(f"{name}_20260302.csv", lines)
        taken = small.collect(table)
        assert taken.outcome == "accepted", taken.reason
        made.append(([result.counts for result in taken.results], small.rows(table, *READ)))
    assert made[1] == made[0]
    assert made[2] == made[0]
