"""Parts of a plan as it travels: the messages within a message, and the structs that are made there."""

from collections.abc import Iterator
from typing import Any


def parts(message: Any) -> Iterator[Any]:
    """Yield the messages that a message holds, those of its lists and maps too."""
    for field, value in message.ListFields():
        if field.message_type is None or field.name == "common":
            continue
        held = value.values() if hasattr(value, "values") else value if field.is_repeated else (value,)
        yield from (one for one in held if hasattr(one, "DESCRIPTOR"))


def structs_of(message: Any) -> Iterator[tuple[str, ...]]:
    """Give out the names of the fields of every struct that is made within a message."""
    if message.DESCRIPTOR.name == "UnresolvedFunction" and message.function_name == "struct":
        yield tuple(_field(one) for one in message.arguments)
    for part in parts(message):
        yield from structs_of(part)


def _field(expression: Any) -> str:
    if expression.WhichOneof("expr_type") == "alias":
        return str(expression.alias.name[0])
    return named_column(expression) or str(expression)


def named_column(expression: Any) -> str | None:
    """Return the name of a column, None of any other expression."""
    if expression.WhichOneof("expr_type") != "unresolved_attribute":
        return None
    return str(expression.unresolved_attribute.unparsed_identifier.rpartition(".")[2].strip("`"))


def may_be_struct(expression: Any) -> bool:
    """Return whether an expression makes a struct, or hands on one that is made within it."""
    if expression.WhichOneof("expr_type") != "unresolved_function":
        return False
    function = expression.unresolved_function
    return function.function_name == "struct" or (
        function.function_name in ("when", "coalesce", "first", "array", "explode", "collect_list", "get")
        and any(map(may_be_struct, function.arguments))
    )


def is_struct(expression: Any) -> bool:
    """Return whether an expression makes a struct or chooses one; an array of structs is none."""
    if expression.WhichOneof("expr_type") != "unresolved_function":
        return False
    function = expression.unresolved_function
    if function.function_name == "get":
        return any(map(may_be_struct, function.arguments))
    chooses = function.function_name in ("when", "coalesce", "first")
    return function.function_name == "struct" or (chooses and any(map(is_struct, function.arguments)))
