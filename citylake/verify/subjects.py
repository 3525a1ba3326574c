"""Record and subject ids, computed once more: HMAC-SHA256 (RFC 2104) over the words of a row, in DuckDB."""

import hashlib

from citylake.contract.linked import subject_column
from citylake.contract.model import CollectedContract, Role
from citylake.verify.store import Store, quoted, text

_BLOCK = 64
_SEPARATOR = "chr(31)"


def id_columns(contract: CollectedContract) -> list[str]:
    """Return the columns of a clean table that hold ids."""
    return ["_record_id", *[subject_column(role) for roles in contract.identity.values() for role in roles]]


def with_ids(store: Store, contract: CollectedContract, rows: str, key: bytes) -> str:
    """Return the SELECT of the rows with ``_record_id`` and a ``_<role>_subject`` per role.

    Args:
        store: gets the key as a variable, so that it stands in no statement.
        contract: key and identity.
        rows: table with the contract's typed columns.
        key: the lake's record key.
    """
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    for name, byte in (("inner_pad", 0x36), ("outer_pad", 0x5C)):
        store.run(f"SET VARIABLE {name} = $pad::BLOB", {"pad": bytes(one ^ byte for one in block)})
    store.run(
        "CREATE OR REPLACE MACRO keyed(m) AS substr(sha256(getvariable('outer_pad') || "
        "unhex(sha256(getvariable('inner_pad') || encode(m)))), 1, 32)"
    )
    record = f"concat_ws({_SEPARATOR}, {text(contract.name)}, {_object({name: _json(contract, name) for name in contract.key})})"
    ids = [f"'r' || keyed({record}) AS _record_id"]
    for kind, roles in contract.identity.items():
        ids += [
            f"{_subject(contract, kind, name, role)} AS {quoted(subject_column(name))}" for name, role in roles.items()
        ]
    return f"SELECT *, {', '.join(ids)} FROM {rows}"


def _subject(contract: CollectedContract, kind: str, name: str, role: Role) -> str:
    naming = [quoted(column) for column in role.naming]
    said = f"coalesce({', '.join(naming)}) IS NOT NULL" if naming else "true"
    own = [f"{quoted(column)} IS NOT NULL" for column in role.numbers]
    if role.unless is not None:
        said += f" AND ({' OR '.join([f'{quoted(role.unless)} IS NULL', *own])})"
    for column, codes in role.only.items():
        kind_fits = f"coalesce({quoted(column)} IN ({', '.join(text(code) for code in codes)}), true)"
        said += f" AND ({' OR '.join([kind_fits, *own])})"
    columns, word = (contract.key, "half_width") if role.subject == "record" else (role.identifying, "compared")
    told = _object({column: _string(f"{word}({_as_text(contract, column)})") for column in columns})
    message = f"concat_ws({_SEPARATOR}, {text(contract.name)}, {text(kind)}, {text(name)}, {told})"
    return f"CASE WHEN {said} THEN 's' || keyed({message}) END"


def _object(values: dict[str, str]) -> str:
    """Return a JSON object without what is unknown, in the order given."""
    parts = ", ".join(f"{text(f'{chr(34)}{name}{chr(34)}:')} || {value}" for name, value in values.items())
    return f"'{{' || concat_ws(',', {parts}) || '}}'"


def _json(contract: CollectedContract, name: str) -> str:
    kind = contract.columns[name].type.partition("(")[0]
    if kind in {"int", "bigint", "decimal", "boolean", "double"}:
        return f"CAST({quoted(name)} AS VARCHAR)"
    if kind == "timestamp":
        moment = f"strftime(CAST({quoted(name)} AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%g')"
        offset = f"strftime({quoted(name)}, '%z')"
        return _string(f"{moment} || CASE WHEN length({offset}) = 3 THEN {offset} || ':00' ELSE {offset} END")
    return _string(_as_text(contract, name))


def _as_text(contract: CollectedContract, name: str) -> str:
    """Return a value as text; a moment by the city's clock, without its offset and idle zeros."""
    if contract.columns[name].type == "timestamp":
        return rf"regexp_replace(CAST(CAST({quoted(name)} AS TIMESTAMP) AS VARCHAR), '(\.[0-9]*?)0+$', '\1')"
    return f"CAST({quoted(name)} AS VARCHAR)"


def _string(value: str) -> str:
    return f"CAST(to_json({value}) AS VARCHAR)"
