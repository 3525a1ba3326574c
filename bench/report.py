"""Makes ``RESULTS.md`` of what the measures have written: ``python -m bench.report``."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.result import FOLDER

HERE = Path(__file__).parent
ORDER = ("contest", "growth", "again", "full_load", "nothing_moved", "fixed_cost", "airflow_cost", "resolution")
BUSY = 3.0
"""Load before a measure above which its figures, wall above all, are those of a crowd."""
PHASES = {"first": "first load", "night": "5,000 changes", "again": "same delivery again", "ten": "ten nights"}
NAMES = {
    "citylake": "citylake (Spark Connect + Delta)",
    "pyspark_delta": "hand-written PySpark + Delta MERGE",
    "polars_delta": "Polars + deltalake",
    "dbt_duckdb": "dbt-core 1.11.16 + dbt-duckdb",
    "sqlmesh_duckdb": "SQLMesh + DuckDB",
}


def main() -> int:
    """Write the report; what was not measured is said."""
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}
    parts = [_head(found), _verdicts(found), _contest(found), *(_details(name, one) for name, one in found.items())]
    (HERE / "RESULTS.md").write_text("\n\n".join(part for part in parts if part) + "\n", "utf-8")
    return 0


def _head(found: Mapping[str, Any]) -> str:
    machines = [one["machine"] for one in found.values() if "machine" in one]
    kinds = {f"{one['cores']} cores, {one['memory_gib']} GiB" for one in machines}
    loads = [load for one in machines for load in (one["load_before"], one["load_after"])]
    busy = f"{min(loads)} to {max(loads)}" if loads else "not known"
    scales = {one["scale"] for one in machines}
    small = "" if scales <= {1.0} else f" **Not all at full size**: scales {', '.join(map(str, sorted(scales)))}."
    return (
        "# What the lake costs\n\n"
        "Written by `make bench`; how each figure comes about stands in [README.md](README.md), raw figures in `results/`.\n\n"
        f"Machine: {'; '.join(sorted(kinds))}. Load average while measuring: {busy}.{small} CPU seconds are of the whole process tree: "
        "client, Spark server, and what they start. Every table was compared with the truth of the generator."
    )


def _verdicts(found: Mapping[str, Any]) -> str:
    lines = ["| measure | target | figure: median (least to greatest) | verdict |", "|---|---|---|---|"]
    for name in ORDER:
        if name not in found:
            lines.append(f"| `{name}` | | not measured | |")
            continue
        one = found[name]
        shown = one.get("headline") or list(one["figures"])[:1]
        figures = "<br>".join(f"{key}: {_said(one['figures'][key])}" for key in shown)
        verdict = {"met": "**met**", "missed": "**missed**"}.get(one["verdict"], "not judged") + _small(one)
        lines.append(f"| {one['measure']} | {one['target']} | {figures} | {verdict} |")
    return "## Targets\n\n" + "\n".join(lines)


def _small(one: Mapping[str, Any]) -> str:
    """Say that a measure was not taken at full size or not on a quiet machine."""
    machine = one.get("machine", {})
    scale, load = machine.get("scale", 1.0), machine.get("load_before", 0.0)
    return (f", at a scale of {scale:g}" if scale != 1 else "") + (
        f", on a busy machine (load {load})" if load > BUSY else ""
    )


def _contest(found: Mapping[str, Any]) -> str:
    if "contest" not in found:
        return ""
    one = found["contest"]
    head = (
        "| | "
        + " | ".join(f"{title}: CPU s · wall s" for title in PHASES.values())
        + " | MB to the disk, ten nights | peak GB |"
    )
    lines = [head, "|---" * (len(PHASES) + 3) + "|"]
    for name, title in NAMES.items():
        lines.append(_row(title, one["raw"].get(name, {})))
    server = one["raw"].get("citylake", {}).get("server", {}).get("cpu")
    return (
        f"## The contest\n\n{one['measure'][0].upper()}{one['measure'][1:]}. One process per night, from its start to its end. The "
        "lake's Spark server serves all tables of a night and is running; its start is not in the rows"
        + (f" ({server:.0f} CPU s, once)" if server else "")
        + ". Bytes to the disk count scratch and logs as well. The lake alone also keeps raw lines, receipts and a change feed.\n\n"
        + "\n".join(lines)
    )


def _row(title: str, phases: Mapping[str, Any]) -> str:
    if not phases:
        return f"| {title} | not measured" + " |" * (len(PHASES) + 2)
    if "wrong" in phases:
        return f"| {title} | wrong answer, no time" + " |" * (len(PHASES) + 2)
    cells = [f"{phases[key]['cpu']:.1f} · {phases[key]['wall']:.0f}" if key in phases else "" for key in PHASES]
    written = f"{phases['ten']['io_bytes'] / 1e6:.1f}" if "ten" in phases else ""
    peak = max((cost["peak_bytes"] for cost in phases.values() if "peak_bytes" in cost), default=0)
    return f"| {title} | {' | '.join(cells)} | {written} | {peak / 1e9:.1f} |"


def _details(name: str, one: Mapping[str, Any]) -> str:
    if name == "contest":
        return ""
    lines = ["| figure | median | least | greatest | unit |", "|---|---|---|---|---|"]
    for key, figure in one["figures"].items():
        cells = " | ".join(_number(figure[part]) for part in ("median", "min", "max"))
        lines.append(f"| {key} | {cells} | {figure['unit']} |")
    machine = one.get("machine")
    taken = f" Taken {machine['taken']}, load {machine['load_before']} to {machine['load_after']}." if machine else ""
    return f"## {name}\n\n{one['measure'][0].upper()}{one['measure'][1:]}.{taken}\n\n" + "\n".join(lines)


def _said(figure: Mapping[str, Any]) -> str:
    return f"{_number(figure['median'])} ({_number(figure['min'])} to {_number(figure['max'])}) {figure['unit']}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
