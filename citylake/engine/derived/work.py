"""One derived table tonight: what it reads, what it was, and what has to be done."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from citylake.contract.model import DerivedContract
from citylake.delta.input_version import InputVersion
from citylake.delta.log import newest_version
from citylake.delta.small_read import HELD_ROWS
from citylake.delta.tables import at_version, derived_columns, quoted
from citylake.engine.run.context import Context
from citylake.ledger.runs.runs import Consumed
from citylake.ledger.runs.tables import TableState


@dataclass(frozen=True)
class Work:
    """One derived table's state against its inputs; decides nothing by looking at data."""

    context: Context
    contract: DerivedContract
    inputs: Mapping[str, InputVersion]
    state: TableState | None
    meaning: str

    @property
    def present_version(self) -> int | None:
        """Newest version, a killed run's half-done work included; None before the first load."""
        if self.state is None or self.state.version is None:
            return None
        return newest_version(self.uri)

    @property
    def consumed(self) -> dict[str, Consumed]:
        """What was consumed of each input last, by alias."""
        return self.state.consumed if self.state is not None else {}

    @property
    def moved(self) -> dict[str, Consumed]:
        """Inputs that moved since they were consumed."""
        last = self.consumed
        return {
            alias: last[alias]
            for alias, position in self.inputs.items()
            if alias in last and last[alias].content != position.content
        }

    @property
    def is_due(self) -> bool:
        """Whether some row changes tonight by time alone."""
        recheck = self.state.recheck_on if self.state is not None else None
        return recheck is not None and recheck <= self.context.business_date

    @property
    def has_to_run(self) -> bool:
        """Whether anything is to be done; otherwise Spark is not asked."""
        return self.evaluates_all or bool(self.moved) or self.is_due

    @property
    def has_new_meaning(self) -> bool:
        """Whether contract or transform mean something else than when the table was last made."""
        return self.state is not None and self.state.version is not None and self.state.meaning != self.meaning

    @property
    def starts_anew(self) -> bool:
        """Whether nothing of the present rows can be trusted to stay: first load, changed meaning, or asked for."""
        return self.context.rebuild or self.present_version is None or self.has_new_meaning

    @property
    def evaluates_all(self) -> bool:
        """Whether every unit is evaluated; what is written is still only what differs."""
        return self.starts_anew or self.moves_whole or not set(self.inputs) <= set(self.consumed)

    @property
    def moves_whole(self) -> bool:
        """Whether an input that counts as a whole moved, and nothing else asks for all units."""
        whole = any(self.inputs[alias].input.all for alias in self.moved)
        return whole and not self.starts_anew and set(self.inputs) <= set(self.consumed)

    @property
    def reads_little(self) -> bool:
        """Whether what it is made from is likely to be little; of an input of which it reads a part nothing is known."""
        told = [one.rows for one in self.inputs.values() if not one.input.part]
        return all(rows is not None and rows <= HELD_ROWS for rows in told)

    @property
    def kind(self) -> str:
        """How the ledger calls this run: rebuild, whole (all units, present rows kept where equal) or incremental."""
        if self.starts_anew:
            return "rebuild"
        return "whole" if self.evaluates_all else "incremental"

    @property
    def uri(self) -> str:
        """Where the table lies."""
        return self.context.lake.location(self.contract.name)

    def present(self) -> DataFrame:
        """Return the table's rows as they stand, without rows before the first load."""
        assert self.present_version is not None
        rows = at_version(self.context.spark, self.uri, self.present_version)
        return rows.select(*[F.col(quoted(item.name)) for item in derived_columns(self.contract)])
