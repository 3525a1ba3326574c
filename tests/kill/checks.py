"""The verdicts of a cell: each must hold after the one plain re-run."""

from collections.abc import Mapping, Set
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from citylake.lake import open_lake
from citylake.ledger.deliveries.deliveries import receipts, verify_chain
from citylake.ledger.runs.leases import held
from citylake.ledger.runs.runs import runs
from citylake.settings import Settings
from tests.kill.reader import Sight
from tests.kill.record import Record, record, scratch

CHECKS = ("struck", "re-run", "published", "kept", "accounts", "receipts", "leases", "reader")
ALL = 100_000
_SHOWN = 6


@dataclass
class Checked:
    """What became of a cell: per check nothing, or what is wrong.

    ``seconds`` is the wall time of the re-run; ``note`` when the first attempt was struck; ``sight`` what the reader
    saw.
    """

    wrong: dict[str, str]
    seconds: float
    note: str = ""
    sight: Sight = field(default_factory=Sight)

    def of(self, struck: bool, note: str, seconds: float) -> "Checked":
        """Return the same verdicts for one of the moments of the night.

        Args:
            struck: whether something did die at it.
            note: when.
            seconds: what came after it took.
        """
        wrong = {**self.wrong, "struck": "" if struck else "nothing was killed: the moment was not reached"}
        return Checked(wrong, round(seconds, 1), note, self.sight)

    @property
    def fine(self) -> bool:
        """Whether every check holds."""
        return not any(self.wrong.values())

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {**asdict(self), "fine": self.fine}


def check(
    chosen: Settings,
    day: date,
    expected: Mapping[str, Any],
    sight: Sight,
    *,
    status: int,
) -> Checked:
    """Compare a home after its re-run with the uninterrupted night.

    Args:
        chosen: the home.
        day: the night that was killed.
        expected: record of the uninterrupted one.
        sight: what the reader saw all the while.
        status: how the re-run ended.
    """
    found = record(chosen, day)
    wrong = {
        "struck": "",
        "re-run": "" if status == 0 else f"ended with {status}",
        "published": _differing(found.published, expected["published"]),
        "kept": _differing(found.kept, expected["kept"]),
        "accounts": _accounts(found, expected),
        "receipts": _receipts(chosen, found, expected),
        "leases": _left(chosen),
        "reader": _sight(sight, day),
    }
    return Checked(wrong, 0.0, "", sight)


def _differing(found: Mapping[str, Any], expected: Mapping[str, Any]) -> str:
    names = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    said = [f"{name} ({_rows(found, name)} rows, not {_rows(expected, name)})" for name in names[:_SHOWN]]
    return ", ".join(said)


def _rows(of: Mapping[str, Any], name: str) -> str:
    return str(of[name][0]) if name in of else "no"


def _accounts(found: Record, expected: Mapping[str, Any]) -> str:
    if found.unbalanced:
        return f"do not close: {', '.join(found.unbalanced)}"
    told = expected["rows"]
    if wrong := [name for name in sorted({*found.rows, *told}) if found.rows.get(name) != told.get(name)]:
        said = [f"{name} has {found.rows.get(name)} rows in the ledger, not {told.get(name)}" for name in wrong]
        return ", ".join(said[:_SHOWN])
    return "" if found.balanced == expected["balanced"] else f"{found.balanced} close, not {expected['balanced']}"


def _receipts(chosen: Settings, found: Record, expected: Mapping[str, Any]) -> str:
    lake = open_lake(chosen)
    try:
        if problems := verify_chain(lake.ledger):
            return f"the chain is broken: {problems[0]}"
        if waiting := [one.resource for one in receipts(lake.ledger, limit=ALL) if one.verdict == "received"]:
            return f"without verdict: {', '.join(waiting)}"
        asked = {one.resource for one in lake.catalog.collected if one.source.is_asked}
    finally:
        lake.ledger.dispose()
    return differing_receipts(found.receipts, expected["receipts"], asked)


def differing_receipts(found: Mapping[str, int], expected: Mapping[str, int], asked: Set[str]) -> str:
    """Return which receipts are others.

    Args:
        found: how many receipts there are, by resource, date and verdict.
        expected: the same of the uninterrupted night.
        asked: resources that are asked for rows instead of delivering files: asked twice, they may say once more that
            nothing moved.
    """
    found = {
        name: min(n, expected.get(name, 0)) if name.endswith(" unchanged") and name.split()[0] in asked else n
        for name, n in found.items()
    }
    names = sorted(name for name in {*found, *expected} if found.get(name, 0) != expected.get(name, 0))
    return ", ".join(f"{name}: {found.get(name, 0)}, not {expected.get(name, 0)}" for name in names[:_SHOWN])


def _left(chosen: Settings) -> str:
    """Return what is still held, open or lying about."""
    lake = open_lake(chosen)
    try:
        holders = [one.table for one in held(lake.ledger)]
        open_still = [one.table for one in runs(lake.ledger, limit=ALL) if one.state == "open"]
    finally:
        lake.ledger.dispose()
    said = [*(f"lease of {name}" for name in holders), *(f"open run of {name}" for name in open_still)]
    return ", ".join([*said, *(f"scratch {name}" for name in scratch(chosen))][:_SHOWN])


def _sight(sight: Sight, day: date) -> str:
    if sight.wrong:
        return "; ".join(sight.wrong[:_SHOWN])
    if list(sight.nights)[-1:] != [day.isoformat()]:
        return "the last look did not show the night"
    return "" if sight.answers else "Spark never answered"
