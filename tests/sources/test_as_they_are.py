"""Files as departments send them, each with its right outcome beside it.

A new situation costs two files in ``as_they_are``: the file, and ``<file>.yml`` with ``says`` (what it is), what of the
contract is not as usual (``source``, ``columns``, ``days``: columns of Excel's days), and what must come out: ``lines``
(number -> values of a row, or why the line cannot be read) with ``notes`` and ``changes``, or ``refused`` with its code.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from citylake.contract.model import CollectedContract
from citylake.sources.errors import DeliveryError
from citylake.sources.limits import Limits
from citylake.sources.parse import layout_of
from citylake.sources.parse_process import parse_file

FOLDER = Path(__file__).with_name("as_they_are")
FILES = sorted(path for path in FOLDER.iterdir() if path.suffix != ".yml")
USUAL = {"no": "BH", "name": "XM", "amount": "JE"}


def contract_of(path: Path, said: Mapping[str, Any]) -> CollectedContract:
    """Return the contract under which a file is read: as usual, but for what is said."""
    columns = said.get("columns", USUAL)
    days = {"type": "date", "format": "excel_serial"}
    return CollectedContract.model_validate(
        {
            "name": "clean.civil_affairs__thing",
            "title": "事项",
            "grain": "一条一行",
            "owner": "civil_affairs",
            "key": [next(iter(columns))],
            "columns": {
                name: {"label": name, "grade": "L2", "from": source, **(days if source in said.get("days", ()) else {})}
                for name, source in columns.items()
            },
            "source": {
                "form": path.name.split(".")[1],
                "as_of": {"received": True},
                "files": "*",
                **said.get("source", {}),
            },
            "mode": "event",
            "due": {"every": "day"},
        }
    )


def outcome(path: Path, said: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return what comes out of a file."""
    contract = contract_of(path, said)
    target = folder / "lines.parquet"
    try:
        told = parse_file(path, layout_of(contract, f"文件“{path.name}”"), target, Limits())
    except DeliveryError as error:
        return {"refused": error.code}
    rows = pq.read_table(target).to_pylist()
    lines = {row["_line"]: row["_unreadable"] or [row[name] for name in contract.columns] for row in rows}
    assert len(lines) == told["lines"]
    found = {"lines": dict(sorted(lines.items())), "notes": told["notes"], "changes": told["changes"]}
    return {name: value for name, value in found.items() if value or name == "lines"}


def test_every_file_has_its_outcome_and_every_outcome_its_file() -> None:
    assert {path.name for path in FOLDER.glob("*.yml")} == {f"{path.name}.yml" for path in FILES}
    assert len(FILES) >= 80


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_has_its_right_outcome(path: Path, tmp_path: Path) -> None:
    said = yaml.safe_load(path.with_name(f"{path.name}.yml").read_text("utf-8"))
    assert said["says"]
    wanted = {name: value for name, value in said.items() if name in {"lines", "notes", "changes", "refused"}}
    assert outcome(path, said, tmp_path) == wanted
