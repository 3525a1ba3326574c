"""A frame as its department writes it: its column names, every value text (or null), dates as the contract has them."""

import numpy as np
import pyarrow as pa

from city.kit.layouts import Layout, layout
from city.world.frames import Frame
from city.world.hashing import Ints
from city.world.texts import Text, amount_text, constant, date_text, moment_text, nulls, plain

_IGNORED = {"_date": "date", "_at": "timestamp"}
"""Ending of a column that no contract types -> its type."""


def written(frame: Frame) -> pa.Table:
    """Return the frame under the department's own column names, all columns text."""
    here = layout(frame.resource)
    return pa.table({own: _text(frame, canonical, here) for own, canonical in here.columns.items()})


def _text(frame: Frame, canonical: str, here: Layout) -> Text:
    if not canonical:
        return nulls(len(frame))
    if canonical.startswith("="):
        return constant(canonical[1:], len(frame))
    column = frame.columns[canonical]
    return _number(column, canonical, here) if isinstance(column, np.ndarray) else column


def _number(column: Ints, canonical: str, here: Layout) -> Text:
    """Return days, moments, cents and counts as text, whichever the contract says they are."""
    known = here.contract.columns.get(canonical)
    ending = next((kind for mark, kind in _IGNORED.items() if canonical.endswith(mark)), "")
    kind, patterns = (known.type, known.format) if known else (ending, ())
    if kind == "date":
        return date_text(column, patterns[0] if patterns else "yyyyMMdd")
    if kind == "timestamp":
        return moment_text(column, patterns[0] if patterns else "yyyy-MM-dd HH:mm:ss")
    if kind.startswith("decimal"):
        return amount_text(column)
    if kind in ("int", "bigint"):
        return plain(column)
    raise TypeError(f"{here.resource}: {canonical} is {kind or 'not in the contract'}, so its values must be texts")
