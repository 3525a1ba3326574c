"""Contracts, drop folders and deliveries to try."""

import os
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from citylake.contract.department import Department
from citylake.contract.model import CollectedContract
from citylake.settings import Settings
from citylake.sources.limits import Limits
from citylake.sources.parse import Parsed, layout_of, parse
from citylake.sources.parse_process import parse_file

BUSINESS_DATE = date(2026, 11, 22)
MakeContract = Callable[..., CollectedContract]


@pytest.fixture
def lake(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", lake="", landing="", ledger="")


@pytest.fixture
def office() -> Department:
    return Department(id="civil_affairs", name="民政局", cron="30 0 * * *")


@pytest.fixture
def drop(lake: Settings, office: Department) -> Path:
    folder = lake.inbox / office.id
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def make() -> MakeContract:
    """A contract of three columns: no ← BH, name ← XM, amount ← JE; BZ is ignored."""

    def build(form: str = "csv", mode: str = "snapshot", **more: Any) -> CollectedContract:
        source = {"form": form, "as_of": {"received": True}, **more.pop("source", {})}
        source.setdefault(
            {"database": "table", "json_api": "path"}.get(form, "files"), "thing*" if form != "json_api" else "/thing"
        )
        columns = more.pop("columns", {"no": "BH", "name": "XM", "amount": "JE"})
        return CollectedContract.model_validate(
            {
                "name": "clean.civil_affairs__thing",
                "title": "事项",
                "grain": "一条一行",
                "owner": "civil_affairs",
                "key": [next(iter(columns))],
                "columns": {name: {"label": name, "grade": "L2", "from": old} for name, old in columns.items()},
                "source": source,
                "mode": mode,
                "change": {"operation": "CZ", "order": [next(iter(columns))]} if mode == "change" else None,
                "due": {"every": "day"},
                "ignore": {"BZ": "不采集"},
                **more,
            }
        )

    return build


Row = Mapping[str, Any]


class Reading:
    """Parses bytes under a contract and shows the rows.

    Attributes:
        folder: where the files lie.
        parsed: what was told of the last ones.
    """

    def __init__(self, folder: Path, *, apart: bool = True) -> None:
        """Parse in a process of its own, as the lake does, unless ``apart`` is false."""
        self.folder = folder
        self.apart = apart
        self.parsed: Parsed | None = None

    def __call__(self, data: bytes, contract: CollectedContract, limits: Limits | None = None) -> list[Row]:
        path = self.folder / "landed"
        path.write_bytes(data)
        target = self.folder / "out.parquet"
        if self.apart:
            self.parsed = parse(path, contract, target, limits, name="报送.csv")
        else:
            told = parse_file(path, layout_of(contract, "文件“报送.csv”"), target, limits or Limits())
            self.parsed = Parsed(target, **told | {"notes": tuple(told["notes"])})
        return list(pq.read_table(self.parsed.path).to_pylist())


@pytest.fixture
def read(tmp_path: Path) -> Reading:
    return Reading(tmp_path)


def put(folder: Path, name: str, data: bytes, *, age: float = 60) -> Path:
    """Put a file that came to rest some seconds ago."""
    path = folder / name
    path.write_bytes(data)
    then = time.time() - age
    os.utime(path, (then, then))
    return path
