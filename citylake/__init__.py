"""The lake for analysts: ``citylake.connect()`` opens the newest published night, ``connect(night="2026-11-30")`` an older one.

import citylake

with citylake.connect() as session:
    people = session.sql("SELECT sex_code, count(*) AS n FROM base.population__person GROUP BY 1").pandas()
"""

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from citylake.read.session import Session
    from citylake.settings import Settings

__all__ = ["connect"]


def connect(night: date | str | None = None, settings: "Settings | None" = None) -> "Session":
    """Open a session on a published night; see :func:`citylake.read.session.connect`.

    Args:
        night: its business date, also as text such as ``2026-11-30``; default: the newest.
        settings: the installation; default: that of this process's environment.

    Raises:
        NotPublishedError: nothing, or not this night, is published.
        BusinessDateError: ``night`` is no date, written as 2026-11-30.
    """
    # Whoever needs the settings only must not load the ledger.
    from citylake.read.session import connect as open_session

    return open_session(night, settings)
