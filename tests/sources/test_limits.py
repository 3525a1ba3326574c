"""The parsing process is really limited, and knows nothing it should not."""

import dataclasses
import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from citylake.contract.model import CollectedContract
from citylake.sources.errors import DeliveryError
from citylake.sources.limits import Limits
from citylake.sources.parse import ParserError, parse
from tests.sources.workbooks import Package, Page, package

Make = Callable[..., CollectedContract]
LINE = b"1,2,3\n"
PLENTY = b"BH,XM,JE\n" + LINE * 3_000_000


def refused(read: Any, data: bytes, contract: CollectedContract, **limits: int) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        read(data, contract, dataclasses.replace(Limits(), **limits))
    assert not list(Path(read.folder).glob("*out.parquet*"))
    return caught.value


def test_memory_beyond_the_limit_is_refused_by_the_kernel(read: Any, make: Make) -> None:
    text = f"<t>{'x' * (150 << 20)}</t>"  # in pieces and whole it takes twice as much
    data = package(Package([Page("名册", [["BH", "XM", "JE"], ["1", "2", "3"]])], texts=[text]))
    assert refused(read, data, make("xlsx"), memory_bytes=500 << 20, ratio=10_000).code == "memory"
    assert len(read(data, make("xlsx"), dataclasses.replace(Limits(), ratio=10_000))) == 1


@contextmanager
def killing_parsers(count: int) -> Iterator[set[int]]:
    """Kill this process's parsers as soon as they are there, so many of them; give the set of those that were."""
    killed: set[int] = set()
    over = threading.Event()

    def watch() -> None:
        while len(killed) < count and not over.wait(0.01):
            for child in psutil.Process().children():
                with suppress(psutil.Error):
                    if child.pid not in killed and "citylake.sources.parse_process" in child.cmdline():
                        child.kill()
                        killed.add(child.pid)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield killed
    finally:
        over.set()
        watcher.join()


def test_a_parser_that_somebody_killed_is_started_once_more(read: Any, make: Make) -> None:
    with killing_parsers(1) as killed:
        assert len(read(b"BH,XM,JE\n" + LINE, make())) == 1
    assert len(killed) == 1


def test_a_file_whose_parser_is_killed_twice_is_refused(read: Any, make: Make) -> None:
    with killing_parsers(2) as killed:
        assert refused(read, b"BH,XM,JE\n" + LINE, make()).code == "memory"
    assert len(killed) == 2


def test_processor_time_beyond_the_limit_is_refused(read: Any, make: Make) -> None:
    assert refused(read, PLENTY * 4, make(), cpu_seconds=1).code == "timeout"


def test_waiting_beyond_the_limit_is_refused(tmp_path: Path, make: Make) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = os.open(tmp_path / "pipe", os.O_RDWR)
    try:
        with pytest.raises(DeliveryError) as caught:
            parse(tmp_path / "pipe", make(), tmp_path / "out.parquet", dataclasses.replace(Limits(), wall_seconds=1))
    finally:
        os.close(writer)
    assert caught.value.code == "timeout"


def test_output_beyond_the_limit_is_refused(read: Any, make: Make) -> None:
    data = b"BH,XM,JE\n" + b"".join(b"%d,%d,%d\n" % (n, n * n, n**3) for n in range(400_000))
    assert refused(read, data, make(), output_bytes=1 << 20).code == "too_large"


def test_a_gzip_file_beyond_the_limit_is_refused(read: Any, make: Make) -> None:
    assert refused(read, gzip.compress(PLENTY), make(), unpacked_bytes=8 << 20, ratio=10**6).code == "too_large"


def test_the_parser_sees_no_setting_and_no_secret_of_the_lake(
    read: Any, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}
    original = subprocess.Popen

    def popen(*arguments: Any, **named: Any) -> Any:
        seen.update(named["env"])
        return original(*arguments, **named)

    monkeypatch.setenv("CITYLAKE_CONNECTION_HRSS", "postgresql://user:hunter2@host/x")
    monkeypatch.setattr(subprocess, "Popen", popen)
    read(b"BH,XM,JE\n1,2,3\n", make())
    assert seen
    assert "hunter2" not in json.dumps(seen)


def test_a_full_or_missing_disk_is_a_fault_of_the_platform(tmp_path: Path, make: Make) -> None:
    (tmp_path / "in").write_bytes(b"BH,XM,JE\n1,2,3\n")
    with pytest.raises(ParserError):
        parse(tmp_path / "in", make(), tmp_path / "missing" / "out.parquet")


def test_the_parser_loads_neither_the_network_nor_the_models() -> None:
    code = """
import sys
from citylake.sources import csv_form, ndjson_form, parse_process, xlsx_form
others = {"httpx", "sqlalchemy", "pydantic", "pyspark"} & sys.modules.keys()
print(sorted(others), [name for name in sys.modules if name.startswith("citylake.") and ".sources" not in name])
"""
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[] ['citylake.deployment']"
