"""Between which bounds the whole numbers of a plan lie: see :mod:`citylake.spark.proven`."""

from typing import Any

Range = tuple[float, float]
WHOLE: Range = (-(2**31), 2**31 - 1)
"""What an ``int`` holds."""
_SIGNS: Range = (0, 2**28)
"""How many signs a text may have; a line of a delivery is far shorter."""
_TEMPORAL = {"try_to_timestamp", "from_utc_timestamp", "to_date", "date_add"}
_SAID_RANGE: dict[str, Range] = {
    "length": _SIGNS, "char_length": _SIGNS, "instr": _SIGNS, "size": (-1, 2**28), "year": (-300_000, 300_000), "row_number": (1, 2**20),
    "array_position": _SIGNS, "unix_date": (-(2**27), 2**27),
}  # fmt: skip


def is_temporal(expression: Any) -> bool:
    """Return whether an expression is a time, a day or an interval, as far as its own words show."""
    kind = expression.WhichOneof("expr_type")
    if kind == "expression_string":
        return bool(expression.expression_string.expression.startswith("INTERVAL"))
    if kind != "unresolved_function":
        return False
    name, arguments = expression.unresolved_function.function_name, expression.unresolved_function.arguments
    return name in _TEMPORAL or (name in ("when", "-", "+") and any(is_temporal(one) for one in arguments))


def range_of(expression: Any) -> Range | None:
    """Return between which bounds a whole number lies, None when that is not known."""
    kind = expression.WhichOneof("expr_type")
    if kind == "literal":
        name = expression.literal.WhichOneof("literal_type")
        value = getattr(expression.literal, name) if name in ("byte", "short", "integer", "long") else None
        return None if value is None else (value, value)
    if kind == "alias":
        return range_of(expression.alias.expr)
    if kind == "cast":
        to = expression.cast.type_str or expression.cast.type.WhichOneof("kind")
        inner = range_of(expression.cast.expr)
        return inner or (WHOLE if to in ("int", "integer") else None)
    if kind != "unresolved_function":
        return None
    function = expression.unresolved_function
    return _range_of_function(function.function_name, list(function.arguments))


def _range_of_function(name: str, arguments: list[Any]) -> Range | None:
    if name == "instr" and arguments[0].HasField("literal"):
        return 0, len(arguments[0].literal.string)
    if name in _SAID_RANGE:
        return _SAID_RANGE[name]
    if name == "when":
        # Conditions and values take turns; a last one alone is what is otherwise.
        arguments = [one for place, one in enumerate(arguments) if place % 2 or place == len(arguments) - 1]
    ranges = [range_of(one) for one in arguments]
    if name == "pmod":
        by = ranges[1]
        return (0, by[1]) if by is not None and by[0] > 0 else None
    if name in ("greatest", "least"):
        return _bounded(max if name == "greatest" else min, ranges)
    known = [one for one in ranges if one is not None]
    if len(known) < len(ranges) or not known:
        return None
    if name in ("coalesce", "when"):
        return min(low for low, _ in known), max(high for _, high in known)
    return reckoned(name, ranges)


def _bounded(choose: Any, ranges: list[Range | None]) -> Range:
    told = [one or WHOLE for one in ranges]
    return choose(low for low, _ in told), choose(high for _, high in told)


def reckoned(name: str, ranges: list[Range | None]) -> Range | None:
    """Return the bounds of what a sign of arithmetic makes of numbers within others."""
    known = [one for one in ranges if one is not None]
    if len(known) < len(ranges):
        return None
    if name == "negative" or (name == "-" and len(known) == 1):
        return -known[0][1], -known[0][0]
    if name not in ("+", "-", "*") or len(known) != 2:
        return None
    (low, high), (other_low, other_high) = known
    if name == "+":
        return low + other_low, high + other_high
    if name == "-":
        return low - other_high, high - other_low
    products = [one * other for one in (low, high) for other in (other_low, other_high)]
    return min(products), max(products)


def within(one: Range, other: Range) -> bool:
    """Return whether bounds lie within others."""
    return other[0] <= one[0] and one[1] <= other[1]
