"""A resource on its way to a department: canonical columns, who the rows are about, which rows must stay clean."""

from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from city.world.hashing import Bools, Ints
from city.world.texts import Text

Column: TypeAlias = Text | Ints
"""Text, or integers: days for dates, seconds for moments, cents for amounts; ``texts.NONE`` is missing."""


@dataclass(frozen=True)
class Frame:
    """Rows of one resource with the department's values under canonical names."""

    resource: str
    key: tuple[str, ...]
    columns: dict[str, Column]
    record: Ints
    """Number of the record, the same in every delivery; mistakes hang on it."""
    roles: dict[str, Ints]
    """Role -> person number, −1 where the row tells nothing about who it is."""
    owner: Ints
    """Number of the person in whose block the row arises; rows are handed over in order of blocks."""
    exempt: Bools
    """Rows whose identity must arrive undamaged."""
    hidden: dict[str, Column] = field(default_factory=dict)
    """Columns mistakes draw on; never delivered."""
    firms: dict[str, Ints] = field(default_factory=dict)
    """Role -> number of the legal entity, −1 where the row names none."""
    noted: dict[tuple[str, str], Bools] = field(default_factory=dict)
    """(field, kind of mistake) -> rows that are not as they should be already."""

    def __len__(self) -> int:
        return len(self.record)

    def where(self, mask: Bools) -> "Frame":
        """Return the rows where ``mask`` holds."""
        return self.rows(np.flatnonzero(mask))

    def rows(self, index: Ints) -> "Frame":
        """Return rows by index."""
        return replace(
            self,
            columns={name: _take(column, index) for name, column in self.columns.items()},
            record=self.record[index],
            roles={role: person[index] for role, person in self.roles.items()},
            owner=self.owner[index],
            exempt=self.exempt[index],
            hidden={name: _take(column, index) for name, column in self.hidden.items()},
            firms={role: firm[index] for role, firm in self.firms.items()},
            noted={what: rows[index] for what, rows in self.noted.items()},
        )

    def again(self, mask: Bools, key: str, numbers: Text) -> "Frame":
        """Return a second record, under a number of its own, of the rows where ``mask`` holds."""
        other = replace(self, columns={**self.columns, key: numbers}, record=self.record + 2**42)
        return replace(other, noted={**self.noted, ("*", "second_record"): mask}).where(mask)

    def with_column(self, name: str, column: Column) -> "Frame":
        """Return the frame with one column replaced."""
        return replace(self, columns={**self.columns, name: column})

    def key_text(self) -> Text:
        """Return the key as text, parts joined with ``|``."""
        parts = [self.columns[name] for name in self.key]
        return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, "|")


def stack(frames: list[Frame]) -> Frame:
    """Return frames of one resource, one after another."""
    first = frames[0]
    return replace(
        first,
        columns={name: _stack([frame.columns[name] for frame in frames]) for name in first.columns},
        record=np.concatenate([frame.record for frame in frames]),
        roles={role: np.concatenate([frame.roles[role] for frame in frames]) for role in first.roles},
        owner=np.concatenate([frame.owner for frame in frames]),
        exempt=np.concatenate([frame.exempt for frame in frames]),
        hidden={name: _stack([frame.hidden[name] for frame in frames]) for name in first.hidden},
        firms={role: np.concatenate([frame.firms[role] for frame in frames]) for role in first.firms},
        noted={what: np.concatenate([_rows(frame, what) for frame in frames]) for what in _all_noted(frames)},
    )


def _all_noted(frames: list[Frame]) -> list[tuple[str, str]]:
    return list(dict.fromkeys(what for frame in frames for what in frame.noted))


def _rows(frame: Frame, what: tuple[str, str]) -> Bools:
    return frame.noted.get(what, np.zeros(len(frame), dtype=bool))


def _take(column: Column, index: Ints) -> Column:
    return column[index] if isinstance(column, np.ndarray) else column.take(pa.array(index))


def _stack(columns: list[Column]) -> Column:
    if isinstance(columns[0], np.ndarray):
        return np.concatenate(columns)
    return pa.concat_arrays(columns)
