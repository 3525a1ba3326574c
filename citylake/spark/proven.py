"""Which constructs of a plan are not known to mean the same to Spark and to Sail: whoever finds one asks Spark.

A plan is read as it travels (Spark Connect's messages), a SELECT as sqlglot parses it. What is on the list beside this module
was compared value by value (``tests/engines``); anything else is unproven by default, and a construct that is alike for some
arguments only is held to them here:

- regular expressions are literals in the words that Java and Rust share;
- whole numbers are added and multiplied where their bounds show that nothing overflows: Spark fails then, Sail does not;
- no count of signs is below zero;
- structs below a union are of one kind, since Sail takes their fields by name;
- no field is taken of a struct that may be NULL;
- no greatest or least of structs is asked for, a set that is collected is sorted at once, sums stay far from what their type holds;
- of times that travel with the plan by UTC's clock, and of those that are read from tables, no other clock is asked: Sail shows a
  time by the zone in its type;
- floats are never read: neither their sums nor their spelling are the same.

Types are known of rows that travel with the plan. Of tables that a SELECT names the caller says which types they have. Not
judged is what is undefined in Spark as well, such as the first of rows that their order leaves equal.
"""

import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

from citylake.contract.engine_columns import NUMBERS
from citylake.spark.plan_parts import is_struct, may_be_struct, named_column, parts, structs_of
from citylake.spark.portable import is_shared, proven
from citylake.spark.proven_numbers import WHOLE, is_temporal, range_of, reckoned, within
from citylake.spark.proven_sql import BY_UTC, tables_read, unproven_sql

__all__ = ["Proof", "unproven", "unproven_sql"]

_OF_PATTERN = {"rlike", "regexp_replace", "regexp_extract", "split"}


def unproven(frame: DataFrame, types: frozenset[str] | None = None) -> tuple[str, ...]:
    """Return the constructs of a frame's plan that are not proven; none: it may be evaluated by either engine.

    Args:
        frame: of Spark Connect; its plan is not analysed for this.
        types: the types of all columns of the tables that SELECTs within it name (``decimal(12,2)``); None when they are not
            known.
    """
    plan = frame._plan.to_proto(frame.sparkSession.client)  # type: ignore[operator]  # noqa: SLF001
    walk = _Walk(lambda _text: types)
    walk.see(plan.root)
    return walk.told()


class Proof:
    """What is not proven of the plans that one session is given, one after the other.

    It remembers which types the views have that were made, so that SELECTs over them can be judged.
    """

    def __init__(self) -> None:
        self._views: dict[str, frozenset[str] | None] = {}
        self.stored: frozenset[str] | None = None
        """Types of all columns of the tables that plans read by their place, None when they are not known."""

    def unproven(self, plan: Any) -> tuple[str, ...]:
        """Return the constructs of a plan, or of a command that makes a view or reads by SQL, that are not proven."""
        if plan.WhichOneof("op_type") == "root":
            return self._looked(plan.root)[0]
        command = plan.command
        match command.WhichOneof("command_type"):
            case "create_dataframe_view":
                view = command.create_dataframe_view
                told, types = self._looked(view.input)
                self._views[view.name.strip("`")] = None if told else types
                return told
            case "sql_command":
                return self._looked(command.sql_command.input)[0]
            case kind:
                return (f"command {kind}",)

    def _looked(self, relation: Any) -> tuple[tuple[str, ...], frozenset[str]]:
        walk = _Walk(self._types_of, self.stored)
        walk.see(relation)
        return walk.told(), walk.types()

    def _types_of(self, text: str) -> frozenset[str] | None:
        found: set[str] = set()
        for name in tables_read(text):
            if (types := self._views.get(name)) is None:
                return None
            found |= types
        return frozenset(found)


