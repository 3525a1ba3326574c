"""Asking Great Expectations: counts only, no value is handed on, and a rule that cannot run is an error, never zero."""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property, reduce
from operator import and_
from typing import Any

import pandas as pd
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from citylake.delta.sql_text import quoted
from citylake.engine.check import bad
from citylake.ledger.runs.runs import RuleResult
from citylake.night.judging.held import Held, Preparing
from citylake.night.judging.suite import Check, Suite
from citylake.verify.store import Store

COLUMNS = "columns"
"""Id of the rule that a table has exactly the columns its contract names."""
_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}


@dataclass(frozen=True)
class Answer:
    """What Great Expectations said of one check; ``None`` stands for what it did not count."""

    raised: bool
    checked: int | None
    bad: int | None
    observed: float | None


class Validator:
    """One data context for all tables of a stage; importing Great Expectations takes seconds, so it happens here, once.

    Args:
        store: where columns of held rows are prepared.
    """

    def __init__(self, store: Store) -> None:
        # Whatever it would report about its use stays here.
        os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
        import great_expectations as gx

        self._context: Any = gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        self._preparing = Preparing(store)

    # One asset each: what is asked of it is given with the question, and adding one writes the whole context anew.
    @cached_property
    def _pandas(self) -> Any:
        return _frames(self._context.data_sources.add_pandas("pandas"))

    @cached_property
    def _spark(self) -> Any:
        # Where no session is open this would start a Spark of its own.
        return _frames(self._context.data_sources.add_spark("spark", persist=False))

    def validate_held(
        self, held: Held, suite: Suite, codes: Mapping[str, Mapping[str, str]], business_date: date
    ) -> tuple[RuleResult, ...] | None:
        """Return what :meth:`validate` says of a table, from its rows in this process; None when Spark has to be asked.

        Args:
            held: the table.
            suite: what to ask.
            codes: code lists by name.
            business_date: the night, for rules about the future.
        """
        runnable = [check for check in suite.checks if set(check.reads) <= set(held.present)]
        asked = self._preparing.prepare(held, runnable, codes, business_date)
        if asked is None:
            return None
        answers = self._ask(self._pandas, asked.frame, suite.table, asked.checks) if runnable else {}
        if any(answers[check.number].raised for check in runnable):
            return None
        return _told(suite, held.present, answers)

    def validate(
        self,
        frame: DataFrame,
        suite: Suite,
        codes: Mapping[str, Mapping[str, str]],
        business_date: date,
        *,
        is_small: bool = False,
    ) -> tuple[RuleResult, ...]:
        """Return one result for each check, in the suite's order, and one for the columns before them.

        Args:
            frame: the whole table at one version.
            suite: what to ask.
            codes: code lists by name.
            business_date: the night, for rules about the future.
            is_small: what the checks read may be kept by the server while they are asked.
        """
        present = frame.columns
        runnable = [check for check in suite.checks if set(check.reads) <= set(present)]
        answers = {}
        if runnable:
            asked = _prepared(frame, runnable, codes, business_date)
            # Great Expectations sends a plan for every check; of a kept frame there is nothing to send, analyse or plan.
            kept = asked.localCheckpoint() if is_small else asked
            with _few_jobs(frame.sparkSession):
                answers = self._ask(self._spark, kept, suite.table, runnable)
        return _told(suite, present, answers)

    def _ask(
        self, table: Any, frame: DataFrame | pd.DataFrame, name: str, checks: Sequence[Check]
    ) -> dict[int, Answer]:
        import great_expectations as gx
        import great_expectations.expectations as gxe

        expectations = [
            getattr(gxe, check.expectation)(**check.arguments, meta={"check": check.number}) for check in checks
        ]
        suite = gx.ExpectationSuite(name=name, expectations=expectations)
        with _silent():
            batch = table.get_batch(batch_parameters={"dataframe": frame})
            said = batch.validate(suite, result_format=_RESULT_FORMAT)
        return {one.expectation_config.meta["check"]: _answer(one) for one in said.results}


def _frames(source: Any) -> Any:
    return source.add_dataframe_asset("table").add_batch_definition_whole_dataframe("all")


