"""The residue: subjects that neither identifier nor rule linked; scored against things by a model, and with each other."""

from collections.abc import Mapping

import duckdb
import numpy as np
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from citylake.contract.resolve_spec import ResolveSpec
from citylake.resolve.candidates import evidence, holds
from citylake.resolve.overrides import forbid
from citylake.resolve.scoring import read_model, score

Edge = tuple[str, str, str, float, str]
"""Two subjects, the rule that says they are one, its score, and the evidence."""


def resolve_residue(store: duckdb.DuckDBPyConnection, spec: ResolveSpec) -> None:
    """Find a place for rows of ``link`` with the rule ``single``: with one thing that a model scores high, or with each other.

    Two that are one by a rule that needs no uniqueness, or by the model, belong together; so do all of their component.
    """
    store.execute(
        "CREATE OR REPLACE TEMP TABLE lone AS SELECT s.*, l.review_reason IS NULL AS is_clear FROM link l "
        "JOIN subject s ON s.subject_id = l.subject_id WHERE l.rule = 'single' AND l.guard <> 'borrowed' "
        "AND l.subject_id NOT IN (SELECT subject_id FROM bystander)"
    )
    edges = _by_rules(store, spec)
    targets: dict[str, str] = {}
    if spec.residue.model is not None:
        model = read_model(spec.folder / spec.residue.model)
        targets = _by_model(store, spec, model)
        edges += _among_themselves(store, spec, model)
    _unite(store, edges, targets)


def _by_rules(store: duckdb.DuckDBPyConnection, spec: ResolveSpec) -> list[Edge]:
    sure = [rule for rule in spec.rules if rule.name in spec.residue.rules]
    if not sure:
        return []
    pairs = " UNION ".join(
        "SELECT s.subject_id AS one, p.subject_id AS other FROM lone s JOIN lone p ON s.subject_id < p.subject_id AND "
        + " AND ".join(f"s.{name} = p.{name}" for name in rule.block)
        + " WHERE s.is_clear AND p.is_clear"
        for rule in sure
    )
    facts = ", ".join(
        f"coalesce(s.{name} = p.{name}, false) AS same_{name}, "
        f"s.{name} IS NOT NULL AND p.{name} IS NOT NULL AS known_{name}"
        for name in spec.compared
    )
    distances = "coalesce(levenshtein(s.id_text, p.id_text), 9) AS id_distance"
    if spec.kind == "person":
        distances += (
            ", coalesce(levenshtein(strftime(s.birth, '%Y%m%d'), strftime(p.birth, '%Y%m%d')), 9) AS birth_distance, "
            "s.birth IS NULL OR p.birth IS NULL AS birth_unsaid"
        )
    rule = " ".join(f"WHEN {holds(rule)} THEN '{rule.name}'" for rule in sure)
    scores = " ".join(f"WHEN '{rule.name}' THEN {rule.score}" for rule in sure)
    return store.execute(
        f"""
        SELECT one, other, rule, CAST(CASE rule {scores} END AS DOUBLE), evidence FROM (
            SELECT one, other, CASE {rule} END AS rule, {evidence(spec, "f")} AS evidence FROM (
                SELECT c.one, c.other, {facts}, {distances} FROM ({pairs}) c
                JOIN lone s ON s.subject_id = c.one JOIN lone p ON p.subject_id = c.other) f)
        WHERE rule IS NOT NULL ORDER BY one, other
        """
    ).fetchall()


