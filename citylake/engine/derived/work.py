"""One derived table tonight: what has to be done to bring it up to its inputs, and what it has so far."""

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from citylake.contract.model import DerivedContract
from citylake.delta.input_version import InputVersion
from citylake.delta.log import newest_version
from citylake.delta.small_read import HELD_ROWS
from citylake.delta.sql_text import quoted
from citylake.delta.tables import at_version, derived_columns
from citylake.engine.run.context import Context
from citylake.engine.run.standing import Standing
from citylake.ledger.runs.tables import TableState


@dataclass(frozen=True)
class Work:
    """What follows from where a table stands, from its files and from what was asked for; no data is looked at."""

    context: Context
    standing: Standing

    @property
    def contract(self) -> DerivedContract:
        """The table's."""
        return self.standing.contract

    @property
    def state(self) -> TableState | None:
        """What the ledger knows of it."""
        return self.standing.state

    @property
    def inputs(self) -> Mapping[str, InputVersion]:
        """What is taken of each input, by alias."""
        return self.standing.inputs

    @property
    def present_version(self) -> int | None:
        """Newest version, a killed run's half-done work included; None before the first load."""
        if self.state is None or self.state.version is None:
            return None
        return newest_version(self.uri)

    @property
    def has_to_run(self) -> bool:
        """Whether anything is to be done, otherwise Spark is not asked: also when its files are gone, or it was asked for."""
        return self.standing.has_to_run or self.starts_anew

    @property
    def starts_anew(self) -> bool:
        """Whether nothing of the present rows can be trusted to stay: first load, changed meaning, or asked for."""
        return self.context.rebuild or self.present_version is None or self.standing.has_new_meaning

    @property
    def evaluates_all(self) -> bool:
        """Whether every unit is evaluated; what is written is still only what differs."""
        return self.starts_anew or self.moves_whole or bool(self.standing.unread)

    @property
    def moves_whole(self) -> bool:
        """Whether an input that counts as a whole moved, and nothing else asks for all units."""
        return self.standing.moves_whole and not self.starts_anew and not self.standing.unread

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
