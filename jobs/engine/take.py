"""One delivery on its way into raw, quarantine and clean: staged once, judged whole, then written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from jobs.engine.check import check, row_rules
from jobs.engine.conform import conform
from jobs.engine.context import Context
from jobs.engine.errors import AccountingError
from jobs.engine.identity import with_ids
from jobs.engine.lines import OUTCOMES, decide, gone, held
from jobs.engine.record import RunRecord
from jobs.engine.small_read import live_rows
from jobs.engine.tables import clean_columns, ensure, ensure_clean, quarantine_columns, quoted, raw_columns
from jobs.engine.verdicts import Tally, verdicts
from jobs.engine.write import LISTED_UNITS
from ledger.deliveries import Delivery, Problem
from ledger.runs import DeliveryOutcome, Outcome
from schemas.contract import CollectedContract

MANY_LINES = 100_000
"""Of more lines than this Spark's ways of joining matter more than its number of jobs."""
SPREAD_ROWS = 2_500_000
"""Up to so many clean rows their keys are given to every worker: about 250 MB, where the lines would be sorted."""
PROBLEMS_KEPT = 1_000
"""Problem rows the ledger keeps of one delivery; the quarantine table has them all."""
_RAW_OUTCOMES = {"snapshot": ("inserted", "updated", "superseded", "quarantined", "unreadable")}


