"""Training a model for :mod:`jobs.resolve.scoring`: a command for people, run on a seed for tuning; no night does it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

_UNSEEN = 1e-6
"""Probability of a level that no sampled pair of strangers ever had."""


def train(
    left: pa.Table,
    right: pa.Table,
    fields: Mapping[str, Sequence[int]],
    blocks: Sequence[Sequence[str]],
    *,
    sure: Sequence[Sequence[str]],
    seed: int = 1,
    prior: float | None = None,
) -> dict[str, Any]:
    """Return a model's settings, its weights estimated from two sides without labels.

    Args:
        left: ``unique_id`` and the fields.
        right: the other side.
        fields: field -> edit distances that make levels of their own, besides being equal.
        blocks: combinations of fields by which pairs are found.
        sure: combinations of fields that are equal for hardly any strangers; the estimation starts from them.
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
        for rule in rules:
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
        settings: dict[str, Any] = linker.misc.save_model_to_json()
    return _completed(settings, prior)


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
