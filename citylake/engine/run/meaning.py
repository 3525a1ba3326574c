"""The two hashes of a table: its meaning (a change rebuilds it) and its dress (a change is an ALTER)."""

import hashlib
import json
from typing import Any

import sqlglot

from citylake.contract.engine_columns import LINE_HASH
from citylake.contract.model import CollectedContract, Contract, DerivedContract
from citylake.contract.resolve_spec import ResolveSpec, roles
from citylake.contract.survivorship import Golden
from citylake.engine.code import CONFORMING, code_of, code_of_file
from citylake.engine.transforms import module_name, select_text, transform_path
from citylake.lake import Lake
from citylake.ledger.people.overrides import overrides_mark

_DRESS = {"label", "grade", "mask", "element"}
_ASKING = {"lookback", "full_comparison", "cursor", "limits"}
"""How much of a source is asked for, and when, changes no row that a delivery makes."""
_DECIDES_WHO = {"kind", "id", "anchors", "guard", "rules", "successions", "joins", "residue", "proposals"}
"""Keys of ``resolve.yml`` that a crosswalk depends on."""


def meaning(lake: Lake, contract: Contract) -> str:
    """Return the hash of all that decides which rows a table has: key, inputs, types, codes, rules, SELECT, code.

    Of the code counts what ``citylake.engine.code`` names: who is who, survivorship, conforming, standards.
    """
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
        said["code"] = code_of(*CONFORMING)
        if contract.mode == "snapshot":
            # Tables of before are made anew once, so that every row knows the line it was made of.
            said["recognised"] = LINE_HASH
    else:
        said |= {"by": contract.unit, "inputs": contract.model_dump(include={"inputs"}, mode="json")}
        said["transform"] = _transform(lake, contract)
    return _hash(said)


def dress(contract: Contract) -> str:
    """Return the hash of what a table shows beside its rows: title, labels, masks, grades."""
    columns = {name: column.model_dump(include=_DRESS, mode="json") for name, column in contract.columns.items()}
    return _hash({"title": contract.title, "grain": contract.grain, "columns": columns})


def _transform(lake: Lake, contract: DerivedContract) -> Any:
    """Return the SELECT without comments and layout, or the code of a transform with what ``resolve.yml`` says to it."""
    text = select_text(lake.catalog, contract, lake.transforms)
    if text is not None:
        return sqlglot.parse_one(text, read="spark").sql(dialect="spark", comments=False, normalize=True)
    if (name := module_name(contract)) is not None:
        return [code_of(name), _said_to(lake, contract)]
    return code_of_file(transform_path(lake.transforms, contract, ".py"))


def _said_to(lake: Lake, contract: DerivedContract) -> Any:
    """Return what of ``resolve.yml`` and the ledger decides the rows of a table of who is who; nothing of other kinds."""
    spec = lake.catalog.spec(contract.domain)
    match contract.maker:
        case "subject":
            named = [role.model_dump(mode="json") for role in roles(spec, lake.catalog.collected)]
            return [spec.model_dump(include={"kind", "id"}, mode="json"), named]
        case "override":
            return overrides_mark(lake.ledger, contract.domain)
        case "crosswalk":
            return [spec.model_dump(include=_DECIDES_WHO, mode="json"), _model(spec)]
        case "event":
            return spec.model_dump(include={"kind", "proposals"}, mode="json")
        case "comparison":
            return _chosen(lake, spec.survivorship[str(spec.golden_table)])
        case _:
            return [contract.flags, _chosen(lake, spec.survivorship[contract.thing])]


def _chosen(lake: Lake, fields: tuple[Golden, ...]) -> Any:
    """Return how golden values are chosen, with the code lists that say what an old code is today."""
    followed = {given.today for field in fields for given in field.given if given.today is not None}
    successors = {name: lake.catalog.successors[name] for name in followed}
    return [[field.model_dump(mode="json") for field in fields], successors]


def _model(spec: ResolveSpec) -> str:
    return (spec.folder / spec.residue.model).read_text("utf-8") if spec.residue.model is not None else ""


def _hash(said: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str, ensure_ascii=False).encode()).hexdigest()