@dataclass
class Taking:
    """A delivery being taken: its lines staged with their outcomes, nothing written yet.

    Attributes:
        lines: parsed lines (all text).
        line_count: how many.
        uri: the clean table, or the scratch table of a replay.
        live_before: its live rows.
        is_first: whether nothing was ever written to it.
        as_of: day the delivery speaks of.
        ungated: a person has accepted the delivery; gates count but do not stop it.
        keeps_lines: whether raw and quarantine get the lines; a replay has given them before.
    """

    context: Context
    contract: CollectedContract
    delivery: Delivery
    record: RunRecord
    lines: DataFrame
    line_count: int
    uri: str
    live_before: int
    is_first: bool
    as_of: date
    ungated: bool = False
    keeps_lines: bool = True

    @cached_property
    def current(self) -> DataFrame:
        """The clean table as it stands, tombstones included."""
        ensure_clean(self.context.spark, self.uri, self.contract)
        return self.context.spark.read.format("delta").load(self.uri)

    def stage(self) -> tuple[DataFrame, Tally]:
        """Write the judged lines to scratch once; return them and all their counts."""
        lake = self.context.lake
        typed = conform(self.lines, self.contract, lake.codes)
        # Taken again later, by a replay or after a restore, a line is judged by the date it was judged by first.
        judged = check(typed, self.contract, lake.codes, self.delivery.business_date)
        identified = with_ids(judged, self.contract, self.context.keys())
        decided = decide(
            identified,
            self._met_by(typed),
            self.contract,
            keys_differ=self.line_count > MANY_LINES and not self._share_keys(typed),
            spread=self.line_count > MANY_LINES and self.live_before <= SPREAD_ROWS,
        )
        seen = Observation("lines")
        path = f"{lake.staging(self.record.run.id)}/lines"
        observed = self._lightened(decided).observe(seen, *_counts(self.contract))
        observed.write.mode("overwrite").parquet(path)
        staged = self.context.spark.read.schema(decided.schema).parquet(path)
        return staged, Tally.of(self.contract, seen.get, self.live_before)

    def _share_keys(self, typed: DataFrame) -> bool:
        """Return whether two lines share a key: of many lines this look costs less than ranking them all."""
        keys = typed.select(*[quoted(name) for name in self.contract.key])
        return bool(keys.groupBy(*keys.columns).count().where("count > 1").limit(1).collect())

    def _met_by(self, typed: DataFrame) -> DataFrame:
        """Return the clean rows that the lines may meet: none at first, those of their keys when the lines are few."""
        if self.is_first:
            return self.context.spark.createDataFrame([], self.current.schema)
        if self.live_before <= MANY_LINES or self.line_count > MANY_LINES:
            return self.current
        keys = typed.select(*[quoted(name) for name in self.contract.key]).distinct()
        return self.current.join(F.broadcast(keys), list(self.contract.key), "left_semi")

    def _lightened(self, decided: DataFrame) -> DataFrame:
        """Return the lines without the values that nobody reads again; key and outcome stay of every line."""
        kept = F.col("_rewrite") | F.col("_outcome").isin(*_RAW_OUTCOMES.get(self.contract.mode, OUTCOMES))
        read_again = {
            *self.contract.key,
            "_outcome",
            "_rewrite",
            "_line",
            "_good",
            "_is_delete",
            "_reasons",
            "_warnings",
        }
        return decided.select(
            *[
                F.col(quoted(name)) if name in read_again else F.when(kept, F.col(quoted(name))).alias(name)
                for name in decided.columns
            ]
        )

    def stage_absent(self, staged: DataFrame, tally: Tally) -> tuple[DataFrame | None, Tally]:
        """Stage the clean rows that change although no good line bears their key: vanished ones and held ones."""
        parts = []
        if self.contract.mode == "snapshot" and not self.is_first and tally.unkeyed == 0:
            parts.append(gone(staged, self.current, self.contract))
        if tally.outcomes["quarantined"] and not self.is_first:
            parts.append(held(staged, self.current, self.contract, self.as_of))
        if not parts:
            return None, tally
        rows = parts[0] if len(parts) == 1 else parts[0].unionByName(parts[1])
        seen = Observation("absent")
        path = f"{self.context.lake.staging(self.record.run.id)}/absent"
        counted = rows.observe(seen, F.count_if("_deleted").alias("vanished"), F.count(F.lit(1)).alias("rows"))
        counted.write.mode("overwrite").parquet(path)
        frame = self.context.spark.read.schema(rows.schema).parquet(path)
        return frame, tally.with_absent(int(seen.get["vanished"]), int(seen.get["rows"]))

    def take(self) -> tuple[Outcome, Tally, list[Problem]]:
        """Judge, then write raw, quarantine and clean in this order.

        Raises:
            GateError: a gate rule failed and nobody has accepted the delivery; nothing was written.
            AccountingError: lines or rows do not add up.
        """
        staged, tally = self.stage()
        absent, tally = self.stage_absent(staged, tally)
        tally.check_lines(self.contract.name)
        rules = verdicts(self.contract, tally, enforce=not self.ungated)
        if self.keeps_lines:
            self._keep_lines(staged, tally)
        version = self._write_clean(staged, absent, tally)
        counts = tally.receipt()
        if version is not None:
            self._check_rows(tally)
        outcome = Outcome(
            state="done",
            version=version,
            rows=tally.live_after,
            rules=rules,
            metrics={"bytes_written": self.record.bytes_written, "lines": tally.lines},
            accepted=True,
            delivery=DeliveryOutcome("accepted", tally.sentence(), counts),
        )
        return outcome, tally, self._problems(staged, tally)

    def _problems(self, staged: DataFrame, tally: Tally) -> list[Problem]:
        """Return where the first problem lines are: line, column and rule, no value."""
        if not tally.outcomes["quarantined"] + tally.outcomes["unreadable"]:
            return []
        found = (
            staged.where("_outcome IN ('quarantined', 'unreadable')")
            .select("_line", F.explode_outer("_reasons").alias("r"))
            .select("_line", F.coalesce("r.column", F.lit("")), F.coalesce("r.rule", F.lit("unreadable")))
            .orderBy("_line")
            .limit(PROBLEMS_KEPT)
        )
        return [Problem(line=row[0], column=row[1], rule=row[2]) for row in found.collect()]

    def _keep_lines(self, staged: DataFrame, tally: Tally) -> None:
        """Append to raw and quarantine; after a killed attempt, put the lines in place of what it left."""
        texts = [F.col(f"_text.{quoted(name)}").alias(name) for name in self.contract.columns]
        operation = [F.col("_operation")] if self.contract.mode == "change" else []
        origin = [F.lit(self.delivery.id).cast("bigint").alias("_delivery_id"), F.col("_line")]
        kept = _RAW_OUTCOMES.get(self.contract.mode, OUTCOMES)
        if any(tally.outcomes[name] for name in kept):
            self._append("raw", staged.where(F.col("_outcome").isin(*kept)).select(*texts, *operation, *origin))
        if tally.outcomes["quarantined"] + tally.outcomes["unreadable"]:
            unreadable = F.when(
                F.col("_unreadable").isNotNull(),
                F.array(
                    F.struct(
                        F.lit("unreadable").alias("rule"),
                        F.lit("").alias("column"),
                        F.col("_unreadable").alias("reason"),
                    )
                ),
            ).otherwise(F.col("_reasons"))
            bad = staged.where("_outcome IN ('quarantined', 'unreadable')")
            self._append("quarantine", bad.select(*texts, *operation, *origin, unreadable.alias("_reasons")))

    def _append(self, layer: str, rows: DataFrame) -> None:
        table = f"{layer}.{self.contract.domain}__{self.contract.thing}"
        uri = self.context.lake.location(table)
        columns = raw_columns(self.contract) if layer == "raw" else quarantine_columns(self.contract)
        ensure(self.context.spark, uri, columns, comment=self.contract.title, found_by=["_delivery_id"])
        writer = self.record.writer(uri, table=table)
        if self.record.is_retry:
            writer.replace_where(rows, f"_delivery_id = {self.delivery.id}")
        else:
            writer.append(rows)

    def _write_clean(self, staged: DataFrame, absent: DataFrame | None, tally: Tally) -> int | None:
        if tally.rewrites == 0:
            return None
        columns = [item.name for item in clean_columns(self.contract)]
        origin: Mapping[str, Column] = {
            "_delivery_id": F.lit(self.delivery.id).cast("bigint"),
            "_as_of": F.lit(self.as_of),
            "_deleted": F.col("_is_delete"),
            "_held_since": F.lit(None).cast("date"),
        }
        rows = staged.where("_rewrite").withColumns(dict(origin)).select(*[quoted(name) for name in columns])
        if absent is not None:
            rows = rows.unionByName(absent.select(*[quoted(name) for name in columns]))
        delivery = {"verdict": "accepted", "reason": tally.sentence(), "counts": tally.receipt()}
        writer = self.record.writer(self.uri, rows=tally.live_after, accepted=True, delivery=delivery)
        if self.is_first:
            return writer.append(rows).version
        if tally.rewrites > LISTED_UNITS:
            return writer.replace_using(rows, self.contract.key).version
        few = rows.toArrow()
        units = list(zip(*[few.column(name).to_pylist() for name in self.contract.key], strict=True))
        return writer.replace_listed(
            self.context.spark.createDataFrame(few, rows.schema), self.contract.key, units
        ).version

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


def _counts(contract: CollectedContract) -> list[Column]:
    """Return every count of the staged lines, taken in the pass that writes them."""
    rules = [*contract.rules.quarantine]
    # Asked first: looking through an array costs more than all the rest of a count.
    has_reasons = F.size("_reasons") > 0
    unkeyed = F.lit(False)
    for name in contract.key:
        unkeyed = unkeyed | F.col(quoted(name)).isNull()
    return [
        F.count(F.lit(1)).alias("lines"),
        *[F.count_if(F.col("_outcome") == name).alias(name) for name in OUTCOMES],
        F.count_if(unkeyed).alias("unkeyed"),
        F.count_if("_rewrite").alias("rewrites"),
        *[
            F.count_if(has_reasons & (F.size(F.filter("_reasons", _has_rule(rule.id))) > 0)).alias(f"held:{rule.id}")
            for rule in rules
        ],
        *[
            F.count_if(F.array_contains("_warnings", rule.id)).alias(f"warn:{rule.id}")
            for rule in row_rules(contract.rules.warn)
        ],
    ]


def _has_rule(rule: str) -> Callable[[Column], Column]:
    return lambda item: item["rule"] == F.lit(rule)