def _by_model(store: duckdb.DuckDBPyConnection, spec: ResolveSpec, model: Mapping[str, object]) -> dict[str, str]:
    """Link subjects that one thing fits, mark those that several may fit or one nearly does; return subject -> thing."""
    left = _side(store, spec, "lone", "subject_id", "id_text")
    right = _side(store, spec, "known", "n", "id_no")
    store.register("_scored", score(model, left, right, spec.residue.review))
    store.execute(
        "CREATE OR REPLACE TEMP TABLE scored AS SELECT s.one AS subject_id, k.anchor_key, max(s.probability) AS probability "
        "FROM _scored s JOIN known k ON k.n = CAST(s.other AS BIGINT) GROUP BY ALL"
    )
    store.unregister("_scored")
    forbid(store, "scored")
    store.execute(
        "CREATE OR REPLACE TEMP TABLE best AS SELECT subject_id, count(*)::INTEGER AS found, max(probability) AS probability, "
        "arg_max(anchor_key, (probability, anchor_key)) AS anchor_key FROM scored GROUP BY ALL"
    )
    sure = f"b.found = 1 AND b.probability >= {spec.residue.link}"
    store.execute(
        "UPDATE link SET part_key = b.anchor_key, rule = 'splink', score = b.probability, candidates = 1, review_reason = NULL, "
        f"other_key = NULL FROM best b WHERE b.subject_id = link.subject_id AND {sure}"
    )
    store.execute(
        "UPDATE link SET candidates = b.found, review_reason = coalesce(review_reason, 'likely_match'), "
        f"other_key = b.anchor_key FROM best b WHERE b.subject_id = link.subject_id AND NOT ({sure})"
    )
    return dict(store.execute(f"SELECT b.subject_id, b.anchor_key FROM best b WHERE {sure}").fetchall())


def _among_themselves(store: duckdb.DuckDBPyConnection, spec: ResolveSpec, model: Mapping[str, object]) -> list[Edge]:
    pairs = score(model, _side(store, spec, "lone", "subject_id", "id_text"), None, spec.residue.link).to_pylist()
    told = [(*sorted((pair["one"], pair["other"])), "splink", pair["probability"], "") for pair in pairs]
    return sorted(told)


def _side(store: duckdb.DuckDBPyConnection, spec: ResolveSpec, table: str, key: str, number: str) -> pa.Table:
    """Return rows as a model compares them: every field as text, the identifier as ``number``."""
    fields = ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in spec.compared)
    return store.sql(
        f"SELECT CAST({key} AS VARCHAR) AS unique_id, {number} AS number, {fields} FROM {table}"
    ).to_arrow_table()


def _unite(store: duckdb.DuckDBPyConnection, edges: list[Edge], targets: Mapping[str, str]) -> None:
    """Give each component of the edges one place: the thing of its members, if they have one, else its least member."""
    if not edges:
        return
    names = sorted({name for edge in edges for name in edge[:2]})
    place = {name: number for number, name in enumerate(names)}
    rows = np.array([place[edge[0]] for edge in edges])
    columns = np.array([place[edge[1]] for edge in edges])
    graph = coo_array((np.ones(len(edges)), (rows, columns)), shape=(len(names), len(names)))
    _, labels = connected_components(graph, directed=False)
    members: dict[int, list[str]] = {}
    for name, label in zip(names, labels, strict=True):
        members.setdefault(int(label), []).append(name)
    told: dict[str, tuple[str, float, str]] = {}
    for one, other, rule, value, why in edges:
        for subject in (one, other):
            told.setdefault(subject, (rule, value, why))
    placed = []
    for group in members.values():
        things = {targets[name] for name in group if name in targets}
        free = [name for name in group if name not in targets]
        key = things.pop() if len(things) == 1 else free[0] if free else None
        placed += [(name, key, *told[name]) for name in free if key is not None and name != key]
    if placed:
        _place(store, placed)


def _place(store: duckdb.DuckDBPyConnection, placed: list[tuple[str, str, str, float, str]]) -> None:
    names = ("subject_id", "part_key", "rule", "score", "evidence")
    store.register("_placed", pa.table(dict(zip(names, map(pa.array, zip(*placed, strict=True)), strict=True))))
    store.execute(
        "UPDATE link SET part_key = p.part_key, rule = p.rule, score = p.score, evidence = p.evidence, review_reason = NULL, "
        "other_key = NULL FROM _placed p WHERE p.subject_id = link.subject_id"
    )
    store.unregister("_placed")
