"""Files of the bench's deliveries: made once for a size and kept between runs."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class Delivered:
    """A delivery's file and what it says.

    Attributes:
        lines: lines without the header.
        changed_bytes: text of the lines that change something.
    """

    path: Path
    lines: int
    changed_bytes: int


def data_folder(root: Path, kind: str, *size: object) -> Path:
    """Return the folder of data of a kind and size, another one whenever the code that makes them changes."""
    made_by = [Path(__file__).with_name(name) for name in ("files.py", "deliveries.py", "inspections.py")]
    said = hashlib.sha256(b"".join(path.read_bytes() for path in made_by)).hexdigest()[:8]
    folder = root / "-".join([kind, *map(str, size), said])
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection that spills into the folder."""
    connection = duckdb.connect(config={"temp_directory": str(folder / "tmp"), "threads": 2})
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def copy_csv(connection: duckdb.DuckDBPyConnection, select: str, path: Path) -> None:
    """Write what a SELECT returns as a CSV file that appears whole."""
    draft = path.with_suffix(".part")
    connection.execute(f"COPY ({select}) TO '{draft}' (FORMAT csv, HEADER, DELIMITER ',')")
    draft.replace(path)


def copy_parquet(connection: duckdb.DuckDBPyConnection, select: str, columns: Iterable[str], path: Path) -> None:
    """Write columns of what a SELECT returns as a Parquet file that appears whole."""
    draft = path.with_suffix(".part")
    connection.execute(f"COPY (SELECT {', '.join(columns)} FROM ({select})) TO '{draft}' (FORMAT parquet)")
    draft.replace(path)


def delivered(path: Path) -> Delivered:
    """Return a file with its lines counted."""
    with path.open("rb") as file:
        header = len(file.readline())
        lines = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    return Delivered(path, lines, path.stat().st_size - header)
