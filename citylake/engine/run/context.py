"""What one table's run knows: the lake, the session, the date, and where its inputs stand tonight."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from pyspark.sql import DataFrame, SparkSession

from citylake.contract.model import DerivedContract, Input
from citylake.delta.errors import WaitingError
from citylake.delta.input_version import InputVersion
from citylake.engine.clean.identity import key_frame
from citylake.lake import Lake
from citylake.ledger.nights.nights import Pin
from citylake.ledger.runs.tables import TableState, table_state


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


def positions(context: Context, contract: DerivedContract) -> dict[str, InputVersion]:
    """Return where every input stands: pinned, written tonight in the same layer, or accepted.

    Raises:
        WaitingError: an input has never been accepted.
    """
    return {alias: _position(context, contract, alias, item) for alias, item in contract.inputs.items()}


def _position(context: Context, contract: DerivedContract, alias: str, item: Input) -> InputVersion:
    state = table_state(context.lake.ledger, item.table)
    uri = context.lake.location(item.table)
    pin = context.pinned.get(item.table)
    rows = state.rows if state is not None else None
    if pin is not None:
        return InputVersion(alias, item, pin.content, pin.version, uri, rows)
    same_layer = item.table.partition(".")[0] == contract.layer
    version, content = _written(state) if same_layer else _accepted(state)
    if state is None or version is None or content is None:
        raise WaitingError(contract.name, f"waits for {item.table}, which has never been accepted")
    if item.part is not None:
        content = state.parts.get(item.part, 0)
    return InputVersion(alias, item, content, version, uri, rows)


def _written(state: TableState | None) -> tuple[int | None, int | None]:
    return (state.version, state.content) if state is not None else (None, None)


def _accepted(state: TableState | None) -> tuple[int | None, int | None]:
    return (state.accepted_version, state.accepted_content) if state is not None else (None, None)
