"""The incremental rule: a derived table costs what has changed, and equals what a rebuild would make."""

from datetime import date

import pyarrow as pa
import structlog
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from citylake.contract.model import DerivedContract
from citylake.delta.difference import fetch_small, small_difference, stage_changed
from citylake.delta.errors import FeedLostError, WaitingError
from citylake.delta.fetch import analysed, fetch
from citylake.delta.shape import check_follows
from citylake.delta.small_read import earliest, held_rows, rows_of_units
from citylake.delta.sql_text import quoted
from citylake.delta.tables import add_columns, at_version, derived_columns, ensure_derived
from citylake.delta.write import LISTED_UNITS, Writer
from citylake.engine.derived.evaluate import TransformRun, evaluate
from citylake.engine.derived.gates import Checked, FewRows, check_few, check_rows, fetch_few, needs_other_units
from citylake.engine.derived.offered import offered
from citylake.engine.derived.units import Due, Units, touched
from citylake.engine.derived.work import Work
from citylake.engine.run.context import Context, TableResult
from citylake.engine.run.executor import evaluated
from citylake.engine.run.record import RunRecord, running, sole_writer
from citylake.engine.transforms import input_types
from citylake.ledger.runs.runs import Consumed, Outcome, open_runs
from citylake.spark.local import NotHereError, is_local

log = structlog.get_logger()

OVERWRITE_SHARE = 0.3
"""When a whole evaluation changes more units than this share of the rows, it is written as one overwrite."""


def derive(context: Context, contract: DerivedContract) -> TableResult:
    """Bring one derived table up to its inputs; a no-op that asks nothing of Spark when nothing moved.

    Raises:
        WaitingError: an input has never been accepted.
        GateError: a gate rule failed; nothing was written.
    """
    work = _look(context, contract)
    if not (work.has_to_run or open_runs(context.lake.ledger, contract.name)):
        return _unchanged(work)
    with sole_writer(context, contract.name) as held:
        # A killed run may have committed, or another run written since the look: what stands now is what counts.
        work = _look(context, contract)
        if not work.has_to_run:
            return _unchanged(work)
        with running(context, contract, work.kind, _consumed(work), work.standing.meaning) as record:
            outcome, counts = evaluated(
                context,
                record,
                lambda chosen: _make(Work(chosen, work.standing), record),
                small=work.reads_little or not work.evaluates_all,
                types=input_types(context.lake.catalog, contract),
            )
            done = record.close(outcome, held)
    state_name = "unchanged" if outcome.version is None else "written"
    log.info("derived", table=contract.name, state=state_name, **counts)
    return TableResult(contract.name, state_name, done.version, done.content, done.rows, counts=counts)


def _look(context: Context, contract: DerivedContract) -> Work:
    found = context.standing_of(contract)
    if found.waits_for:
        raise WaitingError(contract.name, f"waits for {', '.join(found.waits_for)}: never accepted")
    return Work(context, found)


def _consumed(work: Work) -> dict[str, Consumed]:
    return {alias: taken.consumed for alias, taken in work.inputs.items()}


def _unchanged(work: Work) -> TableResult:
    state = work.state
    assert state is not None
    return TableResult(work.contract.name, "unchanged", state.version, state.content, state.rows)


def _make(work: Work, record: RunRecord) -> tuple[Outcome, dict[str, int]]:
    if work.standing.has_new_meaning:
        check_follows(work.context.lake, work.contract)
        add_columns(record.context.spark, work.uri, derived_columns(work.contract))
    staged = f"{work.context.lake.staging(record.run.id)}/units"
    if work.evaluates_all:
        said = offered(work.contract, _run(work, record), staged) if work.moves_whole else None
        return _rebuild(work, record) if said is None else _of_units(work, record, *said)
    try:
        version = work.present_version
        day = work.context.business_date
        due = Due(work.uri, version, day) if work.standing.is_due and version is not None else None
        # What is not read here of the feeds is Spark's to read, whoever evaluates the few units that they name.
        units = touched(record.context.spark, work.contract, work.inputs, work.standing.moved, due, staged)
    except (FeedLostError, PySparkException) as error:
        if is_local(work.context.spark):
            raise NotHereError("change feed") from error
        log.warning("feed lost, rebuilding", table=work.contract.name, kind=type(error).__name__)
        return _rebuild(work, record)
    return _of_units(work, record, units, None)


def _of_units(work: Work, record: RunRecord, units: Units, rows: DataFrame | None) -> tuple[Outcome, dict[str, int]]:
    """Bring the units up to date; ``rows`` are theirs if the transform has offered them."""
    if units.listed == ():
        return _nothing(work), {"units": 0, "written": 0}
    make = _many if units.listed is None or needs_other_units(work.contract) else _few
    return make(work, record, units, rows)


