"""Writers into the departments' own databases, through SQLAlchemy: SQLite in the city's folder, or any URL configured."""

from collections.abc import Iterable
from datetime import date

import pyarrow as pa
from sqlalchemy import (
    Column,
    Connection,
    Date,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    insert,
    select,
)

KEYS = {"HJ_CZRK": ("RYBH",), "IC10": ("AAC001", "AAE140")}
"""Tables whose rows are replaced; the others only grow."""
WATERMARKS = {"HJ_CZRK": "GXSJ", "HJ_BGDJ": "RKSJ", "IC61": "AAE036"}
WHOLE = ("IC10",)
"""Tables written anew each time."""
_BATCH = 400


def engine(url: str) -> Engine:
    """Return an engine; SQLite is told to let readers go on while the city writes."""
    made = create_engine(url)
    if made.dialect.name == "sqlite":

        @event.listens_for(made, "connect")
        def _wal(connection: object, _record: object) -> None:
            connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[attr-defined]
            connection.execute("PRAGMA synchronous=NORMAL")  # type: ignore[attr-defined]

    return made


class Database:
    """One department's database during one delivery: all of it in one transaction, once per day."""

    def __init__(self, url: str, day: date) -> None:
        self._engine = engine(url)
        self._day = day
        self._metadata = MetaData()
        self._log = Table("CITY_DELIVERY", self._metadata, Column("DELIVERED_ON", Date, primary_key=True))
        self._metadata.create_all(self._engine)
        self._connection: Connection = self._engine.connect()
        known = select(self._log).where(self._log.c.DELIVERED_ON.in_([day]))
        self.done = self._connection.execute(known).first() is not None

    def table(self, name: str, columns: Iterable[str]) -> "TableWriter":
        """Return a writer of one table; it is made if it does not exist."""
        key = KEYS.get(name, ())
        made = Table(name, self._metadata, *(Column(item, String(200), primary_key=item in key) for item in columns))
        if name in WATERMARKS:
            Index(f"IX_{name}_{WATERMARKS[name]}", made.c[WATERMARKS[name]])
        made.create(self._connection, checkfirst=True)
        return TableWriter(self._connection, made, self.done)

    def close(self) -> None:
        """Commit what was written and note the day."""
        if not self.done:
            self._connection.execute(insert(self._log).values(DELIVERED_ON=self._day))
            self._connection.commit()
        self._connection.close()
        self._engine.dispose()


class TableWriter:
    """Rows into one table of a department."""

    def __init__(self, connection: Connection, table: Table, done: bool) -> None:
        self._connection, self._table, self._done = connection, table, done
        self._empty = connection.execute(select(table).limit(1)).first() is None
        if table.name in WHOLE and not done:
            connection.execute(delete(table))

    def write(self, table: pa.Table) -> None:
        """Take the next rows: replace those with the same key, add the others."""
        if self._done or table.num_rows == 0:
            return
        rows = table.to_pylist()
        if self._table.name in KEYS and not self._empty and self._table.name not in WHOLE:
            key = self._table.c[KEYS[self._table.name][0]]
            values = [row[key.name] for row in rows]
            for low in range(0, len(values), _BATCH):
                self._connection.execute(delete(self._table).where(key.in_(values[low : low + _BATCH])))
        self._connection.execute(insert(self._table), rows)

    def close(self) -> None:
        """Nothing: the database commits as a whole."""


class ApiStore:
    """What the health commission's API serves: every change once, as JSON, in order of arrival."""

    def __init__(self, url: str, day: date, day_number: int) -> None:
        self._database = Database(url, day)
        self._number = day_number

    def table(self, name: str, updated: str) -> "ApiWriter":
        """Return a writer for one API path."""
        return ApiWriter(self._database, name, updated, self._number)

    def close(self) -> None:
        """Commit."""
        self._database.close()


def api_table(metadata: MetaData, name: str) -> Table:
    """Return the table behind an API path."""
    return Table(
        name,
        metadata,
        Column("seq", Integer, primary_key=True, autoincrement=True),
        Column("day", Integer, nullable=False),
        Column("updated", String(19), nullable=False, index=True),
        Column("body", Text, nullable=False),
    )


class ApiWriter:
    """Rows behind one API path."""

    def __init__(self, database: Database, name: str, updated: str, day: int) -> None:
        self._connection, self._done, self._updated, self._day = database._connection, database.done, updated, day
        self._table = api_table(database._metadata, name)
        self._table.create(self._connection, checkfirst=True)

    def write(self, table: pa.Table) -> None:
        """Take the next rows."""
        from city.forms import json_lines

        if self._done or table.num_rows == 0:
            return
        moments = table.column(self._updated).to_pylist()
        bodies = json_lines(table).to_pylist()
        rows = [{"day": self._day, "updated": at, "body": body} for at, body in zip(moments, bodies, strict=True)]
        self._connection.execute(insert(self._table), rows)

    def close(self) -> None:
        """Nothing: the database commits as a whole."""
