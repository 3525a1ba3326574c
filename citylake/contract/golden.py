"""Golden fields of a contract: one line each; the columns that say where the value comes from follow."""

from collections.abc import Mapping
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from citylake.contract.errors import ContractError
from citylake.contract.linked import kind_id
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
KNOWN = ("is_registered", "source_count", "subject_count", "first_known_date")
"""What a table of golden values may say of how a thing is known: by an anchor record, sources, subjects, since when."""

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
    """Check a written contract with golden fields against its library's ``resolve.yml``.

    Raises:
        ContractError: the two name different fields, a column is made by nobody, or a flag is no condition over golden fields.
    """
    fields = spec.survivorship[contract.thing] if contract.thing == spec.golden_table else ()
    if different := sorted(set(contract.golden) ^ {item.field for item in fields}):
        raise ContractError(
            f"{contract.name}: 'golden' and survivorship.{contract.thing} of resolve.yml must name the same fields; "
            f"only one of them has {', '.join(different)}"
        )
    if contract.inputs:
        raise ContractError(
            f"{contract.name}: inputs follow from survivorship.{contract.thing} of resolve.yml: take them out"
        )
    made = {kind_id(spec.kind), *golden_columns(dict.fromkeys(contract.golden)), *KNOWN, *contract.flags, "_recheck_on"}
    if foreign := sorted(set(contract.columns) - made):
        raise ContractError(
            f"{contract.name}: nobody makes {', '.join(foreign)}; beside golden fields and flags there are {', '.join(KNOWN)}"
        )
    if any(item.maximum_age for item in fields) and "_recheck_on" not in contract.columns:
        raise ContractError(f"{contract.name}: a golden field with maximum_age needs the column _recheck_on")
    for name, condition in contract.flags.items():
        _check_flag(contract, name, condition)


def _check_flag(contract: DerivedContract, name: str, condition: str) -> None:
    try:
        named = {column.name for column in sqlglot.parse_one(condition, read="spark").find_all(exp.Column)}
    except SqlglotError as error:
        raise ContractError(f"{contract.name}: flags.{name}: no condition in Spark SQL") from error
    if not named or named - set(contract.golden):
        told = ", ".join(sorted(named - set(contract.golden))) or "nothing"
        raise ContractError(f"{contract.name}: flags.{name}: it names {told}; golden are {', '.join(contract.golden)}")
