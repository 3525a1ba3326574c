"""Two runs of one table at the same moment: one writes, the other says who does; nothing is there twice."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from citylake.ledger.errors import LeaseHeldError
from citylake.ledger.runs.leases import held
from citylake.ledger.runs.runs import runs
from citylake.ledger.runs.tables import contents
from tests.engine.small_lake import SmallLake, line

CLEAN = "clean.office__change"
LINKED = "linked.office__change"


@contextmanager
def paused(small: SmallLake, table: str, point: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process in the middle of a run of a table; it goes on, and ends, with the block."""
    chosen = small.settings
    arguments = [chosen.home, chosen.project, chosen.spark_remote, table, small.day, point]
    command = [sys.executable, "-m", "tests.engine.paused_run", *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as other:
        try:
            assert other.stdout is not None
            assert "paused\n" in iter(other.stdout.readline, "")
            yield other
        finally:
            other.communicate("go on\n", timeout=120)


def test_the_second_run_names_the_first_and_finds_nothing_to_do_after_it(small: SmallLake) -> None:
    small.drop("change_20260301.csv", [line("1"), line("2"), line("3", MC="")])
    with paused(small, CLEAN, "citylake.engine.clean.take:Taking.judge") as first:
        with pytest.raises(LeaseHeldError, match=f"{CLEAN} is held by process {first.pid} on "):
            small.run(CLEAN)
        assert [one.state for one in runs(small.lake.ledger, table=CLEAN)] == ["open"], "the first was left alone"
    assert first.returncode == 0
    assert small.run(CLEAN).state == "unchanged"
    assert small.rows(CLEAN, "record_no") == [("1",), ("2",)]
    assert small.rows("raw.office__change", "record_no") == [("1",), ("2",), ("3",)]
    assert small.rows("quarantine.office__change", "record_no") == [("3",)]
    assert held(small.lake.ledger) == []


def test_a_second_run_that_had_looked_before_the_first_wrote_writes_nothing_again(small: SmallLake) -> None:
    small.drop("change_20260301.csv", [line("1"), line("2")])
    small.collect(CLEAN)
    with paused(small, LINKED, "citylake.engine.derived.derive:sole_writer"):
        # The other has seen that the table was never made; now it is.
        assert small.run(LINKED).state == "written"
        before = contents(small.lake.ledger, LINKED)
    after = contents(small.lake.ledger, LINKED)
    assert [one.number for one in after] == [one.number for one in before] == [1]
    assert small.rows(LINKED, "count(*)") == [(2,)]
    assert small.run(LINKED).state == "unchanged"
