"""What the code says that decides the values of tables, as one hash per module: comments, docstrings and layout do not count.

Counted is a module with all that it imports of the packages in ``DECIDING``, and the lists beside them that they name. A
file is read once per process and change.
"""

import ast
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

CONFORMING = tuple(f"citylake.engine.clean.{name}" for name in ("conform", "hashes", "identity"))
"""What makes of a delivered text a value, the hashes by which rows are compared, and the ids of records and subjects."""
DECIDING = (*CONFORMING, "citylake.resolve", "citylake.standards")
"""Who is who, how values win, and what the standards say."""
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class _Source:
    """One file: the hash of what it says, the modules it imports, and the lists beside it that it names."""

    said: str
    imports: tuple[str, ...]
    lists: tuple[Path, ...]


def code_of(*modules: str, root: Path = _ROOT) -> str:
    """Return the hash of modules and all that they import of what decides values.

    Args:
        modules: names below ``root``.
        root: folder of the packages.
    """
    return _hash_of([_path(name, root) for name in modules], root)


def code_of_file(path: Path, root: Path = _ROOT) -> str:
    """Return the same of a transform beside a contract."""
    return _hash_of([path], root)


def _hash_of(paths: list[Path], root: Path) -> str:
    found: dict[Path, str] = {}
    pending = list(paths)
    while pending:
        path = pending.pop()
        if path in found:
            continue
        source = _read(path, path.stat().st_mtime_ns, root)
        found[path] = source.said + "".join(_listed(one, one.stat().st_mtime_ns) for one in source.lists)
        pending += [_path(name, root) for name in source.imports]
    told = sorted(f"{path.stem} {said}" for path, said in found.items())
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


@lru_cache(maxsize=256)
def _read(path: Path, _changed: int, root: Path) -> _Source:
    tree = ast.parse(path.read_text("utf-8"))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    named = [path.with_name(text) for text in sorted(texts) if text.endswith((".txt", ".csv", ".json"))]
    imports = tuple(sorted(name for name in _imported(tree, root) if name.startswith(DECIDING)))
    _without_docstrings(tree)
    said = hashlib.sha256(ast.dump(tree).encode()).hexdigest()
    return _Source(said, imports, tuple(one for one in named if one.exists()))


@lru_cache(maxsize=32)
def _listed(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _imported(tree: ast.Module, root: Path) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {node.module, *inner} if _path(node.module, root).name == "__init__.py" else {node.module}
    return {name for name in found if _path(name, root).exists()}


def _without_docstrings(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [item for item in node.body if not _is_text(item)] or [ast.Pass()]


def _is_text(item: ast.stmt) -> bool:
    return isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant) and isinstance(item.value.value, str)


def _path(module: str, root: Path) -> Path:
    place = root.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