def _few(work: Work, record: RunRecord, units: Units, rows: DataFrame | None) -> tuple[Outcome, dict[str, int]]:
    """Evaluate, compare and write in this process: at most a thousand units and a few megabytes."""
    few = fetch_few(work.context, work.contract, _evaluate(work, record, units) if rows is None else rows)
    if few is None:
        return _many(work, record, units, rows)
    result = few.rows
    present = _present_rows(work, units, result.schema)
    if present is None:
        return _many(work, record, units, rows)
    difference = small_difference(result, present, work.contract.unit)
    assert work.state is not None
    rows_after = (work.state.rows or 0) + difference.rows.num_rows - difference.removed.num_rows
    checked = check_few(work.contract, few, rows_after)
    assert units.listed is not None
    if not difference.units:
        return _nothing(work, checked), {"units": len(units.listed), "written": 0}
    parts = _parts(work.contract, [difference.rows, difference.removed])
    _writer(work, record, rows_after, parts).replace_listed(difference.rows, work.contract.unit, difference.units)
    counts = {"units": len(units.listed), "changed_units": len(difference.units), "written": difference.rows.num_rows}
    return _written(work, record, checked, rows_after, parts), counts


def _present_rows(work: Work, units: Units, schema: pa.Schema) -> pa.Table | None:
    """Return the present rows of listed units, None when they are more than this process should hold."""
    assert units.listed is not None and work.present_version is not None  # noqa: PT018
    rows = rows_of_units(work.uri, work.present_version, [work.contract.unit], units.listed)
    if rows is not None:
        try:
            return rows.select(schema.names).cast(schema)
        except (KeyError, pa.ArrowException):
            log.info("left to Spark", table=work.contract.name)
    return fetch_small(units.restrict(work.present(), work.contract.unit))


def _rebuild(work: Work, record: RunRecord) -> tuple[Outcome, dict[str, int]]:
    if is_local(work.context.spark) or (work.present_version is None and work.reads_little):
        few = fetch_few(work.context, work.contract, _evaluate(work, record, None))
        if few is not None:
            return _first_few(work, record, few) if work.present_version is None else _whole_few(work, record, few)
    return _many(work, record, None)


def _first_few(work: Work, record: RunRecord, few: FewRows) -> tuple[Outcome, dict[str, int]]:
    """Check and write in this process."""
    rows = few.rows.num_rows
    checked = check_few(work.contract, few, rows)
    parts = _parts(work.contract, [few.rows])
    _writer(work, record, rows, parts).overwrite(few.rows)
    return _written(work, record, checked, rows, parts), {"written": rows}


def _whole_few(work: Work, record: RunRecord, few: FewRows) -> tuple[Outcome, dict[str, int]]:
    """Compare all units with the present rows and write in this process."""
    present = held_rows(work.uri, work.present_version, [item.name for item in derived_columns(work.contract)])
    if present is None:
        raise NotHereError("more rows than this process should hold")
    difference = small_difference(few.rows, present.cast(few.rows.schema), work.contract.unit)
    rows = few.rows.num_rows
    checked = check_few(work.contract, few, rows)
    if not difference.units:
        return _nothing(work, checked), {"units": 0, "written": 0}
    parts = _parts(work.contract, [difference.rows, difference.removed])
    if len(difference.units) > max(LISTED_UNITS, OVERWRITE_SHARE * present.num_rows):
        _writer(work, record, rows, parts).overwrite(few.rows)
    elif len(difference.units) > LISTED_UNITS:
        raise NotHereError("more changed units than a list holds")
    else:
        _writer(work, record, rows, parts).replace_listed(difference.rows, work.contract.unit, difference.units)
    return _written(work, record, checked, rows, parts), {"changed_units": len(difference.units)}


def _many(
    work: Work, record: RunRecord, units: Units | None, rows: DataFrame | None = None
) -> tuple[Outcome, dict[str, int]]:
    """Evaluate into scratch Parquet, compare and write in Spark; everything when ``units`` is None.

    Raises:
        NotHereError: in this process; it is for the server.
    """
    if is_local(work.context.spark):
        raise NotHereError("more than this process should hold")
    staged = rows
    if staged is None:
        path = f"{work.context.lake.staging(record.run.id)}/result"
        result = _evaluate(work, record, units)
        with analysed(work.contract.name):
            schema = result.schema
        result.write.mode("overwrite").parquet(path)
        staged = work.context.spark.read.schema(schema).parquet(path)
    if work.present_version is None:
        return _first(work, record, staged)
    return _replace(work, record, staged, units)


def _first(work: Work, record: RunRecord, staged: DataFrame) -> tuple[Outcome, dict[str, int]]:
    checked = check_rows(work.context, work.contract, staged, None)
    parts = _parts(work.contract, [_distinct_parts(work.contract, staged)])
    _writer(work, record, checked.rows, parts).overwrite(staged)
    return _written(work, record, checked, checked.rows, parts), {"written": checked.rows}


