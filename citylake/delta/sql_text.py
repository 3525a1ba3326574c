"""Names and values as the text of Spark SQL, safe whatever they hold."""

import math
from datetime import date, datetime
from decimal import Decimal


def quoted(name: str) -> str:
    """Return an identifier in back-quotes, safe whatever it holds."""
    return "`" + name.replace("`", "``") + "`"


def literal(value: object) -> str:
    """Return a value as a Spark SQL literal, safe whatever it holds."""
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value).lower()
    if isinstance(value, float):
        return f"{float.__repr__(value)}D" if math.isfinite(value) else f"CAST('{value}' AS DOUBLE)"
    if isinstance(value, Decimal):
        return f"{value}BD"
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    if isinstance(value, datetime):
        return f"TIMESTAMP'{value.isoformat(sep=' ')}'"
    if isinstance(value, date):
        return f"DATE'{value.isoformat()}'"
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"
