"""Files in the drop folders that no contract takes: named wherever somebody may look for them, but in no log."""

from collections.abc import Sequence

from citylake.lake import Lake
from citylake.sources.inbox import unclaimed

_NAMED = 10


def unrecognised(lake: Lake, department: str | None = None) -> dict[str, list[str]]:
    """Return the names of files that no contract takes, by department; departments without any are left out."""
    asked = [department] if department is not None else sorted(lake.catalog.departments)
    found = {name: unclaimed(lake.catalog, lake.settings, name) for name in asked}
    return {name: files for name, files in found.items() if files}


def sentence(files: Sequence[str]) -> str:
    """Return what the night's screen says of such files, nothing when there are none."""
    if not files:
        return ""
    more = " 等" if len(files) > _NAMED else ""
    return f"未识别的文件 {len(files)} 个：{'、'.join(files[:_NAMED])}{more}"
