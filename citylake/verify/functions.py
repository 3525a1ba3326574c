"""Where Spark and DuckDB mean different things by what looks alike: each such node is rewritten or refused."""

from collections.abc import Callable

import sqlglot
from sqlglot import exp

from citylake.verify.structs import name_structs, ordered


class TranslationError(ValueError):
    """A SELECT says something that DuckDB would understand otherwise; the message names it."""


_UNITS = {
    "YEAR": ("YEAR", "YYYY", "YY"),
    "QUARTER": ("QUARTER",),
    "MONTH": ("MONTH", "MM", "MON"),
    "WEEK": ("WEEK",),
    "DAY": ("DAY", "DD"),
    "HOUR": ("HOUR",),
    "MINUTE": ("MINUTE",),
    "SECOND": ("SECOND",),
}
_UNIT = {said: unit for unit, names in _UNITS.items() for said in names}
_WHOLE = frozenset({exp.DType.INT, exp.DType.BIGINT, exp.DType.SMALLINT, exp.DType.TINYINT})
_SAME_NAME = frozenset({"MAKE_DATE", "TRANSLATE", "REVERSE", "RADIANS", "DEGREES", "CBRT", "MAP_KEYS", "MAP_VALUES"})
"""Functions sqlglot has no word for that mean the same in both."""
_REFUSED = (exp.ApproxDistinct, exp.ApproxQuantile, exp.Rand, exp.CurrentDate, exp.CurrentTimestamp, exp.Pivot)


def mended(query: exp.Expr) -> exp.Expr:
    """Return the parsed SELECT with every node that DuckDB would take otherwise rewritten; the argument is used up.

    Raises:
        TranslationError: a node has no certain counterpart.
    """
    name_structs(query)
    for node in reversed(list(query.walk(bfs=True))):
        if isinstance(node, _REFUSED):
            raise TranslationError(f"{node.sql('spark')[:60]} has no certain counterpart in DuckDB")
        rewrite = _REWRITES.get(type(node))
        if rewrite is not None and (new := rewrite(node)) is not node:
            node.replace(new)
    return query


def _as(template: str, *parts: exp.Expr | str) -> exp.Expr:
    """Return a DuckDB expression with the parts in the places ``_0``, ``_1`` …."""
    made = sqlglot.parse_one(template, read="duckdb")
    for place in list(made.find_all(exp.Column)):
        if place.name.startswith("_") and place.name[1:].isdigit():
            part = parts[int(place.name[1:])]
            new = sqlglot.parse_one(part, read="duckdb") if isinstance(part, str) else part.copy()
            place.replace(exp.paren(new, copy=False) if isinstance(new, exp.Binary) else new)
    return made


def _add_months(node: exp.Expr) -> exp.Expr:
    return _as("CAST(CAST(_0 AS DATE) + TO_MONTHS(CAST(_1 AS INTEGER)) AS DATE)", node.this, node.expression)


def _add_days(node: exp.Expr) -> exp.Expr:
    unit = node.args.get("unit")
    if unit is not None and unit.name.upper() not in {"", "DAY"}:
        raise TranslationError(f"{node.sql('spark')[:60]}: only days are added this way; use ADD_MONTHS or an INTERVAL")
    return _as("CAST(_0 AS DATE) + CAST(_1 AS INTEGER)", node.this, node.expression)


def _unit(node: exp.Expr) -> str:
    said = node.args["unit"].name.upper()
    if said not in _UNIT:
        raise TranslationError(f"{node.sql('spark')[:60]}: unknown unit '{said}'")
    return _UNIT[said]


def _trunc_date(node: exp.Expr) -> exp.Expr:
    return _as(f"CAST(DATE_TRUNC('{_unit(node)}', CAST(_0 AS DATE)) AS DATE)", node.this)


def _trunc_time(node: exp.Expr) -> exp.Expr:
    return _as(f"DATE_TRUNC('{_unit(node)}', CAST(_0 AS TIMESTAMPTZ))", node.this)


def _months_between(node: exp.Expr) -> exp.Expr:
    a, b = node.this, node.expression
    return _as(
        "ROUND(DATE_DIFF('MONTH', CAST(_1 AS DATE), CAST(_0 AS DATE)) + CASE WHEN CAST(_0 AS DATE) = LAST_DAY(CAST(_0 AS DATE)) "
        "AND CAST(_1 AS DATE) = LAST_DAY(CAST(_1 AS DATE)) THEN 0 "
        "ELSE (DAY(CAST(_0 AS DATE)) - DAY(CAST(_1 AS DATE))) / 31.0 END, 8)",
        a,
        b,
    )


