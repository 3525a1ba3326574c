"""The residue: subjects that neither identifier nor rule linked; compared with each other and, by a model, with things."""

import duckdb
import numpy as np
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from jobs.resolve.candidates import evidence, holds
from schemas.resolve_spec import ResolveSpec


def resolve_residue(store: duckdb.DuckDBPyConnection, spec: ResolveSpec) -> None:
    """Bring together rows of ``link`` with the rule ``single`` that are one thing by a rule that needs no uniqueness."""
    sure = [rule for rule in spec.rules if rule.name in spec.residue.rules]
    if not sure:
        return
    store.execute(
        "CREATE OR REPLACE TEMP TABLE lone AS SELECT s.* FROM link l JOIN subject s ON s.subject_id = l.subject_id "
        "WHERE l.rule = 'single' AND l.review_reason IS NULL AND l.subject_id NOT IN (SELECT subject_id FROM bystander)"
    )
    pairs = " UNION ".join(
        "SELECT s.subject_id AS one, p.subject_id AS other FROM lone s JOIN lone p ON s.subject_id < p.subject_id AND "
        + " AND ".join(f"s.{name} = p.{name}" for name in rule.block)
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
    edges = store.execute(
        f"""
        SELECT * FROM (
            SELECT one, other, CASE {rule} END AS rule, {evidence(spec, "f")} AS evidence FROM (
                SELECT c.one, c.other, {facts}, {distances} FROM ({pairs}) c
                JOIN lone s ON s.subject_id = c.one JOIN lone p ON p.subject_id = c.other) f)
        WHERE rule IS NOT NULL ORDER BY one, other
        """
    ).fetchall()
    _unite(store, spec, edges)


def _unite(store: duckdb.DuckDBPyConnection, spec: ResolveSpec, edges: list[tuple[str, str, str, str]]) -> None:
    if not edges:
        return
    names = sorted({name for edge in edges for name in edge[:2]})
    place = {name: number for number, name in enumerate(names)}
    rows = np.array([place[edge[0]] for edge in edges])
    columns = np.array([place[edge[1]] for edge in edges])
    graph = coo_array((np.ones(len(edges)), (rows, columns)), shape=(len(names), len(names)))
    _, labels = connected_components(graph, directed=False)
    least: dict[int, str] = {}
    for name, label in zip(names, labels, strict=True):
        least.setdefault(int(label), name)
    scores = {rule.name: rule.score for rule in spec.rules}
    told: dict[str, tuple[str, str]] = {}
    for one, other, rule, why in edges:
        for subject in (one, other):
            told.setdefault(subject, (rule, why))
    united = [
        (name, least[int(label)], told[name][0], float(scores[told[name][0]]), told[name][1])
        for name, label in zip(names, labels, strict=True)
        if least[int(label)] != name
    ]
    columns_of = ("subject_id", "part_key", "rule", "score", "evidence")
    store.register("clustered", pa.table(dict(zip(columns_of, map(pa.array, zip(*united, strict=True)), strict=True))))
    store.execute(
        "UPDATE link SET part_key = c.part_key, rule = c.rule, score = c.score, evidence = c.evidence "
        "FROM clustered c WHERE c.subject_id = link.subject_id"
    )
    store.unregister("clustered")
