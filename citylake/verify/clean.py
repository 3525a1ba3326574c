"""A clean table computed again: its accepted deliveries read from landing one after the other, in DuckDB.

Only the parsers of ``citylake/sources`` are shared with the engine: bytes become text in their own process. What the text
means, which lines are held back and what a key's row then is, is read from the contract once more.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from citylake.contract.model import CollectedContract
from citylake.lake import Lake
from citylake.ledger.deliveries.deliveries import Delivery
from citylake.sources import landing
from citylake.sources.parse import parse
from citylake.verify.lines import typed_lines
from citylake.verify.store import Store, quoted, text
from citylake.verify.subjects import with_ids
from citylake.verify.translate import duckdb_type

ENGINE_TYPES = {"_as_of": "date", "_deleted": "boolean", "_held_since": "date"}
"""Engine columns of a clean table that have a meaning of their own, beside the ids."""


@dataclass(frozen=True)
class Taken:
    """An accepted delivery and the business date of the run that judged it."""

    delivery: Delivery
    business_date: date


def replayed(store: Store, lake: Lake, contract: CollectedContract, taken: Sequence[Taken]) -> str:
    """Return the name of a table of the store with the clean table's rows: contract columns, ids, ``ENGINE_TYPES``.

    Raises:
        DeliveryError: landed bytes that were accepted once cannot be read today.
        FileNotFoundError: landing lacks the bytes.
    """
    columns = ", ".join(f"{quoted(name)} {duckdb_type(column.type)}" for name, column in contract.columns.items())
    state = store.name()
    store.run(f"CREATE TABLE {state} ({columns}, _as_of DATE, _deleted BOOLEAN, _held_since DATE)")
    for one in taken:
        with tempfile.TemporaryDirectory(dir=store.folder) as folder:
            _take(store, lake, contract, one, state, Path(folder) / "lines.parquet")
    made = store.keep(with_ids(store, contract, state, lake.record_key))
    store.drop(state)
    return made


def _take(store: Store, lake: Lake, contract: CollectedContract, one: Taken, state: str, path: Path) -> None:
    delivery = one.delivery
    assert delivery.landing is not None
    with landing.local(lake.settings, delivery.landing) as landed:
        parsed = parse(landed, contract, path, name=delivery.name, earlier=True)
    day = parsed.as_of or delivery.as_of or one.business_date
    source = f"read_parquet({text(str(path))})"
    lines = store.keep(typed_lines(contract, lake.codes, one.business_date, source))
    judged = store.keep(_JUDGED[contract.mode](contract, lines, state))
    _apply(store, contract, lines, judged, state, day)
    store.drop(lines, judged)


def _apply(store: Store, contract: CollectedContract, lines: str, judged: str, state: str, day: date) -> None:
    """Move the state on by one delivery.

    Args:
        store: where everything is.
        contract: key and mode.
        lines: all lines of the delivery.
        judged: good lines with ``_fate``: write, keep (the row stays, a mark on it goes), none, held.
        state: the clean table so far.
        day: the day the delivery speaks of.
    """
    keys = ", ".join(quoted(name) for name in contract.key)
    names = ", ".join(quoted(name) for name in contract.columns)
    # Who was held back and who not is asked of the state before this delivery.
    stopped = (
        f"SELECT {keys} FROM {lines} WHERE NOT _unreadable AND _keyed AND NOT ({_sound(contract)}) "
        f"UNION SELECT {keys} FROM {judged} WHERE _fate = 'held'"
    )
    passed = f"SELECT {keys} FROM {judged} WHERE _fate <> 'held'"
    marked = store.keep(
        f"SELECT {keys} FROM {state} s SEMI JOIN ({stopped}) h USING ({keys}) ANTI JOIN ({passed}) t USING ({keys}) "
        "WHERE NOT s._deleted AND s._held_since IS NULL"
    )
    gone = _gone(store, contract, lines, state)
    written = store.keep(f"SELECT {names}, _is_delete FROM {judged} WHERE _fate = 'write'")
    same = _same(contract)
    store.run(f"DELETE FROM {state} AS s USING {written} AS w WHERE {same.format('s', 'w')}")
    store.run(f"INSERT INTO {state} SELECT {names}, DATE '{day}', _is_delete, NULL FROM {written}")
    store.run(f"UPDATE {state} AS s SET _held_since = DATE '{day}' FROM {marked} AS w WHERE {same.format('s', 'w')}")
    if gone is not None:
        store.run(f"UPDATE {state} AS s SET _deleted = true FROM {gone} AS w WHERE {same.format('s', 'w')}")
        store.drop(gone)
    store.drop(marked, written)


def _gone(store: Store, contract: CollectedContract, lines: str, state: str) -> str | None:
    """Return live rows that a snapshot no longer names; none while it has lines whose key cannot be read."""
    if contract.mode != "snapshot" or store.number(f"SELECT count(*) FROM {lines} WHERE NOT _keyed"):
        return None
    keys = ", ".join(quoted(name) for name in contract.key)
    return store.keep(f"SELECT {keys} FROM {state} ANTI JOIN {lines} USING ({keys}) WHERE NOT _deleted")


def _same(contract: CollectedContract) -> str:
    return " AND ".join(f"{{0}}.{quoted(name)} = {{1}}.{quoted(name)}" for name in contract.key)


def _content(contract: CollectedContract, of: str) -> str:
    fields = ", ".join(f"{quoted(name)}: {of}.{quoted(name)}" for name in contract.columns)
    return f"md5(CAST(to_json({{{fields}}}) AS VARCHAR))"


def _sound(contract: CollectedContract) -> str:
    """Return whether a line can be taken; of a delete only what says when it was so has to be readable, beside its key."""
    dated = "".join(f" AND {quoted(name)} IS NOT NULL" for name in (contract.change.order if contract.change else ()))
    return f"NOT _broken OR (_is_delete{dated})"


def _numbered(contract: CollectedContract, lines: str, order: str) -> str:
    """Return the good lines with their content, ``_place`` within their key, and what is known of it."""
    keys = ", ".join(quoted(name) for name in contract.key)
    return (
        f"good AS (SELECT l.*, {_content(contract, 'l')} AS _content FROM {lines} l "
        f"WHERE NOT _unreadable AND _keyed AND ({_sound(contract)})), "
        f"numbered AS (SELECT *, row_number() OVER w AS _place, first_value(_content) OVER w AS _first, "
        f"count(DISTINCT _content) OVER (PARTITION BY {keys}) AS _contents FROM good WINDOW w AS (PARTITION BY {keys} ORDER BY {order}))"
    )


def _known(contract: CollectedContract, state: str, more: str = "") -> str:
    same = _same(contract).format("n", "s")
    return (
        f"known AS (SELECT n.*, s._deleted IS NOT NULL AS _is_known, coalesce(s._deleted, false) AS _was_deleted, "
        f"s._held_since IS NOT NULL AS _was_held, {_content(contract, 's')} AS _known_content{more} "
        f"FROM numbered n LEFT JOIN {state} s ON {same})"
    )


def _snapshot(contract: CollectedContract, lines: str, state: str) -> str:
    return (
        f"WITH {_numbered(contract, lines, '_line')}, {_known(contract, state)} "
        "SELECT * EXCLUDE (_content), CASE WHEN _contents > 1 THEN 'held' WHEN _place > 1 THEN 'none' "
        "WHEN NOT _is_known OR _was_deleted OR _was_held OR _content <> _known_content THEN 'write' ELSE 'none' END AS _fate FROM known"
    )


def _event(contract: CollectedContract, lines: str, state: str) -> str:
    replaces = contract.corrections == "replace"
    order = "_line DESC" if replaces else "_line"
    other = "write" if replaces else "held"
    later = "none" if replaces else "held"
    return (
        f"WITH {_numbered(contract, lines, order)}, {_known(contract, state)} "
        f"SELECT * EXCLUDE (_content), CASE WHEN _place > 1 AND _content = _first THEN 'none' WHEN _place > 1 THEN '{later}' "
        f"WHEN NOT _is_known THEN 'write' WHEN _content = _known_content THEN 'none' ELSE '{other}' END AS _fate FROM known"
    )


def _change(contract: CollectedContract, lines: str, state: str) -> str:
    assert contract.change is not None
    order = ", ".join(f"{quoted(name)} DESC NULLS LAST" for name in contract.change.order)
    older = _older(contract.change.order)
    same = " AND ".join(
        f"{quoted(name)} IS NOT DISTINCT FROM {quoted(f'_was:{name}')}" for name in contract.change.order
    )
    more = "".join(f", s.{quoted(name)} AS {quoted(f'_was:{name}')}" for name in contract.change.order)
    return (
        f"WITH {_numbered(contract, lines, f'{order}, _line DESC')}, {_known(contract, state, more)} "
        f"SELECT * EXCLUDE (_content), CASE WHEN _place > 1 THEN 'none' WHEN _is_known AND {older} THEN 'none' "
        f"WHEN _is_delete THEN CASE WHEN _is_known AND _was_deleted AND {same} THEN 'none' ELSE 'write' END "
        "WHEN NOT _is_known OR _was_deleted OR _was_held OR _content <> _known_content THEN 'write' ELSE 'none' END AS _fate FROM known"
    )


def _passes(contract: CollectedContract) -> str:
    """Return whether a line with its key can be taken; a delete needs to say when it was so, and nothing else."""
    order = contract.change.order if contract.change is not None else ()
    said = " AND ".join(["_is_delete", *[f"{quoted(name)} IS NOT NULL" for name in order]])
    return f"NOT _broken OR ({said})"


def _later(order: Sequence[str]) -> str:
    same = " AND ".join(f"{quoted(name)} IS NOT DISTINCT FROM {quoted(f'_was:{name}')}" for name in order)
    return f"NOT ({_older(order)} OR ({same}))"


def _older(order: Sequence[str]) -> str:
    """Return whether a line is older than the row that is there; one that does not say when is the oldest."""
    terms: list[str] = []
    equal: list[str] = []
    for name in order:
        new, old = quoted(name), quoted(f"_was:{name}")
        terms.append(" AND ".join([*equal, f"({new} < {old} OR ({new} IS NULL AND {old} IS NOT NULL))"]))
        equal.append(f"{new} IS NOT DISTINCT FROM {old}")
    return f"coalesce({' OR '.join(f'({term})' for term in terms)}, false)"


_JUDGED = {"snapshot": _snapshot, "event": _event, "change": _change}


def clean_types(contract: CollectedContract, ids: Sequence[str]) -> Mapping[str, str]:
    """Return the compared columns of a clean table with their contract types."""
    own = {name: column.type for name, column in contract.columns.items()}
    return own | dict.fromkeys(ids, "string") | ENGINE_TYPES