def _series(node: exp.Expr) -> exp.Expr:
    """Return SEQUENCE as a list: its dates counted from the start each time, so that the 31st comes back."""
    start, end, step = node.args["start"], node.args["end"], node.args.get("step")
    if isinstance(step, exp.Interval):
        unit, count = _interval(step)
        add = "TO_MONTHS" if unit in {"YEAR", "MONTH"} else "TO_DAYS"
        times = count * {"YEAR": 12, "WEEK": 7}.get(unit, 1)
        span = "MONTH" if add == "TO_MONTHS" else "DAY"
        return _as(
            f"LIST_FILTER(LIST_TRANSFORM(GENERATE_SERIES(0, DATE_DIFF('{span}', CAST(_0 AS DATE), CAST(_1 AS DATE)) // {times} + 1), "
            f"LAMBDA place_ : CAST(CAST(_0 AS DATE) + {add}(CAST(place_ * {times} AS INTEGER)) AS DATE)), "
            "LAMBDA day_ : day_ <= CAST(_1 AS DATE))",
            start,
            end,
        )
    if any(item.find(exp.Cast, exp.TryCast, exp.AddMonths, exp.DateTrunc) for item in (start, end)) and step is None:
        raise TranslationError(f"{node.sql('spark')[:60]}: say the step of a sequence of dates, INTERVAL 1 DAY")
    by = step if step is not None else _as("CASE WHEN _0 <= _1 THEN 1 ELSE -1 END", start, end)
    return _as("GENERATE_SERIES(_0, _1, _2)", start, end, by)


def _interval(step: exp.Interval) -> tuple[str, int]:
    unit = (step.args.get("unit") or exp.var("")).name.upper().rstrip("S")
    if unit not in {"YEAR", "MONTH", "WEEK", "DAY"} or not str(step.this.name).isdigit() or int(step.this.name) < 1:
        raise TranslationError(f"{step.sql('spark')}: a sequence steps by whole days, weeks, months or years, forwards")
    return unit, int(step.this.name)


_TOLD = "LIST_TRANSFORM(_0, _1)"
_UNKNOWN = f"LEN(LIST_FILTER({_TOLD}, told -> told IS NULL)) > 0"
_ANY = f"CASE WHEN LIST_CONTAINS({_TOLD}, TRUE) THEN TRUE WHEN {_UNKNOWN} OR _0 IS NULL THEN NULL ELSE FALSE END"
_ALL = f"CASE WHEN LIST_CONTAINS({_TOLD}, FALSE) THEN FALSE WHEN {_UNKNOWN} OR _0 IS NULL THEN NULL ELSE TRUE END"


def _exists(node: exp.Expr) -> exp.Expr:
    if not isinstance(node.expression, exp.Lambda):
        return node
    return _as(_ANY, node.this, node.expression)


def _cast(node: exp.Expr) -> exp.Expr:
    kind = node.args["to"].this
    if kind in _WHOLE:
        # Spark cuts off, DuckDB rounds; through a decimal, so that texts and truth values go the same way.
        return _as(f"TRY_CAST(TRUNC(TRY_CAST(_0 AS DECIMAL(38, 12))) AS {kind.value})", node.this)
    if kind in {exp.DType.TEXT, exp.DType.VARCHAR} and not isinstance(node.this, exp.Null):
        # A moment's text has no offset in Spark.
        return _as(
            r"REGEXP_REPLACE(CAST(_0 AS VARCHAR), '^(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d+)?)[+-]\d{2}(:\d{2})?$', '\1')",
            node.this,
        )
    return node


def _regexp_replace(node: exp.Expr) -> exp.Expr:
    new = node.args["replacement"]
    if not isinstance(new, exp.Literal):
        raise TranslationError("REGEXP_REPLACE: the replacement must be a literal")
    text = new.name.replace("\\", "\\\\")
    for group in range(10):
        text = text.replace(f"${group}", f"\\{group}")
    new.replace(exp.Literal.string(text))
    return node


def _substring(node: exp.Expr) -> exp.Expr:
    start = node.args.get("start")
    if isinstance(start, exp.Literal) and start.name == "0":
        start.replace(exp.Literal.number(1))
    return node


def _substring_index(node: exp.Expr) -> exp.Expr:
    return _as(
        "CASE WHEN _2 > 0 THEN ARRAY_TO_STRING(LIST_SLICE(STRING_SPLIT(_0, _1), 1, _2), _1) WHEN _2 = 0 THEN '' "
        "ELSE ARRAY_TO_STRING(LIST_SLICE(STRING_SPLIT(_0, _1), _2, -1), _1) END",
        node.this,
        node.args["delimiter"],
        node.args["count"],
    )


