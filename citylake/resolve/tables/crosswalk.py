"""A crosswalk's run: what it reads of the lake, decides in DuckDB, and gives back to the engine as Parquet."""

from collections.abc import Mapping

import duckdb
import structlog
from deltalake.exceptions import DeltaError
from pyspark.sql import DataFrame

from citylake.contract.linked import kind_id
from citylake.contract.model import DerivedContract
from citylake.contract.resolve_spec import ResolveSpec
from citylake.delta.shape import keeps_columns
from citylake.engine.derived.evaluate import TransformRun
from citylake.engine.derived.offered import Offer
from citylake.resolve.crosswalk import ROW, resolve, resolve_touched
from citylake.resolve.ids import Minting
from citylake.resolve.store import load, load_changes, number, opened, save

log = structlog.get_logger()

SUBJECTS, DECISIONS = "subject", "override"
"""Aliases of the crosswalk's inputs: the table of subjects, and what people have decided of them."""
_ALWAYS = (
    "subject_id", "source", "role", "is_anchor", "since", "id_text", "id_no", "id_class", "id_state", "former_key", "former_no",
)  # fmt: skip
_DECIDED = ("subject_id", "other_subject_id", "decision", "is_in_force")


def transform(_inputs: Mapping[str, DataFrame], run: TransformRun) -> DataFrame:
    """Return the crosswalk of everybody."""
    spec = run.catalog.spec(run.contract.domain)
    rows = f"{run.scratch}/crosswalk.parquet"
    with opened() as store:
        _load_subjects(store, run, spec, "subject")
        _load_before(store, run, spec)
        _load_decisions(store, run)
        resolve(store, spec, _minting(run, spec))
        save(store, f"SELECT {_named(spec)} FROM made", rows)
    return run.spark.read.parquet(rows)


def changes(run: TransformRun) -> Offer | None:
    """Return the rows that differ because of changed subjects and decisions, None if everything is to be resolved."""
    spec, taken = run.catalog.spec(run.contract.domain), run.versions[SUBJECTS]
    since = run.consumed[SUBJECTS].version
    if run.is_whole or run.present is None or not keeps_columns(taken.uri, since, taken.version):
        return None
    units, rows = f"{run.scratch}/units.parquet", f"{run.scratch}/rows.parquet"
    with opened() as store:
        _load_subjects(store, run, spec, "everybody")
        try:
            load_changes(store, "changed", taken.uri, since, taken.version, _columns(spec))
        except (DeltaError, OSError, duckdb.Error) as error:
            log.warning("feed lost, resolving everybody", table=run.contract.name, kind=type(error).__name__)
            return None
        _load_before(store, run, spec)
        _load_decisions(store, run)
        resolve_touched(store, spec, _minting(run, spec))
        columns = ", ".join(ROW)
        store.execute(
            f"CREATE TABLE fresh AS SELECT {columns} FROM made EXCEPT SELECT {columns} FROM before SEMI JOIN made USING (subject_id)"
        )
        save(store, "SELECT subject_id FROM fresh UNION SELECT subject_id FROM gone", units)
        save(store, f"SELECT {_named(spec)} FROM fresh", rows)
        told = {name: number(store, f"SELECT count(*) FROM {name}") for name in ("changed", "touched", "fresh", "gone")}
    log.info("resolved", table=run.contract.name, **told)
    return Offer(run.spark.read.parquet(units), run.spark.read.parquet(rows))


def _columns(spec: ResolveSpec) -> list[str]:
    """Return the columns of the table of subjects that the resolver reads."""
    beside = ("id_birth",) if spec.kind == "person" else ()
    return [*_ALWAYS, *spec.fields, *beside]


def _load_subjects(store: duckdb.DuckDBPyConnection, run: TransformRun, spec: ResolveSpec, name: str) -> None:
    taken = run.versions[SUBJECTS]
    load(store, name, taken.uri, taken.version, _columns(spec))


def _load_before(store: duckdb.DuckDBPyConnection, run: TransformRun, spec: ResolveSpec) -> None:
    """Make ``before`` of the table's own rows, empty on the first load."""
    names = _names(spec)
    if run.present is None:
        kinds = _types(run.contract)
        described = ", ".join(f"{column} {kinds[name]}" for column, name in names.items())
        store.execute(f"CREATE OR REPLACE TABLE before ({described})")
        return
    load(store, "before", *run.present, list(names.values()))
    for column, name in names.items():
        if column != name:
            store.execute(f"ALTER TABLE before RENAME COLUMN {name} TO {column}")


def _load_decisions(store: duckdb.DuckDBPyConnection, run: TransformRun) -> None:
    """Make ``override`` of the decisions in force and ``withdrawn`` of the subjects of the others."""
    taken = run.versions[DECISIONS]
    load(store, "decided", taken.uri, taken.version, _DECIDED)
    store.execute(
        "CREATE OR REPLACE TABLE override AS SELECT subject_id, other_subject_id, decision FROM decided WHERE is_in_force"
    )
    store.execute(
        "CREATE OR REPLACE TABLE withdrawn AS SELECT unnest([subject_id, other_subject_id]) AS subject_id FROM decided "
        "WHERE NOT is_in_force"
    )


def _minting(run: TransformRun, spec: ResolveSpec) -> Minting:
    return Minting(spec.id, run.lake.record_key, run.business_date)


def _names(spec: ResolveSpec) -> dict[str, str]:
    """Return the resolver's columns and what the kind's crosswalk calls them."""
    thing = kind_id(spec.kind)
    named = {"entity_id": thing, "other_id": f"other_{thing}", "own_id": f"own_{thing}"}
    return {column: named.get(column, column) for column in ROW}


def _named(spec: ResolveSpec) -> str:
    return ", ".join(f"{column} AS {name}" for column, name in _names(spec).items())


def _types(contract: DerivedContract) -> dict[str, str]:
    words = {"string": "VARCHAR", "int": "INTEGER", "date": "DATE"}
    return {name: words.get(column.type, column.type) for name, column in contract.columns.items()}
