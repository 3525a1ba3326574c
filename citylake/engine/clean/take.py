"""One delivery on its way into raw, quarantine and clean: staged once, judged whole, then written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from citylake.contract.engine_columns import LINE_HASH, column_types
from citylake.contract.model import CollectedContract
from citylake.delta.errors import AccountingError
from citylake.delta.fetch import counts, fetch, fetch_counted
from citylake.delta.lookup import rows_of_keys
from citylake.delta.small_read import HELD_ROWS, known_rows, live_rows
from citylake.delta.sql_text import quoted
from citylake.delta.tables import (
    as_frame,
    clean_columns,
    ensure,
    ensure_clean,
    local_frame,
    quarantine_columns,
    raw_columns,
)
from citylake.delta.write import LISTED_UNITS, Rows
from citylake.engine.check import check
from citylake.engine.clean.absent import absent_rows, few_absent
from citylake.engine.clean.changes import changes_counted, told
from citylake.engine.clean.conform import conform
from citylake.engine.clean.hashes import line_hash
from citylake.engine.clean.identity import with_ids
from citylake.engine.clean.lines import OUTCOMES, decide
from citylake.engine.clean.recognised import Recognised, others, warned
from citylake.engine.clean.staged import Constant, Pick, first_problems, project, rewritten, union, with_outcome
from citylake.engine.clean.verdicts import Tally, observed, verdicts
from citylake.engine.clean.whole import count_gone, is_read_by_stamps
from citylake.engine.run.context import Context
from citylake.engine.run.executor import evaluated
from citylake.engine.run.record import RunRecord
from citylake.engine.unique import repeated_after
from citylake.ledger.deliveries.deliveries import Delivery, Problem, newest_business_date
from citylake.ledger.runs.runs import DeliveryOutcome, Outcome, RuleResult
from citylake.spark.local import NotHereError, is_local
from citylake.spelling import table_of

MANY_LINES = 100_000
"""Of more lines than this Spark's ways of joining matter more than its number of jobs."""
SPREAD_ROWS = 2_500_000
"""Up to so many clean rows their keys are given to every worker: about 250 MB, where the lines would be sorted."""
PROBLEMS_KEPT = 1_000
"""Problem rows the ledger keeps of one delivery; the quarantine table has them all."""
_ORIGIN = ("_line", "_delivery_id", "_as_of", "_deleted", "_held_since")
"""Columns of a clean row that are no words of its line."""
_HELD_BACK = ("quarantined", "unreadable")
_RAW_OUTCOMES = {"snapshot": ("inserted", "updated", "superseded", "quarantined", "unreadable")}