def _lateral(node: exp.Expr) -> exp.Expr:
    """Return STACK as one SELECT below the other; refuse what DuckDB's UNNEST would drop or not take."""
    if not node.args.get("view"):
        return node
    if node.args.get("outer"):
        raise TranslationError("LATERAL VIEW OUTER loses its empty rows in DuckDB: write a LEFT JOIN")
    if isinstance(node.this, exp.Explode) and isinstance(node.this.this, exp.VarMap | exp.Map):
        raise TranslationError("EXPLODE of a map has no counterpart in DuckDB: write an array of structs")
    return node


def _stacked(select: exp.Expr) -> exp.Expr:
    for view in list(select.args.get("laterals") or ()):
        if isinstance(view.this, exp.Stack):
            view.pop()
            select.append("joins", _stack(view))
    return select


def _stack(view: exp.Expr) -> exp.Join:
    values, rows = view.this.expressions, int(view.this.this.name)
    width = -(-len(values) // rows)
    parts = [values[start : start + width] for start in range(0, len(values), width)]
    selects = [exp.select(*[item.copy() for item in part]) for part in parts]
    union: exp.Query = selects[0]
    for part in selects[1:]:
        union = exp.union(union, part, distinct=False, copy=False)
    alias = view.args["alias"].copy()
    return exp.Join(this=exp.Lateral(this=union.subquery(), alias=alias), kind="CROSS")


def _anonymous(node: exp.Expr) -> exp.Expr:
    name = node.name.upper()
    if name in _SAME_NAME:
        return node
    template = _FUNCTIONS.get(name)
    if template is None:
        raise TranslationError(f"{name}() has no certain counterpart in DuckDB")
    return _as(template, *node.expressions)


def _extreme(node: exp.Expr) -> exp.Expr:
    """Return MAX or MIN of a struct by its fields, an unknown one before every other as in Spark."""
    if not isinstance(node.this, exp.Struct):
        return node
    name = "ARG_MAX" if isinstance(node, exp.Max) else "ARG_MIN"
    return _as(f"{name}(_0, _1)", node.this, ordered(node.this))


def _extreme_by(node: exp.Expr) -> exp.Expr:
    name = "ARG_MAX_NULL" if isinstance(node, exp.ArgMax) else "ARG_MIN_NULL"
    by = node.expression
    return _as(f"{name}(_0, _1)", node.this, ordered(by) if isinstance(by, exp.Struct) else by)


def _template(text: str, *names: str) -> Callable[[exp.Expr], exp.Expr]:
    return lambda node: _as(text, *[node.args[name] for name in names])


_FUNCTIONS = {
    "PMOD": "CASE WHEN _0 % _1 < 0 THEN (_0 % _1 + _1) % _1 ELSE _0 % _1 END",
    "BROUND": "ROUND_EVEN(_0, _1)",
    "GET": "CASE WHEN _1 >= 0 THEN LIST_EXTRACT(_0, _1 + 1) END",
    "ISNULL": "(_0 IS NULL)",
    "ISNOTNULL": "(NOT _0 IS NULL)",
    "EVERY": "BOOL_AND(_0)",
    "FORALL": _ALL,
    "WEEKDAY": "(ISODOW(CAST(_0 AS DATE)) - 1)",
    "BIGINT": "TRY_CAST(TRUNC(TRY_CAST(_0 AS DECIMAL(38, 12))) AS BIGINT)",
}
_REWRITES: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.AddMonths: _add_months,
    exp.TsOrDsAdd: _add_days,
    exp.DateAdd: _add_days,
    exp.DateTrunc: _trunc_date,
    exp.TimestampTrunc: _trunc_time,
    exp.MonthsBetween: _months_between,
    exp.LastDay: _template("LAST_DAY(CAST(_0 AS DATE))", "this"),
    exp.DayOfWeek: _template("(DAYOFWEEK(CAST(_0 AS DATE)) + 1)", "this"),
    exp.GenerateSeries: _series,
    exp.Exists: _exists,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.RegexpReplace: _regexp_replace,
    exp.Substring: _substring,
    exp.SubstringIndex: _substring_index,
    exp.ArgMax: _extreme_by,
    exp.ArgMin: _extreme_by,
    exp.Max: _extreme,
    exp.Min: _extreme,
    exp.AnyValue: _template("FIRST(_0)", "this"),
    exp.Quantile: _template("QUANTILE_CONT(_0, _1)", "this", "quantile"),
    exp.ArrayDistinct: _template(
        "LIST_FILTER(_0, LAMBDA element_, place_ : LIST_POSITION(_0, element_) = place_)", "this"
    ),
    exp.Lateral: _lateral,
    exp.Select: _stacked,
    exp.Anonymous: _anonymous,
}
