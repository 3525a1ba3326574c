"""Writers into the departments' own databases, through SQLAlchemy: SQLite in the city's folder, or any URL configured."""

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
    tuple_,
)

from city.delivery.forms import json_lines
from city.kit.layouts import Layout
from citylake.settings import Settings

_BATCH = 400


def store(settings: Settings, department: str) -> str:
    """Return the URL of a department's own database in the city's folder."""
    return f"sqlite:///{(settings.home / 'city' / f'{department}.db').resolve()}"


def engine(url: str) -> Engine:
    """Return an engine; SQLite is told to let readers go on while the city writes, and to wait for no disk."""
    made = create_engine(url)
    if made.dialect.name == "sqlite":

        @event.listens_for(made, "connect")
        def _wal(connection: object, _record: object) -> None:
            connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[attr-defined]
            connection.execute("PRAGMA synchronous=OFF")  # type: ignore[attr-defined]

    return made


class Database:
    """One department's database during one delivery: all of it in one transaction, once per day."""

    def __init__(self, url: str, day: date) -> None:
        self._engine = engine(url)
        self._day = day
        self.metadata = MetaData()
        self._log = Table("CITY_DELIVERY", self.metadata, Column("DELIVERED_ON", Date, primary_key=True))
        self.metadata.create_all(self._engine)
        self.connection: Connection = self._engine.connect()
        known = select(self._log).where(self._log.c.DELIVERED_ON.in_([day]))
        self.done = self.connection.execute(known).first() is not None

    def table(self, layout: Layout) -> "TableWriter":
        """Return a writer of one table; it is made if it does not exist."""
        columns = [Column(item, String(200), primary_key=item in layout.key) for item in layout.columns]
        made = Table(layout.table, self.metadata, *columns)
        if mark := layout.contract.source.watermark:
            Index(f"IX_{layout.table}_{mark}", made.c[mark])
        made.create(self.connection, checkfirst=True)
        return TableWriter(self.connection, made, layout, self.done)

    def close(self) -> None:
        """Commit what was written and note the day."""
        if not self.done:
            self.connection.execute(insert(self._log).values(DELIVERED_ON=self._day))
            self.connection.commit()
        self.connection.close()
        self._engine.dispose()


class TableWriter:
    """Rows into one table of a department."""

    def __init__(self, connection: Connection, table: Table, layout: Layout, done: bool) -> None:
        self._connection, self._table, self._done = connection, table, done
        empty = connection.execute(select(table).limit(1)).first() is None
        self._replaced = () if empty or layout.whole else tuple(table.c[name] for name in layout.key)
        if layout.whole and not done:
            connection.execute(delete(table))

    def write(self, table: pa.Table) -> None:
        """Take the next rows: replace those with the same key, add the others."""
        if self._done or table.num_rows == 0:
            return
        rows = table.to_pylist()
        if self._replaced:
            keys = [tuple(row[column.name] for column in self._replaced) for row in rows]
            for low in range(0, len(keys), _BATCH):
                known = tuple_(*self._replaced).in_(keys[low : low + _BATCH])
                self._connection.execute(delete(self._table).where(known))
        self._connection.execute(insert(self._table), rows)

    def close(self) -> None:
        """Nothing: the database commits as a whole."""


class ApiStore:
    """What a department's API serves: every change once, as JSON, in order of arrival."""

    def __init__(self, url: str, day: date, day_number: int) -> None:
        self._database = Database(url, day)
        self._number = day_number

    def table(self, layout: Layout) -> "ApiWriter":
        """Return a writer for one API path."""
        return ApiWriter(self._database, layout, self._number)

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

    def __init__(self, database: Database, layout: Layout, day: int) -> None:
        self._connection, self._done, self._layout, self._day = database.connection, database.done, layout, day
        self._table = api_table(database.metadata, layout.table)
        self._table.create(self._connection, checkfirst=True)

    def write(self, table: pa.Table) -> None:
        """Take the next rows."""
        if self._done or table.num_rows == 0:
            return
        moments = table.column(str(self._layout.contract.source.watermark)).to_pylist()
        bodies = json_lines(table, self._layout.numbers).to_pylist()
        rows = [{"day": self._day, "updated": at, "body": body} for at, body in zip(moments, bodies, strict=True)]
        self._connection.execute(insert(self._table), rows)

    def close(self) -> None:
        """Nothing: the database commits as a whole."""
