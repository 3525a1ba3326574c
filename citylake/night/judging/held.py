"""Rows held in this process, made ready for Great Expectations over pandas: no session, no job.

Only columns that a check reads are read. What no expectation says, or pandas would take otherwise than Spark, is a column
prepared in DuckDB in the words of the second engine; what those would take otherwise is left to Spark.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

import duckdb
import pandas as pd
import pyarrow as pa
import structlog
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from citylake.contract.patterns import in_python
from citylake.delta.small_read import HELD_BYTES, HELD_ROWS, query, sql_name
from citylake.night.judging.suite import Check, Codes, Suite
from citylake.verify import identifiers, lines
from citylake.verify.store import Store, quoted

log = structlog.get_logger()

EXACT_DIGITS = 15
"""Digits of a whole number that a double tells from its neighbours."""
_OF_IDENTIFIERS = frozenset({"valid_id_no", "valid_uscc", "agrees_with_id_no"})
_NULLABLE = {pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
"""pandas takes a whole number beside a NULL for a double otherwise."""


@dataclass(frozen=True)
class Held:
    """A table at a version: the names of all its columns, and the rows of those that checks read."""

    present: tuple[str, ...]
    rows: pa.Table


@dataclass(frozen=True)
class Asked:
    """Rows as pandas has them, and the checks in the form in which they are asked of them."""

    frame: pd.DataFrame
    checks: tuple[Check, ...]


def hold(uri: str, version: int, suite: Suite) -> Held | None:
    """Read of a table what its suite looks at; None when it is too much for this process.

    Args:
        uri: where the table lies.
        version: which of its versions.
        suite: what will be asked.
    """
    try:
        present = tuple(field.name for field in DeltaTable(uri, version=version).schema().fields)
    except DeltaError as error:
        log.info("left to Spark", uri=uri, kind=type(error).__name__)
        return None
    read = {name for check in suite.checks for name in check.reads}
    names = [name for name in present if name in read] or present[:1]
    rows = query(uri, version, f"SELECT {', '.join(map(sql_name, names))} FROM t", HELD_ROWS, HELD_BYTES)
    return None if rows is None else Held(present, rows)


@dataclass
class Preparing:
    """Makes frames of held rows; ``store`` is taught what an identity number is, and a code list, when a rule first asks."""

    store: Store
    _knows_identifiers: bool = False
    _lists: set[str] = field(default_factory=set)

    def prepare(self, held: Held, checks: Iterable[Check], codes: Codes, business_date: date) -> Asked | None:
        """Return rows and checks as they are asked here; None when one of them has to be asked of Spark.

        Args:
            held: the table.
            checks: what to ask; all columns that they read are there.
            codes: code lists by name.
            business_date: the night, for rules about the future.
        """
        kinds = dict(zip(held.rows.column_names, held.rows.schema.types, strict=True))
        chosen = [_chosen(check, kinds) for check in checks]
        asked = tuple(check for check in chosen if check is not None)
        if len(asked) < len(chosen):
            return None
        if not self._knows_identifiers and any(check.bad and check.bad.name in _OF_IDENTIFIERS for check in asked):
            identifiers.install(self.store)
            self._knows_identifiers = True
        try:
            rows = self._rows(held.rows, asked, codes, business_date)
        except duckdb.Error as error:
            log.info("left to Spark", kind=type(error).__name__)
            return None
        return Asked(rows.to_pandas(types_mapper=_NULLABLE.get), asked)

    def _rows(self, rows: pa.Table, checks: Sequence[Check], codes: Codes, business_date: date) -> pa.Table:
        made = [
            f"{self._said(check, codes, business_date)} AS {quoted(check.column)}" for check in checks if check.column
        ]
        read = {name for check in checks if not check.column for name in check.reads}
        kept = [name for name in rows.column_names if name in read]
        if not made:
            return rows.select(kept or rows.column_names[:1])
        self.store.connection.register("held", rows)
        try:
            select = f"SELECT {', '.join([*map(quoted, kept), *made])} FROM held"
            return self.store.connection.sql(select).to_arrow_table()
        finally:
            self.store.connection.unregister("held")

    def _said(self, check: Check, codes: Codes, business_date: date) -> str:
        """Return a prepared column in DuckDB's SQL."""
        rule = check.bad
        if rule is None:
            names = [quoted(name) for name in check.distinct]
            there = " AND ".join(f"{name} IS NOT NULL" for name in names)
            return f"CASE WHEN {there} THEN dense_rank() OVER (ORDER BY {', '.join(names)}) END"
        if rule.name != "in_codes":
            return f"coalesce({lines.broken(rule, codes, business_date)}, false)"
        # Thousands of codes in the statement itself take longer to parse than all else.
        listed = f"codes of {rule.arguments['codes']}"
        if listed not in self._lists:
            self.store.connection.register(listed, pa.table({"code": list(codes[rule.arguments["codes"]])}))
            self._lists.add(listed)
        return f"coalesce({quoted(rule.column or '')} NOT IN (SELECT code FROM {quoted(listed)}), false)"


def _chosen(check: Check, kinds: Mapping[str, pa.DataType]) -> Check | None:
    """Return a check in the form in which it is asked here, None for Spark."""
    read = [kinds[name] for name in check.reads]
    rule = check.stated
    if rule.name == "in_range":
        return _range(check, read[0])
    if rule.name == "unique":
        return check if all(_is_exact(kind) for kind in read) else None
    if rule.name == "not_null" and not _is_exact(read[0]):
        # What is no number is none to pandas and a value to Spark.
        return check.prepared()
    if rule.name in ("matches", "max_length"):
        return replace(check, arguments={**check.arguments, "regex": in_python(check.arguments["regex"])})
    return check


def _range(check: Check, kind: pa.DataType) -> Check | None:
    """Return a check of limits: the expectation makes doubles of these, and Spark then of what it compares with them.

    A double that rounds keeps the order, so that only values next to a limit could change sides: not while the limit, in
    the column's smallest unit, is a number that doubles tell from its neighbours.
    """
    scale = kind.scale if pa.types.is_decimal(kind) else 0
    limits = [Decimal(repr(value)) for value in check.stated.arguments.values() if value is not None]
    if not all(_is_short(limit, scale) for limit in limits):
        return None
    if pa.types.is_integer(kind):
        return check
    return check.prepared() if pa.types.is_decimal(kind) or pa.types.is_float64(kind) else None


def _is_short(limit: Decimal, scale: int) -> bool:
    decimals = max(scale, -int(limit.as_tuple().exponent))
    return bool(abs(limit).scaleb(decimals) < 10**EXACT_DIGITS)


def _is_exact(kind: pa.DataType) -> bool:
    """Return whether two values of a type are either the same to everybody or to nobody, and NULL nothing else."""
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_date(kind)
        or pa.types.is_timestamp(kind)
        or pa.types.is_decimal(kind)
    )
