"""A night of some tables alone: what has to be made, and which seeds a score may be reported for."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from citylake.cli import app
from citylake.cli.assess import TUNING_SEEDS
from citylake.contract.catalog import load_catalog
from citylake.night.alone import needed
from citylake.settings import settings as installed

CATALOG = load_catalog()


def test_what_a_table_reads_is_made_before_it_and_nothing_else_is_made() -> None:
    made = needed(CATALOG, ["base.population__agreement"])
    assert made[-1] == "base.population__agreement"
    assert made.index("base.population__crosswalk") < made.index("linked.civil_affairs__marriage")
    assert made.index("linked.civil_affairs__marriage") < made.index("base.population__person_comparison")
    assert not [name for name in made if name.startswith(("clean.", "topic.", "special."))]


def test_a_seed_that_rules_were_tuned_on_is_not_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYLAKE_HOME", str(tmp_path))
    installed.cache_clear()
    done = CliRunner().invoke(app, ["assess", "--seed", str(TUNING_SEEDS[0]), "--people", "100"])
    installed.cache_clear()
    assert (done.exit_code, str(TUNING_SEEDS[0]) in done.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []
