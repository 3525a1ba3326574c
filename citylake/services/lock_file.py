"""Reading a list of pinned packages as ``uv pip compile`` writes it."""

import re
from pathlib import Path

from packaging.markers import Marker

_LINE = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^\]]*\])?==(?P<version>[^\s;\\]+)\s*(;(?P<marker>[^\\]+))?")


def pinned_versions(path: Path) -> dict[str, str]:
    """Return the version of every package that the list pins for this interpreter and system."""
    found = {}
    for line in path.read_text("utf-8").splitlines():
        match = _LINE.match(line)
        if match and (match["marker"] is None or Marker(match["marker"].strip()).evaluate()):
            found[match["name"]] = match["version"]
    return found
