"""The rules a contract may state: ten promises about rows and four about a whole delivery or table."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

ROW_RULES: Mapping[str, frozenset[str]] = {
    "not_null": frozenset(),
    "valid_id_no": frozenset(),
    "valid_uscc": frozenset(),
    "not_in_future": frozenset(),
    "in_range": frozenset({"min", "max"}),
    "matches": frozenset({"pattern"}),
    "max_length": frozenset({"length"}),
    "not_before": frozenset({"other"}),
    "in_codes": frozenset({"codes"}),
    "agrees_with_id_no": frozenset({"id_no"}),
}
"""Row rules and the arguments each takes beside ``column``. Each says, as a column, which row is bad."""

TABLE_RULES: Mapping[str, frozenset[str]] = {
    "row_count": frozenset({"min", "max"}),
    "unique": frozenset({"columns"}),
    "vanished": frozenset({"max_percent"}),
    "quarantined": frozenset({"max_percent"}),
}
"""Rules about a whole table (``row_count``, ``unique``) or delivery (``vanished``, ``quarantined``)."""


class Rule(BaseModel):
    """One promise: ``{not_null: certificate_no}``, ``{in_range: {column: pay_amount, min: 0, max: 50000}}``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    column: str | None = None
    arguments: dict[str, Any] = {}

    @property
    def id(self) -> str:
        """The rule's name in results and receipts, unique within a contract."""
        target = self.column or "_".join(self.arguments.get("columns", ()))
        return f"{self.name}:{target}" if target else self.name

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, value: object) -> object:
        if not isinstance(value, dict) or "name" in value:
            return value
        if len(value) != 1:
            raise ValueError("a rule is one name with its argument, as in {not_null: certificate_no}")
        ((name, argument),) = value.items()
        allowed = ROW_RULES.get(name, TABLE_RULES.get(name))
        if allowed is None:
            raise ValueError(f"unknown rule '{name}'; known: {', '.join([*ROW_RULES, *TABLE_RULES])}")
        return {"name": name, **_arguments(name, argument, allowed)}


def _arguments(name: str, argument: object, allowed: frozenset[str]) -> dict[str, object]:
    if isinstance(argument, str):
        return {"arguments": {"columns": [argument]}} if name == "unique" else {"column": argument}
    if isinstance(argument, list) and name == "unique":
        return {"arguments": {"columns": argument}}
    if not isinstance(argument, dict):
        raise ValueError(f"rule '{name}' takes a column or {{{', '.join(sorted(allowed | {'column'}))}}}")
    unknown = set(argument) - allowed - {"column"}
    if unknown:
        raise ValueError(
            f"rule '{name}' does not take {', '.join(sorted(unknown))}; it takes {', '.join(sorted(allowed))}"
        )
    if name in ROW_RULES and "column" not in argument:
        raise ValueError(f"rule '{name}' needs a column")
    return {
        "column": argument.get("column"),
        "arguments": {key: value for key, value in argument.items() if key != "column"},
    }


class Rules(BaseModel):
    """What happens to what a rule finds: lines are held back, counted, or the table is stopped."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    quarantine: tuple[Rule, ...] = ()
    """Row rules; a line that breaks one is held back."""
    warn: tuple[Rule, ...] = ()
    """Rules of either kind that are counted only."""
    gate: tuple[Rule, ...] = ()
    """Rules of either kind that stop the table before anything is written."""

    @model_validator(mode="after")
    def _quarantine_needs_rows(self) -> "Rules":
        wrong = [rule.name for rule in self.quarantine if rule.name not in ROW_RULES]
        if wrong:
            raise ValueError(
                f"quarantine holds back rows; {', '.join(wrong)} judges a whole table: move it to gate or warn"
            )
        return self
