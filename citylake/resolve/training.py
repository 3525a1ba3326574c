"""Training a model for :mod:`citylake.resolve.scoring`: a command for people, run on a seed for tuning; no night does it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from citylake.contract.resolve_spec import ResolveSpec

_LEVELS = {"name_key": (1,), "name": (1, 2), "birth": (1, 2), "phone": (1, 2), "number": (1, 2)}
"""Fields that people mistype -> edit distances that are levels of their own."""
_PARTS = ("surname", "birth_digits")
"""Fields that say nothing beside the one they are a part of."""
_FEWEST = 100
_UNSEEN = 1e-6
"""Probability of a level that no sampled pair of strangers ever had."""


def train(
    left: pa.Table,
    right: pa.Table,
    fields: Mapping[str, Sequence[int]],
    blocks: Sequence[Sequence[str]],
    *,
    sure: Sequence[Sequence[str]],
    estimated: Sequence[Sequence[str]] = (),
    seed: int = 1,
    prior: float | None = None,
) -> dict[str, Any]:
    """Return a model's settings, its weights estimated from two sides without labels.

    Args:
        left: ``unique_id`` and the fields.
        right: the other side.
        fields: field -> edit distances that make levels of their own, besides being equal.
        blocks: combinations of fields by which pairs are found.
        sure: combinations of fields that are equal for hardly any strangers; how many match at all is estimated by them.
        estimated: combinations of fields among whose equals the other fields are estimated; default: the sure ones.
        seed: of the sampling.
        prior: probability that two random records match; None: estimated.
    """
    import splink.comparison_library as library
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    comparisons = [
        library.LevenshteinAtThresholds(name, list(levels)) if levels else library.ExactMatch(name)
        for name, levels in fields.items()
    ]
    created = SettingsCreator(
        link_type="link_only",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[block_on(*block) for block in blocks],
        retain_matching_columns=False,
    )
    with duckdb.connect() as store:
        engine = DuckDBAPI(store)
        for name, table in (("one_side", left), ("other_side", right)):
            store.register(f"_{name}", table)
            store.execute(f"CREATE TABLE {name} AS SELECT * FROM _{name}")
        linker = Linker([engine.register(name) for name in ("one_side", "other_side")], created, log_level="ERROR")
        rules = [block_on(*block) for block in sure]
        linker.training.estimate_probability_two_random_records_match(rules, recall=0.8)
        linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=seed)
        for rule in [block_on(*block) for block in estimated or sure]:
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
        settings: dict[str, Any] = linker.misc.save_model_to_json()
    return _completed(settings, prior)


def train_kind(store: duckdb.DuckDBPyConnection, spec: ResolveSpec, *, seed: int = 1) -> dict[str, Any]:
    """Return a model of a kind: subjects without a usable identifier beside the anchors, as ``resolve.yml`` blocks them.

    Args:
        store: with the table ``subject``, see ``citylake.resolve.subjects``.
        spec: its blocks, its compared fields, and the rules of the residue, which are sure.
        seed: of the sampling.

    Raises:
        ValueError: there are too few subjects, or no pair of them is sure.
    """
    fields = ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in spec.compared)
    loose, anchored = (
        store.sql(
            f"SELECT subject_id AS unique_id, {number} AS number, {fields} FROM subject WHERE {which}"
        ).to_arrow_table()
        for number, which in (("id_text", "id_no IS NULL AND NOT is_anchor"), ("id_no", "is_anchor"))
    )
    sure = [(*rule.block, *rule.equal) for rule in spec.rules if rule.name in spec.residue.rules]
    # Nothing can be estimated among pairs that there are none of.
    met = {block for block in (*sure, *spec.blocks) if _meet(store, loose, anchored, block)}
    if min(loose.num_rows, anchored.num_rows) < _FEWEST or not met.intersection(sure):
        raise ValueError(
            f"{spec.subjects}: training needs {_FEWEST} anchors and {_FEWEST} subjects without a usable identifier, "
            "and some of these that a rule of the residue joins"
        )
    return train(
        loose,
        anchored,
        {name: _LEVELS.get(name, ()) for name in (*spec.compared, "number") if name not in _PARTS},
        spec.blocks,
        sure=[block for block in sure if block in met],
        estimated=[block for block in spec.blocks if block in met],
        seed=seed,
    )


def _meet(store: duckdb.DuckDBPyConnection, loose: pa.Table, anchored: pa.Table, block: Sequence[str]) -> bool:
    store.register("_loose", loose)
    store.register("_anchored", anchored)
    on = ", ".join(block)
    return bool(store.execute(f"SELECT 1 FROM _loose SEMI JOIN _anchored USING ({on}) LIMIT 1").fetchall())


def write_model(settings: Mapping[str, Any], path: Path) -> None:
    """Write a model so that people can read its differences."""
    path.write_text(json.dumps(settings, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _completed(settings: dict[str, Any], prior: float | None) -> dict[str, Any]:
    """Return the settings with a weight for every level: one that strangers never had is unseen, not unknown."""
    if prior is not None:
        settings["probability_two_random_records_match"] = prior
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            if not level.get("is_null_level"):
                level.setdefault("m_probability", _UNSEEN)
                level["u_probability"] = max(level.get("u_probability") or 0.0, _UNSEEN)
    return settings
