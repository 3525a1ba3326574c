"""The two hashes of a table: its meaning (a change rebuilds it) and its dress (a change is an ALTER)."""

import hashlib
import json
from typing import Any

import sqlglot

from citylake.contract.model import CollectedContract, Contract, DerivedContract
from citylake.lake import Lake
from citylake.ledger.people.overrides import overrides_mark

_DRESS = {"label", "grade", "mask", "element"}
_ASKING = {"lookback", "cursor", "limits"}
"""How much of a source is asked for, and when, changes no row that a delivery makes."""


def meaning(lake: Lake, contract: Contract) -> str:
    """Return the hash of all that decides which rows a table has: key, inputs, types, codes, rules, SELECT."""
    said: dict[str, Any] = {
        "key": contract.key,
        "columns": {name: column.model_dump(exclude=_DRESS, mode="json") for name, column in contract.columns.items()},
        "codes": {
            column.codes: sorted(lake.codes[column.codes]) for column in contract.columns.values() if column.codes
        },
        "rules": contract.rules.model_dump(mode="json"),
    }
    if isinstance(contract, CollectedContract):
        parts = {"source", "mode", "change", "corrections", "identity", "ignore"}
        said |= contract.model_dump(include=parts, exclude={"source": _ASKING}, mode="json")
        if contract.mode == "snapshot":
            # Tables of before are made anew once, so that every row knows the line it was made of.
            said["recognised"] = "_line_hash"
    else:
        said |= {"by": contract.unit, "inputs": contract.model_dump(include={"inputs"}, mode="json")}
        said["transform"] = _transform(lake, contract)
        if contract.resolves:
            said["identity"] = {
                item.name: item.model_dump(include={"identity"}) for item in lake.catalog.collected if item.identity
            }
        if contract.decisions:
            said["decisions"] = overrides_mark(lake.ledger, contract.domain)
        listed = {column.codes or "" for name, column in contract.columns.items() if name in contract.golden}
        if followed := {name: lake.catalog.successors[name] for name in listed if name in lake.catalog.successors}:
            said["successors"] = followed
    return _hash(said)


def dress(contract: Contract) -> str:
    """Return the hash of what a table shows beside its rows: title, labels, masks, grades."""
    columns = {name: column.model_dump(include=_DRESS, mode="json") for name, column in contract.columns.items()}
    return _hash({"title": contract.title, "grain": contract.grain, "columns": columns})


def select_text(lake: Lake, contract: DerivedContract) -> str | None:
    """Return the SELECT of a derived table, None when a Python transform makes it."""
    if contract.layer == "linked":
        return lake.catalog.generated_select(contract)
    path = lake.transforms / contract.layer / contract.domain / f"{contract.thing}.sql"
    return path.read_text("utf-8") if path.exists() else None


def _transform(lake: Lake, contract: DerivedContract) -> str:
    """Return the transform without comments and layout; a Python transform counts with the spec beside its contract."""
    text = select_text(lake, contract)
    if text is not None:
        return sqlglot.parse_one(text, read="spark").sql(dialect="spark", comments=False, normalize=True)
    module = lake.transforms / contract.layer / contract.domain / f"{contract.thing}.py"
    spec = lake.catalog.root / contract.layer / contract.domain / "resolve.yml"
    models = sorted(spec.parent.glob("*.json")) if spec.exists() else []
    beside = [path.read_text("utf-8") for path in (spec, *models) if path.exists()]
    return "".join([module.read_text("utf-8"), *beside])


def _hash(said: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str, ensure_ascii=False).encode()).hexdigest()