@dataclass
class Taking:
    """A delivery being taken: its lines staged with their outcomes, nothing written yet.

    Attributes:
        lines: parsed lines (all text).
        line_count: how many.
        is_few: whether this process may hold them all.
        uri: the clean table, or the scratch table of a replay.
        live_before: its live rows.
        is_first: whether nothing was ever written to it.
        as_of: day the delivery speaks of.
        ungated: a person has accepted the delivery; gates count but do not stop it.
        keeps_lines: whether raw and quarantine get the lines; a replay has given them before.
        recognised: what is known of the lines left out of a large snapshot, None when none were.
        notes: what the parser noticed, for the receipt.
        changed: how many values the parser changed, per rule and column.
    """

    context: Context
    contract: CollectedContract
    delivery: Delivery
    record: RunRecord
    lines: DataFrame
    line_count: int
    is_few: bool
    uri: str
    live_before: int
    is_first: bool
    as_of: date
    ungated: bool = False
    keeps_lines: bool = True
    recognised: Recognised | None = None
    notes: tuple[str, ...] = ()
    changed: Mapping[str, int] = field(default_factory=dict)

    @property
    def server(self) -> SparkSession:
        """The session that writes what this process does not."""
        return self.record.context.spark

    @property
    def is_here(self) -> bool:
        """Whether the lines are judged in this process."""
        return is_local(self.context.spark)

    @cached_property
    def current(self) -> DataFrame:
        """The clean table as it stands, tombstones included."""
        ensure_clean(self.server, self.uri, self.contract)
        return self.context.spark.read.format("delta").load(self.uri)

    def without_recognised(self) -> "Taking":
        """Return this, of a large snapshot without the lines that clean rows were made of word for word.

        Not of one judged by an earlier date than one before it: what was good then may lie in its future.
        """
        if self.contract.mode != "snapshot" or self.is_first or self.line_count <= MANY_LINES or self.is_here:
            return self
        newest = newest_business_date(self.context.lake.ledger, self.contract.resource)
        if (newest is not None and self.delivery.business_date < newest) or not self.keys_differ:
            return self
        typed = self.typed.observe("changes", *changes_counted(self.contract))
        unknown = others(typed, self.current, self.contract, spread=self.live_before <= SPREAD_ROWS)
        kept, seen = self._kept(unknown, "others", [F.count(F.lit(1)).alias("others")], few=False)
        lines, count = as_frame(self.context.spark, kept), int(seen["others"])
        named = warned(self.typed, self.contract, self.context.lake.codes, self.delivery.business_date)
        keys = self.typed.select(*[quoted(name) for name in self.contract.key])
        recognised = Recognised(self.line_count - count, keys, named, told(seen))
        return replace(self, lines=lines, line_count=count, is_few=count <= MANY_LINES, recognised=recognised)

    @cached_property
    def typed(self) -> DataFrame:
        """The lines with typed columns, a snapshot's with the hash of their texts."""
        typed = conform(self.lines, self.contract, self.context.lake.codes)
        return typed.withColumn(LINE_HASH, line_hash(self.contract)) if self.contract.mode == "snapshot" else typed

    @cached_property
    def keys_differ(self) -> bool:
        """Whether no two of many lines share a key: to look costs less than ranking them all. False of few lines."""
        if self.line_count <= MANY_LINES or self.recognised is not None:
            return self.line_count > MANY_LINES
        keys = self.typed.groupBy(*[quoted(name) for name in self.contract.key])
        return not keys.agg(F.count(F.lit(1)).alias("_lines")).where("_lines > 1").limit(1).collect()

    def stage(self) -> tuple[Rows, Tally]:
        """Judge the lines once and keep them, few in this process, many as scratch Parquet; return them and all their counts."""
        lake, typed = self.context.lake, self.typed
        # Taken again later, by a replay or after a restore, a line is judged by the date it was judged by first.
        judged = check(typed, self.contract, lake.codes, self.delivery.business_date)
        identified = with_ids(judged, self.contract, self.context.keys())
        decided = decide(
            identified,
            self._met_by(typed),
            self.contract,
            keys_differ=self.keys_differ,
            spread=self.line_count > MANY_LINES and self.live_before <= SPREAD_ROWS,
        )
        staged, seen = self._kept(decided, "lines", observed(self.contract), self._picked(), few=self.is_few)
        tally = Tally.of(self.contract, seen, self.live_before, self.recognised)
        return staged, replace(tally, notes=self.notes, changed={**self.changed, **tally.changed})

    def _kept(
        self,
        rows: DataFrame,
        name: str,
        counted: Sequence[Column],
        picked: Sequence[Column | str] = ("*",),
        *,
        few: bool,
    ) -> tuple[Rows, Mapping[str, Any]]:
        """Keep rows, few in this process, many as scratch Parquet; return them and what was counted on the way."""
        if few:
            return fetch_counted(rows, counted, picked)
        if self.is_here:
            raise NotHereError("more rows than this process should hold")
        path = f"{self.context.lake.staging(self.record.run.id)}/{name}"
        written = rows.observe(name, *counted).select(*picked)
        written.write.mode("overwrite").parquet(path)
        return self.context.spark.read.schema(written.schema).parquet(path), counts(written)

    def _met_by(self, typed: DataFrame) -> DataFrame | None:
        """Return the clean rows that the lines may meet: None at first, those of their keys when the lines are few."""
        if self.is_first:
            return None
        if (few := known_rows(self.uri, self._met_columns())) is not None:
            return local_frame(self.context.spark, few)
        if self.live_before <= MANY_LINES or self.line_count > MANY_LINES:
            return self.current
        keys = typed.select(*[quoted(name) for name in self.contract.key]).distinct()
        if (
            self.is_few
            and (met := rows_of_keys(self.uri, self._met_columns(), self.contract.key, fetch(keys))) is not None
        ):
            return local_frame(self.context.spark, met)
        return self.current.join(F.broadcast(keys), list(self.contract.key), "left_semi")

    def _met_columns(self) -> list[str]:
        order = self.contract.change.order if self.contract.change is not None else ()
        return list(dict.fromkeys((*self.contract.key, *order, "_row_hash", "_deleted", "_held_since")))

    def _picked(self) -> list[Column]:
        """Return what is kept of a line: no values that nobody reads again; key and outcome of every one."""
        kept = F.col("_rewrite") | F.col("_outcome").isin(*_RAW_OUTCOMES.get(self.contract.mode, OUTCOMES))
        made = [item.name for item in clean_columns(self.contract) if item.name not in (*self.contract.key, *_ORIGIN)]
        texts = [F.when(kept, F.col(f"_text.{quoted(name)}")).alias(name) for name in self.contract.columns]
        operation = ("_operation",) if self.contract.mode == "change" else ()
        always = ("_line", "_outcome", "_rewrite", "_good", "_is_delete", *operation, *self.contract.key)
        return [
            *[F.col(quoted(name)) for name in always],
            # Field by field: engines differ over what a field of a struct is that is NULL itself.
            F.struct(*texts).alias("_text"),
            *[F.when(kept, F.col(quoted(name))).alias(name) for name in made],
            _told().alias("_reasons"),
        ]

    def stage_absent(self, staged: Rows, tally: Tally) -> tuple[Rows | None, Tally]:
        """Keep the clean rows that change although no good line bears their key: vanished ones and held ones."""
        vanish = self.contract.mode == "snapshot" and not self.is_first and tally.unkeyed == 0 and not tally.tells_all
        hold = tally.outcomes["quarantined"] > 0 and not self.is_first
        if not (vanish or hold):
            return None, tally
        told = project(staged, {name: name for name in (*self.contract.key, "_outcome", "_good")})
        if isinstance(told, pa.Table) and self.recognised is None:
            few = few_absent(told, self.uri, self.contract.key, self.as_of, vanish=vanish)
            if few is not None:
                return few.rows, tally.with_absent(few.vanished, few.count)
        lines = as_frame(self.context.spark, told)
        keys = lines if self.recognised is None else self.recognised.keys
        rows = absent_rows(lines, keys, self.current, self.contract.key, self.as_of, vanish=vanish, hold=hold)
        counted = [F.count_if("_deleted").alias("vanished"), F.count(F.lit(1)).alias("rows")]
        kept, seen = self._kept(rows, "absent", counted, few=self.is_few and self.live_before <= HELD_ROWS)
        return kept, tally.with_absent(int(seen["vanished"]), int(seen["rows"]))

    def judge(self) -> "Judged":
        """Judge all lines; nothing is written but scratch.

        Raises:
            GateError: a gate rule failed and nobody has accepted the delivery.
            AccountingError: lines do not add up.
        """
        staged, tally = self.stage()
        absent, tally = self.stage_absent(staged, tally)
        tally = replace(tally, notes=(*tally.notes, *self._compared(staged, tally)))
        tally.check_lines(self.contract.name)
        present = None if self.is_first else self.current
        tally = replace(tally, repeated=repeated_after(self.context.spark, self.contract, staged, absent, present))
        return Judged(self, staged, absent, tally, verdicts(self.contract, tally, enforce=not self.ungated))

    def write(self, staged: Rows, absent: Rows | None, tally: Tally, rules: tuple[RuleResult, ...]) -> Outcome:
        """Write raw, quarantine and clean in this order.

        Raises:
            AccountingError: rows do not add up.
        """
        if self.keeps_lines:
            self._keep_lines(staged, tally)
        version = self._write_clean(staged, absent, tally)
        counts = tally.receipt()
        if version is not None:
            self._check_rows(tally)
        return Outcome(
            state="done",
            version=version,
            rows=tally.live_after,
            rules=rules,
            metrics={"bytes_written": self.record.bytes_written, "lines": tally.lines},
            accepted=True,
            delivery=DeliveryOutcome("accepted", tally.sentence(self.contract), counts),
        )

    def _compared(self, staged: Rows, tally: Tally) -> tuple[str, ...]:
        """Return what a comparison of everything says of the rows that are known; none of them is deleted for it."""
        if not (self.delivery.whole and self.keeps_lines and is_read_by_stamps(self.contract)) or self.is_first:
            return ()
        if tally.unkeyed:
            return (f"全量核对：{tally.unkeyed} 行主键无法读取，不判断来源缺少的记录",)
        told = project(staged, {name: name for name in self.contract.key})
        gone = count_gone(told, self.uri, self.current, self.contract.key)
        return (
            (f"全量核对：来源已没有的记录 {gone} 条，未作删除，请核实",) if gone else ("全量核对：没有来源缺少的记录",)
        )

    def _keep_lines(self, staged: Rows, tally: Tally) -> None:
        """Append to raw and quarantine; after a killed attempt, put the lines in place of what it left."""
        texts: dict[str, Pick] = {name: f"_text.{name}" for name in self.contract.columns}
        if self.contract.mode == "change":
            texts["_operation"] = "_operation"
        texts |= {"_delivery_id": Constant(self.delivery.id, "bigint"), "_line": "_line"}
        kept = _RAW_OUTCOMES.get(self.contract.mode, OUTCOMES)
        if any(tally.outcomes[name] for name in kept):
            self._append("raw", project(with_outcome(staged, kept), texts))
        if any(tally.outcomes[name] for name in _HELD_BACK):
            bad = with_outcome(staged, _HELD_BACK)
            self._append("quarantine", project(bad, texts | {"_reasons": "_reasons"}))

    def _append(self, layer: str, rows: Rows) -> None:
        table = table_of(self.contract.resource, layer)
        uri = self.context.lake.location(table)
        columns = raw_columns(self.contract) if layer == "raw" else quarantine_columns(self.contract)
        ensure(self.server, uri, columns, comment=self.contract.title, found_by=["_delivery_id"])
        writer = self.record.writer(uri, table=table)
        if self.record.is_retry:
            writer.replace_where(rows, f"_delivery_id = {self.delivery.id}")
        else:
            writer.append(rows)

    def _write_clean(self, staged: Rows, absent: Rows | None, tally: Tally) -> int | None:
        if tally.rewrites == 0:
            return None
        columns = [item.name for item in clean_columns(self.contract)]
        origin: dict[str, Pick] = {
            "_delivery_id": Constant(self.delivery.id, "bigint"),
            "_as_of": Constant(self.as_of, "date"),
            "_deleted": "_is_delete",
            "_held_since": Constant(None, "date"),
        }
        rows = project(rewritten(staged), {name: origin.get(name, name) for name in columns})
        if absent is not None:
            rows = union(self.server, rows, project(absent, {name: name for name in columns}))
        delivery = {"verdict": "accepted", "reason": tally.sentence(self.contract), "counts": tally.receipt()}
        ensure_clean(self.server, self.uri, self.contract)
        writer = self.record.writer(self.uri, rows=tally.live_after, accepted=True, delivery=delivery)
        if self.is_first:
            return writer.append(rows).version
        if tally.rewrites > HELD_ROWS:
            return writer.replace_using(rows, self.contract.key).version
        few = rows if isinstance(rows, pa.Table) else fetch(rows)
        if tally.rewrites > LISTED_UNITS:
            return writer.replace_using(few, self.contract.key).version
        units = list(zip(*[few.column(name).to_pylist() for name in self.contract.key], strict=True))
        return writer.replace_listed(few, self.contract.key, units).version

    def _check_rows(self, tally: Tally) -> None:
        counted = live_rows(self.uri)
        if counted is None:
            live = self.context.spark.read.format("delta").load(self.uri)
            counted = live.where("NOT _deleted").agg(F.count(F.lit(1))).collect()[0][0]
        if counted != tally.live_after:
            raise AccountingError(
                self.contract.name,
                f"{counted} live rows after the write where {tally.live_after} were expected; compare clean with raw",
            )