def _told(suite: Suite, present: Sequence[str], answers: Mapping[int, Answer]) -> tuple[RuleResult, ...]:
    rows = max((answer.checked or 0 for answer in answers.values()), default=0)
    said = (_result(check, answers.get(check.number), rows) for check in suite.checks)
    return (_columns_result(suite, present), *said)


def _prepared(
    frame: DataFrame, checks: list[Check], codes: Mapping[str, Mapping[str, str]], business_date: date
) -> DataFrame:
    """Return only what the checks read, with the columns that stand in for expectations."""
    made = {}
    for check in checks:
        if check.bad is not None:
            made[check.column] = bad(check.bad, codes, business_date)
        elif check.distinct:
            names = [F.col(quoted(name)) for name in check.distinct]
            made[check.column] = F.when(reduce(and_, [name.isNotNull() for name in names]), F.xxhash64(*names))
    read = {name for check in checks if not check.column for name in check.reads}
    kept = [F.col(quoted(name)) for name in frame.columns if name in read]
    return frame.select(*kept, *(column.alias(name) for name, column in made.items())) if kept or made else frame


def _columns_result(suite: Suite, present: Sequence[str]) -> RuleResult:
    missing = [name for name in suite.columns if name not in present]
    foreign = [name for name in present if name not in suite.columns]
    said = [f"缺少列 {'、'.join(missing)}"] if missing else []
    said += [f"多出列 {'、'.join(foreign)}"] if foreign else []
    wrong = len(missing) + len(foreign)
    return RuleResult(COLUMNS, "gate", "fail" if wrong else "pass", len(present), wrong, "；".join(said))


def _answer(said: Any) -> Answer:
    counted = said.result or {}
    observed = counted.get("observed_value")
    raised = not {"element_count", "observed_value"} & set(counted)
    return Answer(raised, counted.get("element_count"), counted.get("unexpected_count"), observed)


def _result(check: Check, answer: Answer | None, rows: int) -> RuleResult:
    """Return the verdict on one check; an answer that is missing or counts nothing is an error."""
    counts = None if answer is None or answer.raised else _counts(check, answer, rows)
    if counts is None:
        return RuleResult(check.rule, check.action, "error", 0, 0, f"{check.message}：此规则未能执行，请查看日志")
    checked, wrong = counts
    if not wrong:
        return RuleResult(check.rule, check.action, "pass", checked, 0)
    return RuleResult(
        check.rule, check.action, "fail" if check.action == "gate" else "warn", checked, wrong, check.message
    )


def _counts(check: Check, answer: Answer, rows: int) -> tuple[int, int] | None:
    """Return how many were checked and how many of them are bad; None if that was not counted."""
    if check.kind == "values":
        # Of no rows Spark's sum of what is bad is NULL.
        if answer.checked == 0:
            return 0, 0
        return None if answer.checked is None or answer.bad is None else (answer.checked, answer.bad)
    if answer.observed is None:
        return None
    if check.kind == "rows":
        count = int(answer.observed)
        low, high = check.arguments.get("min_value"), check.arguments.get("max_value")
        outside = (low is not None and count < low) or (high is not None and count > high)
        return count, int(outside)
    # The share of distinct values of nothing is said to be 0; of anything it is more.
    return rows, 0 if answer.observed in (0, 1) else max(1, rows - round(answer.observed * rows))


@contextmanager
def _few_jobs(spark: SparkSession) -> Iterator[None]:
    """Switch adaptive execution off: a single aggregate gains nothing from it and pays for every stage with a job."""
    name = "spark.sql.adaptive.enabled"
    before = spark.conf.get(name)
    spark.conf.set(name, "false")
    try:
        yield
    finally:
        try:
            spark.conf.set(name, str(before))
        except PySparkException:
            # An interrupted session has no settings left to put back, and its own error is the one to see.
            logging.getLogger(__name__).warning("setting_not_restored name=%s", name)


@contextmanager
def _silent() -> Iterator[None]:
    """Keep what Great Expectations logs of errors out: it may quote a value; so may warnings."""
    logger = logging.getLogger("great_expectations")
    level, disabled = logger.level, logger.disabled
    logger.setLevel(logging.CRITICAL + 1)
    logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
        logger.disabled = disabled
