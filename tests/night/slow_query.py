"""A step whose first try asks Spark something without end, and whose next try finds that it did."""

import os
from pathlib import Path

from citylake.night.steps.step import Report, Step


def count_for_ever(step: Step, folder: str) -> Report:
    """Run for ever on the first call; later calls end well."""
    mark = Path(folder) / "pid"
    if mark.exists():
        return Report("done")
    frame = step.spark.range(10**15).selectExpr("sum(hash(id, id + 1))")
    fresh = mark.with_name("pid.new")
    fresh.write_text(str(os.getpid()), "ascii")
    fresh.replace(mark)
    frame.collect()
    return Report("failed", "这个查询不该有结果")
