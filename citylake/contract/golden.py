"""Golden fields of a contract: one line each; the columns that say where the value comes from follow."""

from collections.abc import Mapping
from typing import Any

from citylake.contract.errors import ContractError
from citylake.contract.model import DerivedContract
from citylake.contract.resolve_spec import ResolveSpec

BESIDE = {
    "source": ("来源", "string"),
    "rule": ("裁决规则", "string"),
    "date": ("数据日期", "date"),
    "agreeing": ("相同说法的来源数", "int"),
    "conflicts": ("不同说法的来源数", "int"),
}
"""What stands beside each golden value, ``<field>_<suffix>``: how it is called and its type."""

COMPARISON = "_comparison"
"""Ending of the table that compares the sources of another table's golden fields with those that answer for them."""


def golden_columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of golden fields, each followed by those beside it.

    Args:
        fields: completed columns by name, as a contract's ``golden`` lists them.
    """
    columns: dict[str, Any] = {}
    for field, column in fields.items():
        columns[field] = column
        label = column.get("label", field) if isinstance(column, dict) else field
        for suffix, (called, kind) in BESIDE.items():
            columns[f"{field}_{suffix}"] = {"label": f"{label}{called}", "type": kind, "grade": "L2"}
    return columns


def check_golden(contract: DerivedContract, spec: ResolveSpec) -> None:
    """Check that a contract's golden fields are those its library's spec chooses; a comparison only reads what says them.

    Raises:
        ContractError: one of the two files lacks a field, or a source of it is no input.
    """
    compares = contract.thing.endswith(COMPARISON)
    chosen = spec.survivorship.get(contract.thing.removesuffix(COMPARISON), ())
    if not compares and (different := sorted(set(contract.golden) ^ {item.field for item in chosen})):
        raise ContractError(
            f"{contract.name}: 'golden' and survivorship.{contract.thing} of resolve.yml must name the same fields; "
            f"only one of them has {', '.join(different)}"
        )
    if not compares and any(item.maximum_age for item in chosen) and "_recheck_on" not in contract.columns:
        raise ContractError(f"{contract.name}: a golden field with maximum_age needs the column _recheck_on")
    unread = {given.input for item in chosen for given in item.given} - set(contract.inputs)
    if unread:
        raise ContractError(
            f"{contract.name}: survivorship.{contract.thing} of resolve.yml reads what is no input: {', '.join(sorted(unread))}"
        )
