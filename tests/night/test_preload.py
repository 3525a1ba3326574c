"""What a long-lived process reads for its tasks is there for every table of the project."""

import subprocess
import sys

from citylake.contract.catalog import load_catalog
from citylake.engine.transforms import module_name, select_text
from citylake.lake import Lake
from citylake.settings import PROJECT_ROOT


def test_a_table_is_made_by_a_select_or_by_a_module_of_the_resolver_that_is_there() -> None:
    catalog = load_catalog()
    for contract in catalog.derived:
        if (name := module_name(contract)) is not None:
            assert select_text(catalog, contract, PROJECT_ROOT / "jobs") is None, contract.name
            assert (PROJECT_ROOT / f"{name.replace('.', '/')}.py").exists(), contract.name


def test_everything_is_read_before_the_first_task_comes() -> None:
    code = "from citylake.night.preload import import_what_tasks_use; import_what_tasks_use()"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1500:]


def test_the_ledger_is_asked_before_the_first_task_and_nothing_stays_open(own_lake: Lake) -> None:
    code = """
import os, threading
from citylake.night.preload import import_what_tasks_use
import_what_tasks_use()
from citylake.ledger.database import open_ledger
from citylake.ledger.nights.nights import newest_published
from citylake.settings import settings
kept = open_ledger(settings().ledger_url)
assert open_ledger(settings().ledger_url) is kept
assert [one.name for one in threading.enumerate()] == ["MainThread"]
files = [os.readlink(f"/proc/self/fd/{one}") for one in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{one}")]
assert not [file for file in files if "ledger" in file], files
before = len(kept._compiled_cache)
newest_published(kept)
assert len(kept._compiled_cache) == before > 0
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1500:]
