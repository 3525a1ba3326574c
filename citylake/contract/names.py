"""Names that every engine takes as they are: of columns, and of inputs within a SELECT."""

import re

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SAID_BY_ENGINES = frozenset({"_record_id", "_as_of", "_recheck_on"})
"""Names with a leading underscore that a made table may bear: the engine gives them their meaning."""
_TAKEN = frozenset({"inner_pad", "outer_pad"})
"""Columns that the engine puts beside those of a delivered line."""
_KEYWORDS = """
all analyse analyze and anti any array as asc asof asymmetric at authorization between binary both by case cast check
collate collation column columns concurrently constraint create cross cube current current_date current_time
current_timestamp current_user default deferrable delete desc describe distinct do drop else end escape except exists
false fetch filter for foreign freeze from full function generated glob grant group grouping having ilike in initially
inner insert intersect interval into is isnull join lambda lateral leading left like limit map merge minus natural not
notnull null offset on only or order outer overlaps pivot pivot_longer pivot_wider placing positional primary qualify
references returning right rollup select semi session_user set setminus show similar some sql struct summarize symmetric
table tablesample then time to trailing true try_cast tuple union unique unknown unpack unpivot update user using values
variadic verbose when where window with within
"""
"""Words that Spark (ANSI) or DuckDB keep for themselves."""


def check_column(name: str, *, is_collected: bool) -> None:
    """Make sure that a column's name needs no quotes and is told apart in any case.

    Raises:
        ValueError: it is no such name, or one of the engine's own.
    """
    if name in _SAID_BY_ENGINES and not is_collected:
        return
    if name.startswith("_") or name in _TAKEN:
        raise ValueError(f"column '{name}': the engine keeps this name for a column of its own; choose another")
    if _NAME.fullmatch(name) is None:
        raise ValueError(
            f"column '{name}': a name is made of the letters a to z in lower case, since engines do not tell case apart, "
            "digits and '_', and begins with a letter; the department's own name stands in 'from:'"
        )


def check_alias(name: str) -> None:
    """Make sure that an input can be read by its name in every engine.

    Raises:
        ValueError: it is no such name.
    """
    if _NAME.fullmatch(name) is None:
        raise ValueError(
            f"input '{name}': a name is made of the letters a to z in lower case, since engines do not tell case apart, "
            "digits and '_', and begins with a letter"
        )
    if name in _KEYWORDS.split():
        raise ValueError(f"input '{name}': SQL keeps this word for itself; choose another name")
