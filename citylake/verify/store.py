"""The second engine's own store: one DuckDB file that spills to disk, fed from Delta in a stream, gone at the end."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

MEMORY = "1GB"
"""What DuckDB holds before it spills; ``CITYLAKE_VERIFY_MEMORY`` says otherwise."""


class UnreadableError(RuntimeError):
    """A version of a table cannot be read any more."""


def quoted(name: str) -> str:
    """Return an identifier in double quotes, safe whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Return a text as a literal, safe whatever it holds."""
    return "'" + value.replace("'", "''") + "'"


@dataclass
class Store:
    """One open connection and what has been loaded into it."""

    connection: duckdb.DuckDBPyConnection
    folder: Path
    _loaded: dict[tuple[str, int], str] = field(default_factory=dict)
    _made: int = 0

    def run(self, statement: str, parameters: Mapping[str, object] | None = None) -> duckdb.DuckDBPyConnection:
        """Run one statement; return the connection for its rows."""
        return (
            self.connection.execute(statement, dict(parameters)) if parameters else self.connection.execute(statement)
        )

    def number(self, statement: str) -> int:
        """Return the one number a statement asks for."""
        # All rows are fetched: a result that is still open keeps the connection from taking another table in.
        ((value,),) = self.run(statement).fetchall()
        return int(value or 0)

    def name(self) -> str:
        """Return a name that no table has."""
        self._made += 1
        return f"_t{self._made}"

    def keep(self, select: str) -> str:
        """Put the rows of a SELECT into a table of the store; return its name."""
        name = self.name()
        self.run(f"CREATE TABLE {name} AS {select}")
        return name

    def view(self, name: str, select: str) -> None:
        """Show the rows of a SELECT under a name, instead of what it showed before."""
        self.run(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS {select}")

    def drop(self, *names: str) -> None:
        """Let go of tables made with :meth:`keep`."""
        for name in names:
            self.run(f"DROP TABLE IF EXISTS {name}")

    def columns(self, name: str) -> list[str]:
        """Return the columns of a table of the store."""
        return [row[0] for row in self.run(f"DESCRIBE {name}").fetchall()]

    def load(self, uri: str, version: int) -> str:
        """Return the name of a Delta table at a version, read once, batch by batch, without its deleted rows.

        Raises:
            UnreadableError: its log or one of its files is gone.
        """
        known = (uri, version)
        if known not in self._loaded:
            try:
                rows = DeltaTable(uri, version=version).scan()
                self.connection.register("_incoming", rows)
                self._loaded[known] = self.keep("SELECT * FROM _incoming")
                self.connection.unregister("_incoming")
            except (DeltaError, OSError, duckdb.Error) as error:
                raise UnreadableError(f"version {version} cannot be read ({type(error).__name__})") from error
        return self._loaded[known]


def newest_version(uri: str) -> int:
    """Return the newest Delta version of a table.

    Raises:
        UnreadableError: it has no log.
    """
    try:
        return int(DeltaTable(uri).version())
    except (DeltaError, OSError) as error:
        raise UnreadableError(f"its log cannot be read ({type(error).__name__})") from error


@contextmanager
def opened(timezone: str) -> Iterator[Store]:
    """Open an empty store in a folder that only this user reads, removed at the end in any case."""
    with tempfile.TemporaryDirectory(prefix="citylake-verify-") as folder:
        connection = duckdb.connect(str(Path(folder) / "verify.duckdb"))
        try:
            connection.execute(f"SET TimeZone = {text(timezone)}")
            connection.execute(f"SET memory_limit = {text(os.environ.get('CITYLAKE_VERIFY_MEMORY', MEMORY))}")
            connection.execute(f"SET temp_directory = {text(str(Path(folder) / 'spilled'))}")
            connection.execute("SET preserve_insertion_order = false")
            yield Store(connection, Path(folder))
        finally:
            connection.close()
