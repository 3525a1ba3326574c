"""Keys and values that look like variables of Spark are texts like any other, in literals and predicates too."""

import pytest

from citylake.delta import write
from tests.engine.small_lake import SmallLake, line
from tests.engine.test_incremental_rule import SUM, SUM_CONTRACT, SUM_SELECT, totals

HOSTILE = ("${env:HOME}", "${spark.app.name}", "${system:line.separator}", "${", "$${a}'--")


@pytest.mark.parametrize("by", ["rust", "spark"])
def test_keys_and_values_with_variables_are_taken_changed_and_removed_as_they_are(
    small: SmallLake, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by == "spark":
        monkeypatch.setattr(write, "takes", lambda _uri: False)
    small.write("topic/money/owner_total.yml", SUM_CONTRACT)
    small.select("topic/money/owner_total.sql", SUM_SELECT)
    lines = [line(text, GSBH=text, MC=text) for text in (*HOSTILE, "plain")]
    small.drop("change_20260301.csv", lines)
    small.collect("clean.office__change")
    small.run(SUM)
    assert small.rows("clean.office__change", "record_no", "owner_no", "name") == sorted(
        ((text, text, text) for text in (*HOSTILE, "plain")), key=repr
    )
    later = [line(HOSTILE[0], CZBZ="U", GSBH=HOSTILE[1], MC="${y}", GXSJ="2026-02-05 00:00:00")]
    later += [line(text, CZBZ="D", GSBH=text, GXSJ="2026-02-05 00:00:00") for text in HOSTILE[2:]]
    small.drop("change_20260302.csv", later)
    small.collect("clean.office__change")
    assert small.run(SUM).counts == {"units": 5, "changed_units": 5, "written": 1}
    assert totals(small) == [(HOSTILE[1], 20.0, 2), ("plain", 10.0, 1)]
    assert small.run(SUM, rebuild=True).state == "unchanged"
    assert small.rows("clean.office__change", "name", where="NOT _deleted") == [
        ("${spark.app.name}",),
        ("${y}",),
        ("plain",),
    ]
