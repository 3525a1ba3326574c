"""The harness of ``make kill``: it strikes at the moment named and only once, and its checks can fail."""

import functools
import importlib
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from citylake.contract.catalog import load_catalog
from citylake.contract.compiled import write_compiled
from citylake.lake import open_lake
from citylake.ledger.runs.leases import lease
from citylake.settings import PROJECT_ROOT, Settings
from citylake_airflow.compiled import read_compiled
from tests.kill.airflow import SERIES as AIRFLOW_SERIES
from tests.kill.airflow import airflow_cells
from tests.kill.cells import SERIES as ENGINE_SERIES
from tests.kill.cells import engine_cells
from tests.kill.checks import CHECKS, check, differing_receipts
from tests.kill.content import content
from tests.kill.grid import Row, line
from tests.kill.moments import Order, carry_out, pending, was_carried_out
from tests.kill.night import uncollected
from tests.kill.reader import Sight
from tests.kill.record import record

DAY = date(2026, 11, 22)
WORK = """
import os, sys
from pathlib import Path
if sys.argv[2] == "at once":
    from tests.kill.moments import arm
    arm(Path(sys.argv[1]))
child = os.fork() if sys.argv[2] == "in a fork" else 0
if child:
    sys.exit(-os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
import textwrap
for text in ("a", "b", "b", "b"):
    textwrap.dedent(text)
    print(text, flush=True)
"""


def worked(home: Path, how: str) -> tuple[int, str]:
    """Run a process that calls a function four times; return how it ended and what it had done by then."""
    paths = (PROJECT_ROOT, PROJECT_ROOT / "tests" / "kill" / "armed")
    environment = {**os.environ, "CITYLAKE_HOME": str(home), "PYTHONPATH": os.pathsep.join(map(str, paths))}
    command = [sys.executable, "-c", WORK, str(home), how]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return abs(done.returncode), "".join(done.stdout.split())


@pytest.mark.parametrize("how", ["at once", "in a fork"])
def test_a_process_dies_at_the_call_named_and_the_next_one_is_spared(tmp_path: Path, how: str) -> None:
    order = Order("textwrap:dedent", "before", 2, "b")
    order.write(tmp_path)
    assert worked(tmp_path, how) == (9, "ab")
    assert was_carried_out(tmp_path, order)
    assert worked(tmp_path, how) == (0, "abbb")


def test_a_moment_that_is_not_reached_leaves_the_order_untouched(tmp_path: Path) -> None:
    order = Order("textwrap:dedent", "before", 9)
    order.write(tmp_path)
    assert worked(tmp_path, "at once") == (0, "abbb")
    assert not was_carried_out(tmp_path, order)


def test_an_order_that_was_replaced_is_not_carried_out_by_who_still_has_it(tmp_path: Path) -> None:
    old, new = Order("textwrap:dedent"), Order("textwrap:indent")
    old.write(tmp_path)
    new.write(tmp_path)
    carry_out(old, tmp_path)  # this process would die
    assert not was_carried_out(tmp_path, old)
    assert not was_carried_out(tmp_path, new)
    assert pending(tmp_path) == new


def test_every_moment_of_the_grid_names_a_function_that_exists() -> None:
    orders = [
        *(cell.order for cell in engine_cells() if cell.order is not None),
        *(cell.order for cell in airflow_cells()),
    ]
    places = {place for order in orders for place in (order.point, *order.limits) if place}
    assert len(places) > 20
    missing = []
    for place in sorted(places):
        module, _, path = place.partition(":")
        try:
            functools.reduce(getattr, path.split("."), importlib.import_module(module))
        except (AttributeError, ImportError):
            missing.append(place)
    assert missing == []


def test_what_is_settled_is_not_collected_again_and_all_else_is(tmp_path: Path) -> None:
    catalog = load_catalog()
    write_compiled(catalog, tmp_path)
    compiled = read_compiled(tmp_path)
    every = {item.resource for item in catalog.collected}
    assert {plan.id for plan in uncollected(compiled, ())} == {f"collect_{item.domain}" for item in catalog.collected}
    assert uncollected(compiled, every) == []
    (left,) = uncollected(compiled, every - {"justice.serving_sentence"})
    assert left.id == "collect_justice"


