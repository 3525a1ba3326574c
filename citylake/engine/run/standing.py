"""Where a derived table stands: what it was made of, what it would be made of now, and whether that is a reason to run.

The engine, the night, the publication and ``citylake run --explain`` all ask here, so that none of them holds for done
what another would do. Contract and ledger answer; neither Spark nor a file of the table is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from citylake.contract.model import DerivedContract, Input
from citylake.delta.input_version import InputVersion
from citylake.engine.run.meaning import meaning
from citylake.lake import Lake
from citylake.ledger.nights.nights import Pin
from citylake.ledger.runs.runs import Consumed
from citylake.ledger.runs.tables import TableState, table_states

Reason = Literal["waits", "first", "meaning", "unread", "whole", "due", "moved"]
"""Why a table has to run: an input was never accepted; it has no content; its meaning changed; it never read an input;
an input that counts as a whole moved; a row changes by time alone; another input moved. The first that holds is told."""


@dataclass(frozen=True)
class Standing:
    """Where a derived table stands on a business date.

    Attributes:
        state: what the ledger knows of it, None before its first run.
        meaning: what its contract and transform mean now.
        inputs: what it would take of each input now, by alias.
        waits_for: tables it reads that were never accepted; they are not among ``inputs``.
    """

    contract: DerivedContract
    business_date: date
    state: TableState | None
    meaning: str
    inputs: Mapping[str, InputVersion]
    waits_for: tuple[str, ...] = ()

    @property
    def consumed(self) -> Mapping[str, Consumed]:
        """What its newest content was made of, by alias."""
        return self.state.consumed if self.state is not None else {}

    @property
    def moved(self) -> dict[str, Consumed]:
        """Inputs that have another content than the one consumed last, which is told."""
        last = self.consumed
        return {
            alias: last[alias]
            for alias, now in self.inputs.items()
            if alias in last and last[alias].content != now.content
        }

    @property
    def unread(self) -> tuple[str, ...]:
        """Inputs that were never consumed."""
        return tuple(alias for alias in self.inputs if alias not in self.consumed)

    @property
    def has_new_meaning(self) -> bool:
        """Whether contract or transform mean something else than when the table was last made."""
        return means_something_else(self.state, self.meaning)

    @property
    def moves_whole(self) -> bool:
        """Whether an input that counts as a whole moved."""
        return any(self.inputs[alias].input.all for alias in self.moved)

    @property
    def is_due(self) -> bool:
        """Whether some row changes by this date by time alone."""
        day = self.state.recheck_on if self.state is not None else None
        return day is not None and day <= self.business_date

    @property
    def reason(self) -> Reason | None:
        """Why it has to run, None when there is nothing to do."""
        holds: dict[Reason, bool] = {
            "waits": bool(self.waits_for),
            "first": self.state is None or self.state.content is None,
            "meaning": self.has_new_meaning,
            "unread": bool(self.unread),
            "whole": self.moves_whole,
            "due": self.is_due,
            "moved": bool(self.moved),
        }
        return next((reason for reason, is_so in holds.items() if is_so), None)

    @property
    def has_to_run(self) -> bool:
        """Whether anything is to be done."""
        return self.reason is not None

    @property
    def is_accepted(self) -> bool:
        """Whether what was written last is what others may read."""
        return self.state is not None and self.state.content == self.state.accepted_content

    @property
    def is_behind(self) -> bool:
        """Whether what others may read is older than it could be.

        It is when the last attempt was refused or never judged, or when there was a reason to run and it did not.
        """
        refused = self.state is not None and self.state.refused
        return refused or not self.is_accepted or self.has_to_run


def standing(
    lake: Lake,
    contract: DerivedContract,
    business_date: date,
    pinned: Mapping[str, Pin],
    states: Mapping[str, TableState] | None = None,
) -> Standing:
    """Return where a table stands.

    Args:
        lake: the lake.
        contract: the table's.
        business_date: the night.
        pinned: the night's vector: contents of clean tables that must be read.
        states: what the ledger knows of the table and its inputs, for whoever asks about many; default: it is asked.
    """
    if states is None:
        states = table_states(lake.ledger, {contract.name, *(item.table for item in contract.inputs.values())})
    inputs, waits_for = {}, []
    for alias, item in contract.inputs.items():
        found = _taken(contract, item, states.get(item.table), pinned.get(item.table))
        if found is None:
            waits_for.append(item.table)
            continue
        known = states.get(item.table)
        uri, rows = lake.location(item.table), known.rows if known is not None else None
        inputs[alias] = InputVersion(alias, item, found.content, found.version, uri, rows)
    state = states.get(contract.name)
    return Standing(contract, business_date, state, meaning(lake, contract), inputs, tuple(dict.fromkeys(waits_for)))


def means_something_else(state: TableState | None, meaning: str) -> bool:
    """Return whether a table that has files was last made under another meaning."""
    return state is not None and state.version is not None and state.meaning != meaning


def _taken(contract: DerivedContract, item: Input, state: TableState | None, pin: Pin | None) -> Pin | None:
    """Return what is read of an input: pinned, written in the same layer, else accepted; of a part the part's content."""
    if pin is not None or state is None:
        return pin
    is_same_layer = item.table.partition(".")[0] == contract.layer
    content = state.content if is_same_layer else state.accepted_content
    version = state.version if is_same_layer else state.accepted_version
    if content is None or version is None:
        return None
    return Pin(content if item.part is None else state.parts.get(item.part, 0), version)
