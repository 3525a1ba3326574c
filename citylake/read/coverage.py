"""How much of what the city wants is there: departments and resources, libraries, and the systems that work."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from citylake.contract.catalog import Catalog
from citylake.contract.plan import Plan
from citylake.read.questions import unanswerable

_LAYERS = {"base": "基础库", "topic": "主题库", "office": "通用办公库", "special": "专题库"}
_HEAD = """# 覆盖情况

由 `citylake coverage --write` 写出；测试保证它与契约一致。

库的三项：**建成**，有 `library.yml` 和表；**对照**，虚构城市为它埋了案例并按真值打分（`city/cases/<库>.py`）；**问题**，它要回答的每个
问题都能在发布的表上提出，且在示范之夜查得出结果（由测试保证）。一个系统所需的每个库三项俱全，才算可用；对平台自身能力的要求
不由库证明，在此不算可用。
"""


@dataclass(frozen=True)
class DepartmentCovered:
    """What a department can deliver: resource -> Chinese name, collected already and not yet."""

    id: str
    name: str
    collected: Mapping[str, str]
    missing: Mapping[str, str]


@dataclass(frozen=True)
class LibraryCovered:
    """How far a library is."""

    id: str
    name: str
    built: bool
    scored: bool
    answered: bool
    questions: int


@dataclass(frozen=True)
class SystemCovered:
    """How far all libraries of a system are; what it asks of the platform itself no library proves."""

    id: str
    name: str
    libraries: tuple[str, ...]
    platform: tuple[str, ...]
    built: bool
    scored: bool
    answered: bool

    @property
    def works(self) -> bool:
        """Whether nothing is missing."""
        return not self.platform and self.built and self.scored and self.answered


@dataclass(frozen=True)
class Coverage:
    """What is there of what the city wants."""

    departments: tuple[DepartmentCovered, ...]
    libraries: tuple[LibraryCovered, ...]
    systems: tuple[SystemCovered, ...]

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """What is there, and of how many."""
        resources = [(len(one.collected), len(one.missing)) for one in self.departments]
        there = sum(collected for collected, _ in resources)
        return {
            "departments": (sum(bool(collected) for collected, _ in resources), len(resources)),
            "resources": (there, there + sum(missing for _, missing in resources)),
            "libraries": (sum(one.built for one in self.libraries), len(self.libraries)),
            "systems": (sum(one.works for one in self.systems), len(self.systems)),
        }

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        working = [one.id for one in self.systems if one.works]
        return {
            "counts": {name: list(count) for name, count in self.counts.items()},
            "working": working,
            **asdict(self),
        }


def coverage(catalog: Catalog, plan: Plan, cases: Path) -> Coverage:
    """Return what is there of what the city wants.

    Args:
        catalog: contracts and libraries.
        plan: what the city wants.
        cases: folder in which ``<library>.py`` plants a library's cases and scores them.
    """
    wrong = unanswerable(catalog)
    libraries = {}
    for name, title in plan.libraries.items():
        built = catalog.libraries.get(name)
        libraries[name] = LibraryCovered(
            name,
            title,
            built=built is not None,
            scored=(cases / f"{name.partition('.')[2]}.py").is_file(),
            answered=built is not None and name not in wrong,
            questions=len(built.questions) if built is not None else 0,
        )
    return Coverage(tuple(_departments(catalog, plan)), tuple(libraries.values()), tuple(_systems(plan, libraries)))


def _departments(catalog: Catalog, plan: Plan) -> Iterator[DepartmentCovered]:
    there = {item.resource for item in catalog.collected}
    for name, said in plan.departments.items():
        resources = {f"{name}.{thing}": title for thing, title in said.resources.items()}
        collected = {one: title for one, title in resources.items() if one in there}
        missing = {one: title for one, title in resources.items() if one not in there}
        yield DepartmentCovered(name, said.name, collected, missing)


def _systems(plan: Plan, libraries: Mapping[str, LibraryCovered]) -> Iterator[SystemCovered]:
    for name, system in plan.systems.items():
        needed = [library for library in libraries.values() if system.needs(library.id)]
        steps = [
            bool(needed) and all(getattr(library, step) for library in needed)
            for step in ("built", "scored", "answered")
        ]
        yield SystemCovered(name, system.name, system.libraries, system.platform, *steps)


def page(found: Coverage) -> str:
    """Return it as a page in Markdown."""
    names = {
        "departments": "部门（有资源已采集）",
        "resources": "资源",
        "libraries": "库（建成）",
        "systems": "系统（可用）",
    }
    counts = [[names[name], there, of] for name, (there, of) in found.counts.items()]
    libraries = {one.id: one for one in found.libraries}
    parts = [_HEAD, *_table(["", "已有", "共"], counts), "", "## 系统", ""]
    parts += _table(
        ["编号", "系统", "所需", "建成", "对照", "问题", "可用"],
        (
            [one.id, one.name, _needs(one, libraries), *map(_tick, (one.built, one.scored, one.answered, one.works))]
            for one in found.systems
        ),
    )
    for layer, title in _LAYERS.items():
        mine = [one for one in found.libraries if one.id.startswith(f"{layer}.")]
        parts += ["", f"## {title}", ""]
        parts += _table(["库", "名称", "建成", "对照", "问题"], (_library(one) for one in mine))
    parts += ["", "## 部门与资源", ""]
    rows = ([one.name, "、".join(one.collected.values()), "、".join(one.missing.values())] for one in found.departments)
    return "\n".join([*parts, *_table(["部门", "已采集", "尚未采集"], rows)]) + "\n"


def _library(one: LibraryCovered) -> list[object]:
    answered = str(one.questions) if one.answered else ""
    return [f"`{one.id}`", one.name, _tick(one.built), _tick(one.scored), answered]


def _needs(one: SystemCovered, libraries: Mapping[str, LibraryCovered]) -> str:
    said = [libraries[name].name if name in libraries else f"全部{_LAYERS[name]}" for name in one.libraries]
    return "、".join([*said, *(["平台自身"] if one.platform else [])])


def _tick(holds: bool) -> str:
    return "✓" if holds else ""


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    lines = (" | ".join(str(cell) for cell in row) for row in rows)
    return [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads), *(f"| {line} |" for line in lines)]
