"""What the scheduler has read for its tasks counts only while it is what is on disk."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# In a process of its own: dropping modules would pull them from under the other tests.
TRY = """
import sys
from pathlib import Path
from citylake.freshness import forget_if_changed, remember
from citylake.contract.catalog import load_catalog

import citylake.contract.errors

contracts = Path(sys.argv[1])
copy = contracts / "errors.py"
copy.write_text("")
citylake.contract.errors.__file__ = str(copy)
before = load_catalog(contracts)
remember(contracts)
assert not forget_if_changed()
assert load_catalog(contracts) is before
exec(sys.argv[2])
assert forget_if_changed()
from citylake.contract.catalog import load_catalog as again
print(sorted(set(again(contracts).departments) ^ set(before.departments)))
"""
ADDED = (
    "(contracts / 'departments' / 'parks.yml').write_text(chr(10).join(['name: a', 'cron: 1 1 * * *', 'contact: b']))"
)
REMOVED = "(contracts / 'departments' / 'justice.yml').unlink()"
CHANGED = "import os; os.utime(contracts / 'departments' / 'justice.yml', ns=(1, 1))"
CODE = "import os; os.utime(copy, ns=(1, 1))"


@pytest.fixture
def contracts(tmp_path: Path) -> Path:
    folder = tmp_path / "departments"
    folder.mkdir()
    folder.joinpath("justice.yml").write_text((ROOT / "schemas/departments/justice.yml").read_text("utf-8"), "utf-8")
    return tmp_path


@pytest.mark.parametrize(("change", "differs"), [(ADDED, ["parks"]), (REMOVED, ["justice"]), (CHANGED, []), (CODE, [])])
def test_a_changed_contract_or_module_is_read_anew_by_the_next_task(
    contracts: Path, change: str, differs: list[str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRY, str(contracts), change],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-1500:]
    assert done.stdout.strip() == str(differs)
