"""Every table made by a SELECT, found by walking the contracts: whatever is delivered, incremental equals rebuilt."""

import pytest

from citylake.contract.catalog import load_catalog
from citylake.settings import PROJECT_ROOT
from tests.promises.play import play
from tests.promises.selects import select_of, tables_with_select

CATALOG = load_catalog()


@pytest.mark.parametrize("table", tables_with_select(CATALOG, PROJECT_ROOT))
def test_incremental_equals_rebuilt_after_any_history(table: str) -> None:
    play(CATALOG, *select_of(CATALOG, PROJECT_ROOT, table))
