"""Things under two identifiers that are one all the same: given another one by an authority, or bearing two classes of them."""

import duckdb
import pyarrow as pa

from citylake.contract.resolve_spec import ResolveSpec
from citylake.resolve.anchors import OTHER, agrees
from citylake.resolve.candidates import choose, compare, evidence, known_near
from citylake.resolve.overrides import forbid

_COLUMNS = ("anchor_key", "thing_key", "rule", "evidence")


def find_same_things(store: duckdb.DuckDBPyConnection, spec: ResolveSpec) -> None:
    """Make ``same_thing``: anchor_key, thing_key (the thing it is a part of), rule, evidence."""
    _put(store, [])
    edges = {**_joined(store, spec), **_succeeded(store, spec)}
    _put(store, [(key, _end(edges, key), *edges[key][1:]) for key in sorted(edges) if _end(edges, key) != key])


def _end(edges: dict[str, tuple[str, str, str]], key: str) -> str:
    """Follow a thing to the one it ends in; of a circle, the least."""
    path = [key]
    while path[-1] in edges:
        following = edges[path[-1]][0]
        if following in path:
            return min(path[path.index(following) :])
        path.append(following)
    return path[-1]


def _put(store: duckdb.DuckDBPyConnection, rows: list[tuple[str, ...]]) -> None:
    columns = zip(*rows, strict=True) if rows else [()] * len(_COLUMNS)
    arrays = [pa.array(column, pa.string()) for column in columns]
    store.register("_same", pa.table(dict(zip(_COLUMNS, arrays, strict=True))))
    store.execute("CREATE OR REPLACE TEMP TABLE same_thing AS SELECT * FROM _same")
    store.unregister("_same")


def _succeeded(store: duckdb.DuckDBPyConnection, spec: ResolveSpec) -> dict[str, tuple[str, str, str]]:
    """Return the things whose identifier an authority has replaced -> the thing with the present one, rule, evidence.

    The record must agree with the bearer of the former identifier: a number given out twice stays with the other one.
    """
    if not spec.successions:
        return {}
    said = " OR ".join(f"(c.source = '{one.source}' AND c.role = '{one.role}')" for one in spec.successions)
    rows = store.execute(
        f"""
        WITH bearer AS (SELECT p.anchor_key, s.* FROM speaker p JOIN subject s ON s.subject_id = p.subject_id),
        certain AS (SELECT subject_id, anchor_key FROM speaker
                    UNION ALL SELECT subject_id, anchor_key FROM held WHERE rule = 'id_exact')
        SELECT o.anchor_key, min(k.anchor_key) FROM subject c JOIN certain k ON k.subject_id = c.subject_id
        JOIN bearer o ON o.id_no = c.former_no
        WHERE c.id_no IS NOT NULL AND ({said}) AND {agrees(spec, "c", "o")} AND o.anchor_key <> k.anchor_key
        AND NOT EXISTS (SELECT 1 FROM override d JOIN speaker a ON a.subject_id = d.subject_id
                        JOIN speaker b ON b.subject_id = d.other_subject_id WHERE d.decision = 'cannot_link'
                        AND ((a.anchor_key = o.anchor_key AND b.anchor_key = k.anchor_key)
                             OR (b.anchor_key = o.anchor_key AND a.anchor_key = k.anchor_key)))
        GROUP BY o.anchor_key
        """
    ).fetchall()
    return {old: (new, "id_succeeded", "") for old, new in rows}


def _joined(store: duckdb.DuckDBPyConnection, spec: ResolveSpec) -> dict[str, tuple[str, str, str]]:
    """Return the things with an identifier of a class that goes with another -> the thing with that one, rule, evidence.

    Two identifiers of one class cannot both be a thing's, whatever the rules say.
    """
    if not spec.joins:
        return {}
    classes = ", ".join(f"'{name}'" for name in spec.joins)
    store.execute(
        "CREATE OR REPLACE TEMP TABLE joining AS SELECT s.*, p.anchor_key AS own_key FROM speaker p JOIN subject s "
        f"ON s.subject_id = p.subject_id WHERE p.tier = {OTHER} AND s.id_class IN ({classes})"
    )
    known_near(store, spec, "joining", "near_joining")
    fitting = " OR ".join(
        f"(s.id_class = '{name}' AND p.id_class IN ({', '.join(repr(other) for other in others)}))"
        for name, others in spec.joins.items()
    )
    compare(store, spec, "joining", "near_joining", spec.rules, "joined_facts", where=f"({fitting})")
    forbid(store, "joined_facts")
    choose(store, spec.rules, "joined_facts", "joined")
    rows = store.execute(
        f"""
        WITH step AS (SELECT g.own_key, d.anchor_key, d.rule, g.id_class, {evidence(spec, "f")} AS evidence
                      FROM joined d JOIN joining g ON g.subject_id = d.subject_id
                      JOIN joined_facts f ON f.subject_id = d.subject_id AND f.anchor_key = d.anchor_key
                      WHERE d.rule IS NOT NULL)
        SELECT own_key, anchor_key, 'id_joined', rule || ' ' || evidence FROM step
        QUALIFY count(*) OVER (PARTITION BY anchor_key, id_class) = 1
        """
    ).fetchall()
    return {own: (key, rule, why) for own, key, rule, why in rows}
