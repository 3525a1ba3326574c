"""A run that is killed: one plain re-run, and nothing is lost and nothing is there twice."""

import subprocess
import sys

import pytest

from citylake.ledger.deliveries.deliveries import receipts, verify_chain
from citylake.ledger.runs.runs import runs
from tests.engine.small_lake import SmallLake, line

CLEAN = "clean.office__change"
SNAPSHOT = "clean.office__snapshot"


def run_killed(small: SmallLake, table: str, moment: str) -> None:
    """Run a table in a process of its own, which dies at the moment."""
    chosen = small.settings
    arguments = [chosen.home, chosen.project, chosen.spark_remote, table, small.day, moment]
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.killed_run", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == -9, done.stderr[-2_000:]


@pytest.mark.parametrize(
    "moment", ["before the first commit", "after raw, before clean", "after commit, before ledger"]
)
def test_a_killed_delivery_is_taken_once_by_the_next_run(small: SmallLake, moment: str) -> None:
    small.drop("change_20260301.csv", [line("1"), line("2"), line("3", MC="")])
    run_killed(small, CLEAN, moment)
    small.collect(CLEAN)
    assert small.rows(CLEAN, "record_no") == [("1",), ("2",)]
    assert small.rows("raw.office__change", "record_no") == [("1",), ("2",), ("3",)]
    assert small.rows("quarantine.office__change", "record_no") == [("3",)]
    states = [item.state for item in runs(small.lake.ledger, table=CLEAN, limit=10)]
    assert "open" not in states
    assert states.count("done") == 1
    assert verify_chain(small.lake.ledger) == []
    small.drop("change_20260302.csv", [line("1", CZBZ="D", GXSJ="2026-02-09 00:00:00")])
    assert small.collect(CLEAN).results[0].counts["live_after"] == 1


def test_a_file_that_was_received_and_not_let_go_of_gets_one_receipt(small: SmallLake) -> None:
    small.drop("snapshot_20260301.csv", [line("1"), line("2")])
    run_killed(small, SNAPSHOT, "received, still in the drop folder")
    small.collect(SNAPSHOT)
    told = receipts(small.lake.ledger, limit=10)
    assert [(one.verdict, one.name) for one in told] == [("accepted", "snapshot_20260301.csv")]
    small.collect(SNAPSHOT)
    assert len(receipts(small.lake.ledger, limit=10)) == 1
    assert small.rows(SNAPSHOT, "record_no") == [("1",), ("2",)]


def test_a_killed_derived_table_is_settled_from_its_history(small: SmallLake) -> None:
    small.drop("change_20260301.csv", [line("1"), line("2")])
    small.collect(CLEAN)
    run_killed(small, "linked.office__change", "after commit, before ledger")
    again = small.run("linked.office__change")
    assert again.rows == 2
    small.drop("change_20260302.csv", [line("2", CZBZ="D", GXSJ="2026-02-09 00:00:00")])
    small.collect(CLEAN)
    assert small.run("linked.office__change").rows == 1


def test_a_derived_table_killed_between_its_two_commits_is_completed(small: SmallLake) -> None:
    linked = "linked.office__change"
    small.drop("change_20260301.csv", [line("1"), line("2"), line("3")])
    small.collect(CLEAN)
    small.run(linked)
    changes = [line("1", JE="7.00", GXSJ="2026-02-09 00:00:00"), line("2", CZBZ="D", GXSJ="2026-02-09 00:00:00")]
    small.drop("change_20260302.csv", changes)
    small.collect(CLEAN)
    run_killed(small, linked, "after the new rows, before those that vanished")
    assert len(small.rows(linked, "record_no")) == 3
    assert small.run(linked).rows == 2
    assert small.rows(linked, "record_no", "CAST(amount AS STRING)") == [("1", "7.00"), ("3", "10.00")]
    assert "open" not in [item.state for item in runs(small.lake.ledger, table=linked, limit=10)]
