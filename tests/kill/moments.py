"""A moment at which a process under test dies: a named function is wrapped, and nothing of the product is changed.

The order lies in a file of the home. Whoever carries it out takes the file away first, so that the run after is spared.
"""

import functools
import hashlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

FOLDER = "kill"
"""Folder of a home in which the harness keeps its own things."""
SELF = "self"
_MARK = "_armed_by_kill"


@dataclass(frozen=True)
class Order:
    """Die at a function.

    Attributes:
        point: ``module:name`` or ``module:Class.method``, where it is looked up when it is called.
        when: before it, after it, or half-way (of a copy of bytes).
        nth: at which call, among those that count.
        of: only calls that have this table or resource as an argument, or as its ``table`` or ``name``, count.
        act: what dies: ``self``, and services by name; nothing when only the moment is of interest.
        limits: names to set in the process under test before it works, ``module:NAME`` -> value.
    """

    point: str = ""
    when: Literal["before", "after", "half"] = "before"
    nth: int = 1
    of: str = ""
    act: tuple[str, ...] = ("self",)
    limits: dict[str, Any] = field(default_factory=dict)

    def write(self, home: Path) -> None:
        """Put the order where the processes under test find it, in the place of any other."""
        (home / FOLDER).mkdir(parents=True, exist_ok=True)
        withdraw(home)
        _done(home, self.text).unlink(missing_ok=True)
        _file(home, self.text).write_text(self.text, "utf-8")

    @property
    def text(self) -> str:
        """All of it in one line; it also names its file, so that nobody carries out an order that is not his."""
        return json.dumps(asdict(self))


def pending(home: Path) -> Order | None:
    """Return the order that nobody has carried out yet."""
    for path in (home / FOLDER).glob("*.order"):
        with suppress(FileNotFoundError):
            said = json.loads(path.read_text("utf-8"))
            return Order(**{**said, "act": tuple(said["act"])})
    return None


def was_carried_out(home: Path, order: Order) -> bool:
    """Return whether somebody has carried out this order since it was written."""
    return _done(home, order.text).exists()


def withdraw(home: Path) -> None:
    """Take away whatever nobody has carried out."""
    for path in (home / FOLDER).glob("*.order"):
        path.unlink(missing_ok=True)


def _file(home: Path, text: str) -> Path:
    return home / FOLDER / f"{hashlib.sha256(text.encode()).hexdigest()[:12]}.order"


def _done(home: Path, text: str) -> Path:
    return _file(home, text).with_suffix(".done")


def arm(home: Path) -> None:
    """Wrap the function of the home's order in this process, now or as soon as its module is imported."""
    order = pending(home)
    if order is None:
        return
    for place, value in order.limits.items():
        owner, name = _owner(importlib.import_module(place.partition(":")[0]), place.partition(":")[2])
        setattr(owner, name, value)
    if not order.point:
        return
    module = order.point.partition(":")[0]
    if module in sys.modules:
        _wrap(sys.modules[module], order, home)
    else:
        sys.meta_path.insert(0, _OnImport(module, functools.partial(_wrap, order=order, home=home)))


def arm_after_fork(home: Path) -> None:
    """Arm every process that is forked off this one: Airflow forks a process for each task."""
    os.register_at_fork(after_in_child=lambda: arm(home))


def _owner(module: ModuleType, path: str) -> tuple[Any, str]:
    owner: Any = module
    *holders, name = path.split(".")
    for holder in holders:
        owner = getattr(owner, holder)
    return owner, name


def _wrap(module: ModuleType, order: Order, home: Path) -> None:
    owner, name = _owner(module, order.point.partition(":")[2])
    wrapped: Callable[..., Any] = getattr(owner, name)
    # A process that was forked off an armed one, as Airflow's workers are, has an order of its own.
    wrapped = getattr(wrapped, _MARK, wrapped)
    calls = 0

    @functools.wraps(wrapped)
    def dying(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        if not _counts(order, [*args, *kwargs.values()]):
            return wrapped(*args, **kwargs)
        calls += 1
        if calls != order.nth:
            return wrapped(*args, **kwargs)
        if order.when == "half":
            _half(wrapped, args)
        result = wrapped(*args, **kwargs) if order.when == "after" else None
        carry_out(order, home)
        return wrapped(*args, **kwargs) if order.when != "after" else result

    setattr(dying, _MARK, wrapped)
    setattr(owner, name, dying)


def _counts(order: Order, values: Sequence[Any]) -> bool:
    if not order.of:
        return True
    return any(_speaks_of(value, order.of) for value in values)


def _speaks_of(value: Any, table: str) -> bool:
    if isinstance(value, list | tuple):
        return table in value
    return table in (getattr(value, "table", None), getattr(value, "name", None)) or value == table


def _half(copy: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """Copy the first half of a stream of bytes."""
    source, out = args[:2]
    begin = source.tell()
    half = (source.seek(0, os.SEEK_END) - begin) // 2
    source.seek(begin)
    if copy is shutil.copyfileobj or hasattr(out, "write"):
        out.write(source.read(half))
        out.flush()
    else:
        Path(out).write_bytes(source.read(half))


def carry_out(order: Order, home: Path) -> None:
    """Kill what the order names, unless another process was faster."""
    try:
        _file(home, order.text).rename(_done(home, order.text))
    except FileNotFoundError:
        return
    for name in order.act:
        if name != SELF:
            kill_service(home, name)
    if SELF in order.act:
        os.kill(os.getpid(), signal.SIGKILL)


def kill_service(home: Path, name: str) -> None:
    """Kill a supervised service by the pid in its record."""
    record = json.loads((home / "run" / f"{name}.json").read_text("utf-8"))
    os.kill(record["pid"], signal.SIGKILL)


class _OnImport(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Calls back once a module has been imported."""

    def __init__(self, name: str, then: Callable[[ModuleType], None]) -> None:
        self._name = name
        self._then = then
        self._loader: importlib.abc.Loader | None = None

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            self._loader, spec.loader = spec.loader, self
        return spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        assert self._loader is not None
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        assert self._loader is not None
        self._loader.exec_module(module)
        self._then(module)
