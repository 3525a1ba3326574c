"""The grid: one result per cell as JSON, a table on the screen, and ``docs/kill-grid.md``."""

import json
import os
import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citylake.settings import PROJECT_ROOT
from tests.kill.checks import CHECKS, Checked

PAGE = PROJECT_ROOT / "docs" / "kill-grid.md"
_WORDS = {
    "struck": "something was killed, at the moment named",
    "re-run": "the same command once more ended well",
    "published": "every published table, ids included, equals the uninterrupted night's",
    "kept": "so do raw, quarantine, clean and the resolver's tables: nothing lost, nothing twice",
    "accounts": "the accounts of every delivery close",
    "receipts": "the chain of receipts verifies, every delivery has the verdict it should have",
    "leases": "no lease is held, no run open, no scratch left",
    "reader": "a reader that polled all the while saw one night or the other, whole",
}


@dataclass(frozen=True)
class Row:
    """One cell and what became of it."""

    name: str
    way: str
    killed: str
    where: str
    result: dict[str, Any]

    @property
    def fine(self) -> bool:
        """Whether every check holds."""
        return bool(self.result["fine"])


class Results:
    """Results of cells, kept as files so that a grid that was stopped goes on where it was."""

    def __init__(self, folder: Path, commit: str) -> None:
        self._folder = folder
        self._commit = commit
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, name: str, checked: Checked) -> dict[str, Any]:
        """Keep what became of a cell, and of which code."""
        said = {**checked.as_json(), "commit": self._commit}
        (self._folder / f"{name}.json").write_text(json.dumps(said, ensure_ascii=False, indent=1), "utf-8")
        return said

    def forget(self, name: str) -> None:
        """Forget what became of a cell."""
        (self._folder / f"{name}.json").unlink(missing_ok=True)

    def of(self, name: str) -> dict[str, Any] | None:
        """Return what became of a cell, None when it was not run."""
        path = self._folder / f"{name}.json"
        return dict(json.loads(path.read_text("utf-8"))) if path.exists() else None


def line(row: Row) -> str:
    """Return a cell as a line for the screen."""
    if row.fine:
        return f"ok    {row.name:30} re-run {row.result['seconds']:6.1f} s  {row.result['note']}"
    said = "; ".join(f"{name}: {text}" for name, text in row.result["wrong"].items() if text)
    return f"FAIL  {row.name:30} {said}"


def write_page(rows: Sequence[Row], total: int) -> None:
    """Write the grid into the documentation."""
    fine = sum(row.fine for row in rows)
    polls = sum(row.result["sight"]["polls"] for row in rows)
    head = [
        "# The kill grid",
        "",
        "Written by `make kill`; do not edit. Each cell is a moment at which a night of a city of 400 people was killed with SIGKILL,",
        "followed by the same command once more and nothing else. Cells that touch different tables may share a night: the re-run",
        "after one is what the next one kills, further on; they share the verdicts of that night.",
        "",
        f"**{fine} of {total} cells are green**"
        + (f", {total - len(rows)} were not run" if len(rows) < total else "")
        + f". {_commits(rows)}; {_machine()}. The reader opened {polls:,} sessions in all.",
        "",
        "*functions*: the functions that Airflow's tasks call, in the order of the DAGs, a process each, without Airflow; every such",
        "night begins with a copy of the same home. *Airflow*: `citylake night` with all its services; these nights follow each other",
        "in one home. Seconds are wall time of the re-run, up to the next moment or the end, on whatever the machine was doing.",
        "",
        *[f"- **{name}**: {_WORDS[name]}" for name in CHECKS],
        "",
        f"| cell | way | killed | moment | struck | re-run (s) | {' | '.join(CHECKS)} |",
        f"|---|---|---|---|---|---:|{'---|' * len(CHECKS)}",
    ]
    body = [
        f"| {row.name} | {row.way} | {row.killed} | {row.where} | {row.result['note']} | {row.result['seconds']:.1f} "
        f"| {' | '.join(_mark(row.result['wrong'][name]) for name in CHECKS)} |"
        for row in rows
    ]
    PAGE.write_text("\n".join([*head, *body, *_wrong(rows)]) + "\n", "utf-8")


def _commits(rows: Sequence[Row]) -> str:
    counted = Counter(row.result["commit"] for row in rows)
    if len(counted) == 1:
        return f"Commit {next(iter(counted))}"
    return "Commits " + ", ".join(f"{commit} ({number} cells)" for commit, number in sorted(counted.items()))


def _mark(wrong: str) -> str:
    return "**no**" if wrong else "✓"


def _wrong(rows: Sequence[Row]) -> list[str]:
    said = [f"- {row.name}: {name}: {text}" for row in rows for name, text in row.result["wrong"].items() if text]
    return ["", "## What does not hold", "", *said] if said else []


def _machine() -> str:
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
