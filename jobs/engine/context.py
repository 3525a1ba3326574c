"""What one table's run knows: the lake, the session, the date, and where its inputs stand tonight."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from pyspark.sql import DataFrame, SparkSession

from jobs.engine.errors import WaitingError
from jobs.engine.identity import key_frame
from jobs.engine.tables import at_version
from jobs.lake import Lake
from ledger.nights import Pin
from ledger.runs import Consumed
from ledger.tables import TableState, table_state
from schemas.contract import DerivedContract, Input


@dataclass(frozen=True)
class TableResult:
    """What became of a table, or of one delivery of a resource.

    Attributes:
        state: written, unchanged, refused, failed or waiting.
        version: newest Delta version, None when the table has none.
        content: number of the content it now has.
        rows: live rows after.
        counts: lines per outcome (deliveries) or rows written and units touched (derived tables).
        seconds: wall time.
    """

    table: str
    state: str
    version: int | None = None
    content: int | None = None
    rows: int | None = None
    reason: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class Context:
    """One task's surroundings, shared by the tables it makes one after the other."""

    lake: Lake
    spark: SparkSession
    business_date: date
    pinned: Mapping[str, Pin] = field(default_factory=dict)
    rebuild: bool = False

    @property
    def session_id(self) -> str:
        """Id by which another process can interrupt this session."""
        return str(self.spark.session_id)  # type: ignore[attr-defined]

    def keys(self) -> DataFrame:
        """Return the one-row frame with the key of record ids."""
        return key_frame(self.spark, self.lake.record_key)


@dataclass(frozen=True)
class Position:
    """One input tonight: which content, at which version, and where."""

    alias: str
    input: Input
    content: int
    version: int
    uri: str
    rows: int | None = None
    """Of the whole table, as far as the ledger knows."""

    @property
    def consumed(self) -> Consumed:
        """What the ledger keeps of it."""
        return Consumed(content=self.content, version=self.version)

    def frame(self, spark: SparkSession) -> DataFrame:
        """Return the input's rows, of its part if it has one."""
        return of_part(at_version(spark, self.uri, self.version), self.input)


def of_part(rows: DataFrame, item: Input) -> DataFrame:
    """Return the rows of the input's part: those of one source."""
    return rows if item.part is None else rows.where(rows["source"] == item.part)


def positions(context: Context, contract: DerivedContract) -> dict[str, Position]:
    """Return where every input stands: pinned, written tonight in the same layer, or accepted.

    Raises:
        WaitingError: an input has never been accepted.
    """
    return {alias: _position(context, contract, alias, item) for alias, item in contract.inputs.items()}


def _position(context: Context, contract: DerivedContract, alias: str, item: Input) -> Position:
    state = table_state(context.lake.ledger, item.table)
    uri = context.lake.location(item.table)
    pin = context.pinned.get(item.table)
    rows = state.rows if state is not None else None
    if pin is not None:
        return Position(alias, item, pin.content, pin.version, uri, rows)
    same_layer = item.table.partition(".")[0] == contract.layer
    version, content = _written(state) if same_layer else _accepted(state)
    if state is None or version is None or content is None:
        raise WaitingError(contract.name, f"waits for {item.table}, which has never been accepted")
    if item.part is not None:
        content = state.parts.get(item.part, 0)
    return Position(alias, item, content, version, uri, rows)


def _written(state: TableState | None) -> tuple[int | None, int | None]:
    return (state.version, state.content) if state is not None else (None, None)


def _accepted(state: TableState | None) -> tuple[int | None, int | None]:
    return (state.accepted_version, state.accepted_content) if state is not None else (None, None)
