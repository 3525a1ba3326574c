"""Pairs scored by a Splink model: fixed weights per field and level, so that a pair's score depends on the pair alone.

A model is a reviewed JSON file beside ``resolve.yml``, in Splink's own form; it has no term frequencies.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

PAIR = pa.schema([("one", pa.string()), ("other", pa.string()), ("probability", pa.float64())])


def read_model(path: Path) -> dict[str, Any]:
    """Return a model's settings."""
    settings: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return settings


def score(model: Mapping[str, Any], left: pa.Table, right: pa.Table | None, least: float) -> pa.Table:
    """Return pairs that share a block of the model and match with at least a probability, columns of ``PAIR``.

    Args:
        model: settings with trained weights.
        left: ``unique_id`` and the model's fields.
        right: the other side, in the same columns; None: pairs within ``left``.
        least: smallest match probability.
    """
    if left.num_rows == 0 or (right is not None and right.num_rows == 0):
        return PAIR.empty_table()
    from splink import DuckDBAPI, Linker

    with duckdb.connect() as store:
        store.execute("SET threads = 2")
        engine = DuckDBAPI(store)
        tables = [left] if right is None else [left, right]
        for name, table in zip(("one", "other"), tables, strict=False):
            store.register(f"_{name}", table)
            store.execute(f"CREATE TABLE {name}_side AS SELECT * FROM _{name}")
        sides = [
            engine.register(f"{name}_side", dataset_display_name=name)
            for name, _ in zip(("one", "other"), tables, strict=False)
        ]
        said = {**model, "link_type": "dedupe_only" if right is None else "link_only"}
        linker = Linker(sides, said, log_level="ERROR", validate_settings=False)
        found = linker.inference.predict(threshold_match_probability=least).as_pyarrow_table()
    # Which side of a pair comes first is Splink's own affair.
    turned = right is not None and found.num_rows > 0 and found.column("source_dataset_l")[0].as_py() != "one"
    names = ("unique_id_r", "unique_id_l") if turned else ("unique_id_l", "unique_id_r")
    columns = [found.column(name).cast(pa.string()) for name in names]
    return pa.table([*columns, found.column("match_probability").cast(pa.float64())], schema=PAIR)
