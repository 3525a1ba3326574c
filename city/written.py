"""A frame as its department writes it: its column names, every value text (or null), dates in its style."""

import numpy as np
import pyarrow as pa

from city.frames import Frame
from city.layouts import LAYOUTS, Layout
from city.texts import Text, amount_text, constant, date_text, moment_text, nulls

EXCEL_EPOCH = -25569
"""Day 0 of Excel's calendar in days since 1970-01-01."""


def written(frame: Frame) -> pa.Table:
    """Return the frame under the department's own column names, all columns text."""
    layout = LAYOUTS[frame.resource]
    return pa.table({own: _text(frame, canonical, layout) for own, canonical in layout.columns.items()})


def _text(frame: Frame, canonical: str, layout: Layout) -> Text:
    if not canonical:
        return nulls(len(frame))
    if canonical.startswith("="):
        return constant(canonical[1:], len(frame))
    column = frame.columns[canonical]
    if not isinstance(column, np.ndarray):
        return column
    if canonical.endswith("_date"):
        if layout.dates == "serial":
            return _serial(column)
        return date_text(column, layout.dates)
    if canonical.endswith("_at"):
        return moment_text(column)
    return amount_text(column)


def _serial(days: np.ndarray) -> Text:
    missing = days < -(10**6)
    text = pa.array(np.where(missing, 0, days - EXCEL_EPOCH)).cast(pa.string())
    return pa.array([None if gone else item for gone, item in zip(missing, text.to_pylist(), strict=True)], pa.string())