class _Walk:
    """One look at a plan.

    Args:
        types_of: the types of all columns of the tables that a SELECT names, None when they are not known.
        stored: the same of those that are read by their place.
    """

    def __init__(self, types_of: Callable[[str], frozenset[str] | None], stored: frozenset[str] | None = None) -> None:
        self._types_of, self._stored, self._found = types_of, stored, set[str]()
        self._read, self._reckons = set[str](), False
        self._times, self._shown, self._stored_times = set[str](), set[str](), False
        self._moments, self._joined = set[str](), set[str]()
        self._unites, self._structs, self._hashes, self._wide = False, False, False, False
        self._is_united = False
        self._structured, self._ordered = set[str](), set[str]()

    def told(self) -> tuple[str, ...]:
        if self._unites and self._structs:
            self._found.add("UNION where structs are read")
        if self._structured & self._ordered:
            self._found.add("an order where structs are made")
        if self._times & self._shown or (self._stored_times and self._shown):
            self._found.add("the clock of a time that travels with the plan")
        if self._moments & self._joined:
            self._found.add("a time that is joined to a text")
        if self._hashes and self._wide:
            self._found.add("xxhash64 where decimals have more than 18 digits")
        return tuple(sorted(self._found))

    def types(self) -> frozenset[str]:
        """Return the types that columns of the result may have: those that are read, and what functions make of them."""
        return frozenset(self._read | ({"boolean", "int", "bigint", "string"} if self._reckons else set()))

    def see(self, message: Any) -> None:
        name = message.DESCRIPTOR.name
        if (look := _LOOKS.get(name)) is not None and not look(self, message):
            return
        for part in parts(message):
            self.see(part)

    def relation(self, message: Any) -> bool:
        kind = message.WhichOneof("rel_type")
        self._listed("relations", kind, f"relation {kind}")
        if kind == "read":
            self._reads(_LINES if message.read.data_source.format == "parquet" else self._stored)
        return bool(kind != "read")

    def _reads(self, types: frozenset[str] | None) -> None:
        if types is None:
            self._found.add("tables whose types are not known")
        for spelt in types or ():
            self._kind(spelt.partition("(")[0].partition("<")[0], spelt)
            self._read.add(BY_UTC if spelt == "timestamp" else spelt)
        self._stored_times |= "timestamp" in (types or ())

    def expression(self, message: Any) -> bool:
        kind = message.WhichOneof("expr_type")
        self._listed("expressions", kind, f"expression {kind}")
        if kind is not None and kind not in ("unresolved_attribute", "unresolved_named_lambda_variable"):
            self.see(getattr(message, kind))
        return False

    def local(self, message: Any) -> bool:
        for field in pa.ipc.read_schema(pa.py_buffer(message.data)) if message.data else ():
            self._kind(_named(field.type), field.type)
            if field.name not in NUMBERS:
                self._read.add(_spelt(field.type))
            if pa.types.is_timestamp(field.type):
                self._moments.add(field.name)
            if _is_by_utc(field.type):
                self._times.add(field.name)
        return False

    def select(self, message: Any) -> bool:
        types = self._types_of(message.query)
        self._found.update(unproven_sql(message.query, types))
        self._read |= types or set()
        self._reckons = True
        return True

    def fragment(self, message: Any) -> bool:
        self._found.update(unproven_sql(f"SELECT {message.expression}", frozenset()))
        return False

    def literal(self, message: Any) -> bool:
        if message.WhichOneof("literal_type") in ("float", "double"):
            self._found.add("floats")
        return False

    def unite(self, message: Any) -> bool:
        if message.by_name or message.set_op_type != message.SET_OP_TYPE_UNION:
            self._found.add("a set operation other than UNION by position")
        self._unites = True
        is_inner, self._is_united = self._is_united, True
        if not is_inner and len(set(structs_of(message))) > 1:
            self._found.add("UNION where structs have other fields")
        self.see(message.left_input)
        self.see(message.right_input)
        self._is_united = is_inner
        return False

    def distinct(self, message: Any) -> bool:
        if not message.all_columns_as_keys:
            self._found.add("deduplicate by some columns")
        return True

    def renamed(self, message: Any) -> bool:
        if len(message.renames) + len(message.rename_columns_map) > 1:
            self._found.add("several columns renamed at once")
        return True

    def alias(self, message: Any) -> bool:
        self._whole(message.expr)
        if may_be_struct(message.expr):
            self._structured.update(message.name)
        return True

    def cast(self, message: Any) -> bool:
        if (message.type_str or message.type.WhichOneof("kind")) in ("string", "date"):
            self._show(message.expr)
        if kind := message.type_str:
            self._read.add(kind)
            self._kind(kind.partition("(")[0].partition("<")[0], kind)
        elif (told := message.type.WhichOneof("kind")) is not None:
            self._kind(_PLAIN_NAMES.get(told, told), told)
        return True

    def function(self, message: Any) -> bool:
        name = message.function_name.lower()
        self._reckons = True
        self._listed("functions", name, name)
        self._hashes |= name == "xxhash64"
        if name in _ORDERS:
            self._order(message.arguments)
        if name in _CLOCKS:
            for one in message.arguments:
                self._show(one)
                self._joined.update({named_column(one) or ""} if name in ("concat", "concat_ws") else ())
        if (signs := _signs_of(message)) is not None:
            # Empty ones at the ends, which only Sail gives, are nothing again when all are joined.
            self.see(signs)
            self.see(message.arguments[0].unresolved_function.arguments[1])
            return False
        if (wrong := _wrong_arguments(name, list(message.arguments))) is not None:
            self._found.add(wrong)
        for one in message.arguments:
            self.expression(one)
        return False

    def extract(self, message: Any) -> bool:
        self._whole(message.child)
        return True

    def _whole(self, expression: Any) -> None:
        if is_struct(expression) and expression.unresolved_function.function_name == "when":
            # Sail hands out the fields of one that is NULL.
            self._found.add("a struct that may be NULL")

    def _order(self, arguments: Any) -> None:
        if any(map(may_be_struct, arguments)):
            self._found.add("an order where structs are made")
        self._ordered |= {name for one in arguments if (name := named_column(one)) is not None}

    def _show(self, expression: Any) -> None:
        if (name := named_column(expression)) is not None:
            self._shown.add(name)

    def _listed(self, section: str, name: str | None, said: str) -> None:
        if name is None or name not in proven()[section]:
            self._found.add(said)

    def _kind(self, name: str, kind: Any) -> None:
        name = _PLAIN_NAMES.get(name, name)
        if name in ("double", "float"):
            self._found.add("floats")
        elif name in ("array", "struct"):
            self._structs = True
        elif name not in proven()["types"]:
            self._found.add(f"type {name}")
        digits = re.search(r"\((\d+)", str(kind))
        self._wide |= name == "decimal" and digits is not None and int(digits.group(1)) > 18


