"""What a department offers: one delivery that can be received, or one that cannot."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from citylake.contract.model import AsOf
from citylake.sources.errors import DeliveryError, shown
from citylake.sources.values import day

AHEAD = timedelta(days=31)
"""A day further ahead of the business date than this is a slip of the pen: taken, it would make all later ones 'older'."""


def nothing_to_release() -> None:
    """Release of an offer that left nothing behind."""


@dataclass(frozen=True)
class Fetched:
    """Bytes brought here, staged in a file of their own.

    Attributes:
        path: the staged file; valid until ``release()`` or until the next offer is asked for.
        name: what the department called it, fit for a message and the ledger.
        as_of: the day it speaks of; None when a column says so (``Parsed.as_of``).
        sha256: of the bytes, hexadecimal.
        size: bytes.
        watermark: where the next request goes on (database, json_api), or None.
        tail: hash of those rows that the next request brings again if nothing changes until then, or None.
        whole: everything there is was asked for, not only what is newer (database, json_api).
        remarks: what is to be said of it in its receipt, without values.
        release: to be called once the bytes are in landing and the ledger has the row; takes the file out of the inbox.
    """

    path: Path
    name: str
    as_of: date | None
    sha256: str
    size: int
    watermark: str | None = None
    tail: str | None = None
    whole: bool = False
    remarks: tuple[str, ...] = ()
    release: Callable[[], None] = field(default=nothing_to_release, compare=False)


@dataclass(frozen=True)
class Rejected:
    """An offer that cannot be received, so that others behind it still can.

    Attributes:
        name: as in ``Fetched``.
        error: what is wrong with it.
        path: the staged bytes, to be landed as evidence, or None when they were not read (a link, too large).
        sha256: of the bytes, or None.
        size: bytes, 0 when unknown.
        release: as in ``Fetched``.
    """

    name: str
    error: DeliveryError
    path: Path | None = None
    sha256: str | None = None
    size: int = 0
    release: Callable[[], None] = field(default=nothing_to_release, compare=False)


Offer = Fetched | Rejected


def as_of(rule: AsOf, name: str, business_date: date) -> date | None:
    """Return the day a delivery speaks of, None when a column will say so.

    Raises:
        DeliveryError: ``as_of``: the name holds no day, an impossible one, or one far in the future.
    """
    if rule.received:
        return business_date
    if rule.filename is None:
        return None
    match = re.search(rule.filename, name)
    found = day(match.group(1)) if match and match.group(1) else None
    if found is None:
        raise DeliveryError(
            "as_of",
            f"文件“{shown(name)}”的名字里没有有效日期（应为 8 位年月日，如 20261122）。请按约定的命名规则改名后重新报送。",
        )
    if found > business_date + AHEAD:
        raise DeliveryError(
            "as_of",
            f"文件“{shown(name)}”名字里的日期 {found} 远在业务日期 {business_date} 之后，可能写错。请改正日期后重新报送。",
        )
    return found
