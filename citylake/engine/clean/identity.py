"""Record and subject ids: keyed hashes computed inside Spark, their key never part of a plan's text."""

import hashlib
from collections.abc import Mapping
from functools import reduce
from operator import or_

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from citylake.contract.linked import subject_column
from citylake.contract.model import CollectedContract, Role
from citylake.standards.signs import compared, folded

BLOCK = 64
"""Block length of SHA-256 in bytes."""


def key_frame(spark: SparkSession, key: bytes) -> DataFrame:
    """Return one row (inner_pad, outer_pad: binary), to be cross-joined where ``keyed_hash`` is used.

    The key travels as data of a local relation: plans, explain output and logs show column names only.
    """
    return spark.createDataFrame(pa.table({name: pa.array([pad], pa.binary()) for name, pad in pads(key).items()}))


def pads(key: bytes) -> dict[str, bytes]:
    """Return what HMAC-SHA256 makes of a key: ``inner_pad`` and ``outer_pad``."""
    block = (key if len(key) <= BLOCK else hashlib.sha256(key).digest()).ljust(BLOCK, b"\0")
    return {name: bytes(byte ^ mask for byte in block) for name, mask in (("inner_pad", 0x36), ("outer_pad", 0x5C))}


def keyed_hash(message: Column) -> Column:
    """Return HMAC-SHA256 of a text as 32 hexadecimal digits; needs ``inner_pad`` and ``outer_pad`` in the row.

    Half of the digest is kept: 128 bits are far beyond any collision among a city's records.
    """
    inner = F.unhex(F.sha2(F.concat(F.col("inner_pad"), F.encode(message, "UTF-8")), 256))
    return F.substring(F.sha2(F.concat(F.col("outer_pad"), inner), 256), 1, 32)


def json_object(values: Mapping[str, tuple[Column, str]]) -> Column:
    """Return what ``to_json`` makes of a struct, letter by letter, in words that every engine takes alike.

    Ids are hashes of it, so it can never be spelt otherwise.

    Args:
        values: column and type by name; texts as conforming leaves them, which have no control signs but breaks.
    """
    if not all(_is_plain(kind) for _, kind in values.values()):
        return F.to_json(F.struct(*[value.alias(name) for name, (value, _) in values.items()]))
    members = [F.concat(F.lit(f'"{name}":'), _json(value, kind)) for name, (value, kind) in values.items()]
    return F.concat(F.lit("{"), F.concat_ws(",", *members), F.lit("}"))


def _is_plain(kind: str) -> bool:
    """Return whether a cast to text spells a type as JSON does: no times, no floats, no decimals that have exponents there."""
    name, _, digits = kind.partition("(")
    return name not in ("double", "timestamp", "decimal") or (
        name == "decimal" and int(digits.strip(")").split(",")[1]) <= 6
    )


def _json(value: Column, kind: str) -> Column:
    if kind not in ("string", "month"):
        return F.concat(F.lit('"'), value.cast("string"), F.lit('"')) if kind == "date" else value.cast("string")
    escaped = value
    for sign, spelt in _ESCAPED.items():
        escaped = F.replace(escaped, F.lit(sign), F.lit(spelt))
    return F.concat(F.lit('"'), escaped, F.lit('"'))


_ESCAPED = {"\\": r"\\", '"': r"\"", "\t": r"\t", "\n": r"\n", "\x0b": r"\u000B", "\f": r"\f", "\r": r"\r"}
"""How JSON spells the signs that it does not take as they are; the first of them is in all others."""


def with_ids(lines: DataFrame, contract: CollectedContract, keys: DataFrame) -> DataFrame:
    """Add ``_record_id`` and a ``_<role>_subject`` per identity role to typed lines.

    Args:
        lines: rows with the contract's typed columns.
        contract: names the key and who is identified by which columns.
        keys: the row of :func:`key_frame`.
    """
    key = json_object({name: (F.col(f"`{name}`"), contract.columns[name].type) for name in contract.key})
    record = F.concat_ws("\u001f", F.lit(contract.name), key)
    ids = {"_record_id": F.concat(F.lit("r"), keyed_hash(record))}
    for kind, roles in contract.identity.items():
        for name, role in roles.items():
            ids[subject_column(name)] = _subject(contract, kind, name, role)
    return lines.crossJoin(F.broadcast(keys)).withColumns(ids).drop("inner_pad", "outer_pad")


def _subject(contract: CollectedContract, kind: str, name: str, role: Role) -> Column:
    """Return the subject id of one role, NULL where the row names nobody."""
    naming = [F.col(f"`{column}`") for column in role.naming]
    said = F.coalesce(*naming).isNotNull() if naming else F.lit(True)
    own = [F.col(f"`{column}`").isNotNull() for column in role.numbers]
    if role.unless is not None:
        said = said & reduce(or_, own, F.col(f"`{role.unless}`").isNull())
    for column, codes in role.only.items():
        said = said & reduce(or_, own, F.coalesce(F.col(f"`{column}`").isin(*codes), F.lit(True)))
    # Records are told apart as their keys are, by what is kept; a name in two spellings is one name.
    columns, said_by = (contract.key, folded) if role.subject == "record" else (role.identifying, compared)
    values = json_object({column: (said_by(F.col(f"`{column}`").cast("string")), "string") for column in columns})
    message = F.concat_ws("\u001f", F.lit(contract.name), F.lit(kind), F.lit(name), values)
    return F.when(said, F.concat(F.lit("s"), keyed_hash(message)))