@dataclass(frozen=True)
class Judged:
    """A delivery whose verdict stands, about to be written.

    Attributes:
        taking: the delivery.
        lines: staged, with their outcomes.
        absent: clean rows that change although no good line bears their key.
        tally: all counts.
        rules: what the rules said.
    """

    taking: Taking
    lines: Rows
    absent: Rows | None
    tally: Tally
    rules: tuple[RuleResult, ...]

    def write(self) -> Outcome:
        """Write the tables."""
        return self.taking.write(self.lines, self.absent, self.tally, self.rules)

    def problems(self) -> list[Problem]:
        """Return where the first lines that were held back are."""
        if not self.tally.outcomes["quarantined"] + self.tally.outcomes["unreadable"]:
            return []
        return first_problems(with_outcome(self.lines, _HELD_BACK), PROBLEMS_KEPT)


def judge(context: Context, record: RunRecord, prepare: Callable[[Context], Taking], *, few: bool) -> Judged:
    """Judge a delivery, in this process if its lines are few, see :meth:`Taking.judge`; nothing is written.

    Args:
        context: the task's surroundings.
        record: the open run.
        prepare: makes the taking with the session of a context.
        few: whether this process may hold the lines.
    """
    types = column_types(record.contract)
    return evaluated(
        context, record, lambda chosen: prepare(chosen).without_recognised().judge(), small=few, types=types
    )


def _told() -> Column:
    """Return the reasons of a line; of one that could not be read there is one only."""
    unreadable = F.array(
        F.struct(F.lit("unreadable").alias("rule"), F.lit("").alias("column"), F.col("_unreadable").alias("reason"))
    )
    return F.when(F.col("_unreadable").isNotNull(), unreadable).otherwise(F.col("_reasons"))
