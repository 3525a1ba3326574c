"""Each table makes of each of its cases what the case expects."""

from pathlib import Path

from citylake.contract.catalog import load_catalog
from tests.tables.cases import JOBS, Case, Results, check


def test_table_makes_what_the_case_expects(case: Case, results: Results) -> None:
    check(case, results.of(case))


def test_every_written_select_has_a_case(cases: list[Case]) -> None:
    tested = {case.table for case in cases}
    written = {_table(path) for path in JOBS.glob("*/*/*.sql") if not path.stem.endswith(".reference")}
    assert written - tested == set()
    assert written <= set(load_catalog().contracts)


def _table(path: Path) -> str:
    return f"{path.parts[-3]}.{path.parts[-2]}__{path.stem}"