_LINES = frozenset({"string", "bigint"})
"""Types of what is read as Parquet: the lines of a delivery, texts with their numbers."""
_ORDERS = {"max", "min", "greatest", "least"}
_CLOCKS = {"to_date", "concat", "concat_ws", "date_add"}
_PLAIN_NAMES = {"integer": "int", "long": "bigint", "bool": "boolean", "str": "string"}
_LOOKS = {
    "Relation": _Walk.relation,
    "Expression": _Walk.expression,
    "LocalRelation": _Walk.local,
    "SQL": _Walk.select,
    "ExpressionString": _Walk.fragment,
    "Literal": _Walk.literal,
    "SetOperation": _Walk.unite,
    "Deduplicate": _Walk.distinct,
    "WithColumnsRenamed": _Walk.renamed,
    "Alias": _Walk.alias,
    "UnresolvedExtractValue": _Walk.extract,
    "Cast": _Walk.cast,
    "UnresolvedFunction": _Walk.function,
    "CallFunction": _Walk.function,
}


def _is_by_utc(kind: pa.DataType) -> bool:
    return pa.types.is_timestamp(kind) and kind.tz in (None, "UTC")


def _spelt(kind: pa.DataType) -> str:
    """Return a type as Spark writes it."""
    if _is_by_utc(kind):
        return BY_UTC
    return f"decimal({kind.precision},{kind.scale})" if pa.types.is_decimal(kind) else _named(kind)


def _named(kind: pa.DataType) -> str:
    names = {
        "int32": "int",
        "int64": "bigint",
        "bool": "boolean",
        "date32": "date",
        "large_string": "string",
        "list": "array",
    }
    name = str(kind).partition("[")[0].partition("(")[0].partition("<")[0]
    return "decimal" if name.startswith("decimal") else names.get(name, name)


def _signs_of(function: Any) -> Any | None:
    """Return the text whose signs are taken one by one and joined again, None of any other function."""
    if function.function_name != "array_join":
        return None
    inner = function.arguments[0].unresolved_function
    if inner.function_name != "transform":
        return None
    split = inner.arguments[0].unresolved_function
    is_apart = split.function_name == "split" and split.arguments[1].literal.string == ""
    return split.arguments[0] if is_apart else None


def _wrong_arguments(name: str, arguments: list[Any]) -> str | None:
    """Return what of a proven function's arguments is not proven."""
    if name in _OF_PATTERN:
        pattern = arguments[1].literal.string if arguments[1].HasField("literal") else None
        return None if pattern and is_shared(pattern) else f"{name} by a pattern that engines read differently"
    if name == "try_to_timestamp":
        known = len(arguments) == 2 and arguments[1].literal.string in proven()["times"]
        return None if known else "try_to_timestamp by another pattern"
    if name in ("+", "-", "*") and not any(is_temporal(one) for one in arguments):
        found = reckoned(name, [range_of(one) for one in arguments])
        return None if found is not None and within(found, WHOLE) else f"whole numbers that may overflow: {name}"
    if name == "%":
        by = range_of(arguments[1])
        return None if by is not None and 0 not in by and by[0] == by[1] else "% by what may be 0"
    if name in ("repeat", "rpad", "left", "right"):
        count = range_of(arguments[1])
        return None if count is not None and count[0] >= 0 else f"{name} by a count that may be below zero"
    return None
