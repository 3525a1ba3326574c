"""Rebuilding a clean table: its accepted deliveries are taken again, in order, under the contract of today."""

from dataclasses import dataclass, field

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from citylake.contract.model import CollectedContract
from citylake.delta.difference import stage_changed
from citylake.delta.errors import TableError
from citylake.delta.log import newest_version
from citylake.delta.sql_text import quoted
from citylake.delta.tables import add_columns, clean_columns, ensure_clean, quarantine_columns, raw_columns
from citylake.engine.clean.delivered import is_few, lines_of, parsed_lines
from citylake.engine.clean.take import Taking, judge
from citylake.engine.run.context import Context
from citylake.engine.run.record import RunRecord
from citylake.ledger.deliveries import deliveries
from citylake.ledger.deliveries.deliveries import Delivery
from citylake.ledger.runs.runs import Outcome
from citylake.ledger.runs.tables import note_version, table_state
from citylake.spelling import table_of


@dataclass
class Replay:
    """One clean table made anew beside the present one; only what differs is then written."""

    context: Context
    contract: CollectedContract
    record: RunRecord
    absent: dict[str, list[int]] = field(default_factory=dict)
    """Column -> deliveries that came under a contract without it."""

    def run(self) -> Outcome:
        """Replay everything from landing, compare, write the difference; raw and quarantine stay as they are."""
        scratch = f"{self.context.lake.staging(self.record.run.id)}/replay"
        live = 0
        for number, delivery in enumerate(deliveries.accepted(self.context.lake.ledger, self.contract.resource)):
            live = self._take(delivery, scratch, live, is_first=number == 0)
        ensure_clean(self.context.spark, scratch, self.contract)
        version = self._write_difference(self.context.spark.read.format("delta").load(scratch), live)
        metrics = {"bytes_written": float(self.record.bytes_written)}
        return Outcome(state="done", version=version, rows=live, metrics=metrics, accepted=True)

    def _take(self, delivery: Delivery, scratch: str, live: int, *, is_first: bool) -> int:
        with parsed_lines(self.context, self.contract, delivery, earlier=True) as parsed:
            for name in parsed.absent:
                self.absent.setdefault(name, []).append(delivery.id)
            record = RunRecord(self.context, self.contract, self.record.run, part=f"@{delivery.id}")

            def prepare(context: Context) -> Taking:
                return Taking(
                    context=context,
                    contract=self.contract,
                    delivery=delivery,
                    record=record,
                    lines=lines_of(context, parsed, self.record.run.id),
                    line_count=parsed.lines,
                    is_few=is_few(parsed),
                    uri=scratch,
                    live_before=live,
                    is_first=is_first,
                    as_of=parsed.as_of or delivery.as_of or self.context.business_date,
                    ungated=True,
                    keeps_lines=False,
                )

            judged = judge(self.context, record, prepare, few=is_few(parsed))
            outcome = judged.write()
            self.record.executor = record.executor
        return judged.tally.live_after if outcome.version is not None else live

    def _write_difference(self, replayed: DataFrame, live: int) -> int | None:
        uri, by = self.context.lake.location(self.contract.name), self.contract.key
        ensure_clean(self.context.spark, uri, self.contract)
        self._gain_columns(uri)
        for layer, columns in (("raw", raw_columns(self.contract)), ("quarantine", quarantine_columns(self.contract))):
            kept = self.context.lake.location(table_of(self.contract.resource, layer))
            add_columns(self.context.spark, kept, columns)
        present = self.context.spark.read.format("delta").load(uri)
        self._check_nothing_lost(present)
        writer = self.record.writer(uri, rows=live, accepted=True)
        if newest_version(uri) == 0:
            return writer.overwrite(replayed).version
        replayed = replayed.select(*[F.col(quoted(name)) for name in present.columns if name in replayed.columns])
        present = present.select(*[F.col(quoted(name)) for name in replayed.columns])
        changed = stage_changed(replayed, present, by, f"{self.context.lake.staging(self.record.run.id)}/changed")
        if changed.units == 0:
            return None
        writer.steps = changed.steps
        new = changed.rows_of(replayed)
        writer.replace_changed(new.select(*[F.col(quoted(name)) for name in replayed.columns]), changed)
        return writer.commits[-1].version

    def _gain_columns(self, uri: str) -> None:
        """Add the columns that the contract has gained: a version, but no content."""
        before, state = newest_version(uri), table_state(self.context.lake.ledger, self.contract.name)
        add_columns(self.context.spark, uri, clean_columns(self.contract))
        after = newest_version(uri)
        if after is not None and after != before and state is not None and state.version == before:
            note_version(self.context.lake.ledger, self.contract.name, after)

    def _check_nothing_lost(self, present: DataFrame) -> None:
        """Raise when rows have values that their deliveries can no longer give: a source column has another name."""
        if not self.absent:
            return
        lost = {
            name: F.col(quoted(name)).isNotNull() & F.col("_delivery_id").isin(of) for name, of in self.absent.items()
        }
        counts = present.agg(*[F.count_if(found).alias(name) for name, found in lost.items()]).collect()[0]
        if names := [name for name in lost if counts[name]]:
            raise TableError(
                self.contract.name,
                f"以前的交付里没有 {', '.join(names)} 在契约中的来源列，而已有的行有值；列在来源处改了名的，请在契约中加一个新列，"
                "旧列照旧保留 (a renamed source column would lose the values taken so far: add a new column instead)",
            )
