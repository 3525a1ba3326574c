"""A measure's result: figures with their spread, a target and a verdict, kept as JSON beside the raw ones."""

import json
import os
import statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

FOLDER = Path(__file__).parent / "results"
CACHE = Path(__file__).parent.parent / ".cache" / "bench"


def scale() -> float:
    """Return the share of the full sizes to use, from ``SCALE``."""
    return float(os.environ.get("SCALE", "1"))


def spread(values: Sequence[float], unit: str) -> dict[str, Any]:
    """Return median, least and greatest of some figures."""
    rounded = [round(float(value), 3) for value in values]
    return {"median": round(statistics.median(rounded), 3), "min": min(rounded), "max": max(rounded), "unit": unit}


def machine(load_before: float) -> dict[str, Any]:
    """Return what kind of machine this is and how busy it was."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "load_before": round(load_before, 1),
        "load_after": round(os.getloadavg()[0], 1),
        "scale": scale(),
        "taken": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def load() -> float:
    """Return how many processes wanted a core in the last minute."""
    return os.getloadavg()[0]


def write(
    name: str,
    *,
    measure: str,
    target: str,
    figures: Mapping[str, Mapping[str, Any]],
    headline: Sequence[str],
    met: bool | None,
    load_before: float,
    raw: object,
) -> Path:
    """Write a measure's result; ``met`` is None where there is no target."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    said = {
        "measure": measure,
        "target": target,
        "headline": list(headline),
        "figures": figures,
        "verdict": "none" if met is None else "met" if met else "missed",
        "machine": machine(load_before),
        "raw": raw,
    }
    path.write_text(json.dumps(said, indent=1, ensure_ascii=False, default=str) + "\n", "utf-8")
    return path
