"""How much one delivery may cost, whoever sent it."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The parsing process reads limits, and no models of contracts.
    from citylake.contract.source import Bounds

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """Bounds that are enforced while a delivery streams, and by the kernel on the process that parses it."""

    file_bytes: int = 8 * GIB
    """A file as delivered."""
    unpacked_bytes: int = 64 * GIB
    """A gzip file unpacked."""
    ratio: int = 200
    """Unpacked to packed bytes, judged once more than ``ratio_from`` bytes came out."""
    ratio_from: int = 16 * MIB
    line_bytes: int = MIB
    """One line of text, or one CSV record with the line breaks in its quotes."""
    columns: int = 500
    zip_entries: int = 2_000
    """Parts of a workbook."""
    zip_bytes: int = GIB
    """All parts of a workbook unpacked."""
    sheet_bytes: int = 768 * MIB
    """One part (a sheet) of a workbook unpacked."""
    page_bytes: int = 64 * MIB
    """One page of an API."""
    bytes_per_second: int = 1_024
    """Least rate of an answer of an API."""
    pages: int = 20_000
    """Pages of an API."""
    fetch_seconds: int = 1_200
    """All of one table or API, from the first question to the last answer."""
    lock_seconds: int = 60
    """Waiting for a table that somebody has locked."""
    memory_bytes: int = 2 * GIB
    """Address space of the parsing process."""
    cpu_seconds: int = 3_600
    wall_seconds: int = 5_400
    output_bytes: int = 32 * GIB
    """Parquet that the parsing process may write."""

    def within(self, bounds: "Bounds") -> "Limits":
        """Return these with what a contract says of its source in their place."""
        said = {
            "fetch_seconds": bounds.seconds,
            "lock_seconds": bounds.lock_seconds,
            "pages": bounds.pages,
            "bytes_per_second": bounds.bytes_per_second,
            "file_bytes": bounds.megabytes * MIB if bounds.megabytes is not None else None,
        }
        return replace(self, **{name: value for name, value in said.items() if value is not None})
