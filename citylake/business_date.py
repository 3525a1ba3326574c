"""Business dates as people write them."""

from datetime import date


class BusinessDateError(ValueError):
    """A text is no date; the message says how one is written."""


def parse(text: str) -> date:
    """Return the date that a text such as ``2026-11-30`` names.

    Raises:
        BusinessDateError: it is written in another way, or there is no such day.
    """
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    # fromisoformat also takes 20261130 and 2026-W48-1; one way of writing is enough.
    if found is None or found.isoformat() != text:
        raise BusinessDateError(f"“{text}”不是日期，请写成 2026-11-30 的样子 (no date: write it as 2026-11-30)")
    return found