def _replace(work: Work, record: RunRecord, staged: DataFrame, units: Units | None) -> tuple[Outcome, dict[str, int]]:
    """Write the units that differ: a few listed, many by ``replaceUsing``, most by an overwrite."""
    by = work.contract.unit
    present = work.present() if units is None else units.restrict(work.present(), by)
    changed = stage_changed(staged, present, by, f"{work.context.lake.staging(record.run.id)}/changed")
    new, old = changed.rows_of(staged), changed.rows_of(present)
    rows_after = _rows_after(work, new, old)
    others = None if units is None else units.without(work.present(), by)
    checked = check_rows(work.context, work.contract, staged, rows_after, others)
    if changed.units == 0:
        return _nothing(work, checked), {"units": 0, "written": 0}
    parts = _parts(work.contract, [_distinct_parts(work.contract, rows) for rows in (new, old)])
    if units is None and changed.units > OVERWRITE_SHARE * max(1, (work.state.rows or 0) if work.state else 0):
        _writer(work, record, rows_after, parts).overwrite(staged)
    else:
        writer = _writer(work, record, rows_after, parts, changed.steps)
        writer.replace_changed(_shaped(new, work.contract), changed)
    counts = {"changed_units": changed.units, "vanished_units": changed.vanished}
    return _written(work, record, checked, rows_after, parts), counts


def _distinct_parts(contract: DerivedContract, rows: DataFrame) -> pa.Table | None:
    """Return the distinct parts of the rows; there are as many as sources, a few hundred in a whole city."""
    return fetch(rows.select(*contract.partition).distinct()) if contract.partition else None


def _parts(contract: DerivedContract, tables: list[pa.Table | None]) -> tuple[str, ...]:
    """Return the names of all parts in which the given rows lie."""
    if not contract.partition:
        return ()
    found: set[str] = set()
    for table in tables:
        if table is not None:
            found.update(table.column(contract.partition[0]).to_pylist())
    return tuple(sorted(found))


def _rows_after(work: Work, new: DataFrame, old: DataFrame) -> int:
    """Return the table's rows after the write: those of unchanged units stay."""
    assert work.state is not None
    sides = new.select(F.lit(1).alias("side")).unionAll(old.select(F.lit(-1).alias("side")))
    gained = sides.agg(F.coalesce(F.sum("side"), F.lit(0))).collect()[0][0]
    return (work.state.rows or 0) + int(gained)


def _evaluate(work: Work, record: RunRecord, units: Units | None) -> DataFrame:
    return evaluate(work.context, work.contract, work.inputs, _run(work, record), units)


def _run(work: Work, record: RunRecord) -> TransformRun:
    context = work.context
    ensure_derived(record.context.spark, work.uri, work.contract)
    version = work.present_version
    return TransformRun(
        spark=context.spark,
        business_date=context.business_date,
        contract=work.contract,
        catalog=context.lake.catalog,
        previous=work.present() if version is not None else at_version(context.spark, work.uri, 0).limit(0),
        scratch=f"{context.lake.staging(record.run.id)}/scratch",
        versions=work.inputs,
        consumed=work.standing.consumed,
        make_keys=context.keys,
        lake=context.lake,
        present=None if version is None else (work.uri, version),
        moved=frozenset(work.inputs if work.standing.is_due else work.standing.moved),
        is_whole=work.starts_anew,
    )


def _writer(work: Work, record: RunRecord, rows: int, parts: tuple[str, ...], steps: int = 1) -> Writer:
    recheck = "_recheck_on" in work.contract.columns
    return record.writer(
        work.uri, steps=steps, rows=rows, parts=parts, recheck=recheck, accepted=_accepted_at_commit(work.contract)
    )


def _accepted_at_commit(contract: DerivedContract) -> bool:
    """Linked and resolver tables are accepted by their own gates; base and above by Great Expectations."""
    return contract.layer == "linked" or contract.made_by == "resolver"


def _nothing(work: Work, checked: Checked | None = None) -> Outcome:
    """Return the outcome of a run that wrote nothing; what a failed run half wrote before it now counts as content."""
    unknown = work.state is not None and work.present_version != work.state.version
    return Outcome(
        state="done",
        version=work.present_version if unknown else None,
        parts=tuple(work.state.parts) if unknown and work.state is not None else (),
        rows=work.present().count() if unknown else None,
        accepted=_accepted_at_commit(work.contract),
        recheck_on=_earliest_recheck(work),
        consumed=_consumed(work),
        rules=checked.results if checked else (),
    )


def _written(work: Work, record: RunRecord, checked: Checked, rows: int, parts: tuple[str, ...]) -> Outcome:
    return Outcome(
        state="done",
        version=record.commits[-1].version,
        parts=parts,
        rows=rows,
        recheck_on=_earliest_recheck(work),
        consumed=_consumed(work),
        rules=checked.results,
        metrics={"bytes_written": record.bytes_written},
        accepted=_accepted_at_commit(work.contract),
    )


def _earliest_recheck(work: Work) -> date | None:
    """Return the next day on which a row changes by time alone."""
    if "_recheck_on" not in work.contract.columns:
        return None
    found = earliest(work.uri, "_recheck_on")
    if found is not None:
        return found[0]
    rows = work.context.spark.read.format("delta").load(work.uri)
    day: date | None = rows.agg(F.min("_recheck_on")).collect()[0][0]
    return day


def _shaped(rows: DataFrame, contract: DerivedContract) -> DataFrame:
    return rows.select(
        *[F.col(quoted(item.name)).cast(item.type).alias(item.name) for item in derived_columns(contract)]
    )
