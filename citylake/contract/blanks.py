"""What ``citylake new`` leaves for somebody to say, and where that has not been done yet."""

from collections.abc import Iterator
from pathlib import Path

from citylake.contract.files import read_yaml

BLANK = "待填写"
"""What stands where something has to be said."""
_CONTENT = ("schemas/**/*", "jobs/*/*/*", "tests/tables/**/*", "city/cases/*", "city/departments/*/*")
_FORMS = (".yml", ".csv", ".sql", ".py")


def blanks(project: Path) -> list[str]:
    """Return every place of a project's content in which something has still to be said: file, then key or line.

    Raises:
        ContractError: a file with a blank is not YAML.
    """
    files = sorted({path for pattern in _CONTENT for path in project.glob(pattern) if path.suffix in _FORMS})
    return [
        f"{path.relative_to(project)}: {where}: fill in what is still blank"
        for path in files
        if BLANK in (text := path.read_text("utf-8"))
        for where in (_keys(read_yaml(path)) if path.suffix == ".yml" else _lines(text))
    ]


def _keys(said: object, where: str = "") -> Iterator[str]:
    """Yield the keys, joined by points, under which there is a blank; what is listed is counted from one."""
    if isinstance(said, dict | list):
        for key, value in said.items() if isinstance(said, dict) else enumerate(said, 1):
            yield from _keys(value, f"{where}.{key}" if where else str(key))
    elif BLANK in str(said):
        yield where


def _lines(text: str) -> Iterator[str]:
    yield from (f"line {number}" for number, line in enumerate(text.splitlines(), 1) if BLANK in line)