def test_cells_have_names_of_their_own() -> None:
    names = [*(cell.name for cell in engine_cells()), *(cell.name for cell in airflow_cells())]
    assert len(names) == len(set(names)) >= 40


def test_every_cell_of_a_series_is_a_cell_and_stands_in_one_series_only() -> None:
    engine, through = {cell.name: cell for cell in engine_cells()}, {cell.name for cell in airflow_cells()}
    named = [name for names in ENGINE_SERIES for name in names]
    assert len(named) == len(set(named))
    assert set(named) <= set(engine)
    assert {name for names in AIRFLOW_SERIES for name in names} <= through
    for names in ENGINE_SERIES:
        alike = {(engine[name].night, engine[name].work, engine[name].own_server) for name in names}
        assert len(alike) == 1, names


def test_what_a_table_holds_knows_no_order_but_every_duplicate(tmp_path: Path) -> None:
    once, turned, twice = (str(tmp_path / name) for name in ("once", "turned", "twice"))
    write_deltalake(once, pa.table({"a": [1, 2], "b": ["x", None]}))
    write_deltalake(turned, pa.table({"b": [None, "x"], "a": [2, 1]}))
    write_deltalake(twice, pa.table({"a": [1, 2, 2], "b": ["x", None, None]}))
    assert content(once) == content(turned)
    assert content(once).rows == 2
    assert content(once).digest != content(twice).digest


def test_a_home_that_is_as_it_should_be_passes_and_each_difference_fails_its_check(settings: Settings) -> None:
    lake = open_lake(settings)
    expected = record(settings, DAY).as_json()
    sight = Sight(polls=2, nights={DAY.isoformat(): 2}, answers=1)

    def failing(told: dict[str, object], seen: Sight = sight, status: int = 0, struck: bool = True) -> list[str]:
        done = check(settings, DAY, told, seen, status=status).of(struck, "after 1 s", 1.0)
        assert list(done.wrong) == list(CHECKS)
        return [name for name, wrong in done.wrong.items() if wrong]

    assert failing(expected) == []
    assert failing(expected, struck=False) == ["struck"]
    assert failing(expected, status=-9) == ["re-run"]
    assert failing({**expected, "published": {"base.a": [1, "x", False]}}) == ["published"]
    assert failing({**expected, "kept": {"raw.a": [1, "x"]}}) == ["kept"]
    assert failing({**expected, "rows": {"base.a": 1}}) == ["accounts"]
    assert failing({**expected, "receipts": {"a accepted": 1}}) == ["receipts"]
    assert failing(expected, Sight(nights={DAY.isoformat(): 1}, answers=1, wrong=["half"])) == ["reader"]
    assert failing(expected, Sight(nights={"2026-11-21": 1}, answers=1)) == ["reader"]
    with lease(lake.ledger, "base.a"):
        assert failing(expected) == ["leases"]


def test_a_database_may_say_once_more_that_nothing_moved_and_nothing_else() -> None:
    expected = {"a 2026-11-23 accepted": 1, "b 2026-11-23 unchanged": 1}
    again = expected | {"a 2026-11-23 unchanged": 1}
    assert differing_receipts(again, expected, {"a"}) == ""
    assert differing_receipts(again, expected, {"b"}) == "a 2026-11-23 unchanged: 1, not 0"
    twice = expected | {"a 2026-11-23 accepted": 2}
    assert differing_receipts(twice, expected, {"a"}) == "a 2026-11-23 accepted: 2, not 1"
    lost = {"a 2026-11-23 accepted": 1}
    assert differing_receipts(lost, expected, {"a", "b"}) == "b 2026-11-23 unchanged: 0, not 1"


def test_a_line_of_the_grid_says_what_does_not_hold() -> None:
    wrong = dict.fromkeys(CHECKS, "") | {"kept": "raw.a (3 rows, not 2)"}
    said = line(Row("cell", "functions", "a task", "here", {"fine": False, "wrong": wrong, "seconds": 1.0, "note": ""}))
    assert said.split(maxsplit=2) == ["FAIL", "cell", "kept: raw.a (3 rows, not 2)"]
