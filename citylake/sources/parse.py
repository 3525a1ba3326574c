"""Parse a landed delivery in a separate, limited process."""

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from citylake.contract.model import CollectedContract
from citylake.settings import PROJECT_ROOT
from citylake.sources.errors import DeliveryError, shown
from citylake.sources.layout import Layout
from citylake.sources.limits import GIB, Limits

_ENVIRONMENT = {
    # One thread each: the night runs several, and every thread reserves address space that counts against the limit.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "2",
    "PYTHONDONTWRITEBYTECODE": "1",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
}
_GRACE_SECONDS = 10
_TOO_LONG = frozenset({signal.SIGXCPU, signal.SIGALRM})


class ParserError(RuntimeError):
    """The parser itself failed; that is a defect of the platform, not of the delivery."""


@dataclass(frozen=True)
class Parsed:
    """A delivery as all-text Parquet.

    Attributes:
        path: the Parquet file: contract columns as text, ``_line`` bigint, ``_operation`` and ``_unreadable`` text or NULL.
        lines: all lines, unreadable ones included.
        unreadable: lines of which only number and reason are known.
        bytes: of the values in memory (Arrow), however well the delivery or the Parquet is packed.
        as_of: the largest day in the as-of column, None when the contract takes it from elsewhere or there are no lines.
        absent: contract columns that a delivery under an earlier contract does not have; all NULL here.
        notes: sentences for the receipt: what was noticed and taken all the same.
        changes: values that were made from others, counted: contract column -> rule -> count.
    """

    path: Path
    lines: int
    unreadable: int
    bytes: int
    as_of: date | None
    absent: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    changes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def parse(
    path: Path,
    contract: CollectedContract,
    target: Path,
    limits: Limits | None = None,
    *,
    name: str | None = None,
    earlier: bool = False,
) -> Parsed:
    """Parse one delivery into ``target``, which appears whole or not at all.

    Args:
        path: the bytes, usually in landing.
        contract: what was agreed on.
        target: Parquet file to write; its folder exists.
        limits: bounds; default ``Limits()``.
        name: what the department called the delivery, for messages; default: the path's name.
        earlier: it was accepted under an earlier contract: columns that this one has gained since are NULL, columns it
            no longer names are left out; only the key and what orders lines must be there.

    Raises:
        DeliveryError: the delivery cannot be taken; its message is fit for a receipt.
        ParserError: the platform failed (a defect, a full disk).
    """
    bounds = limits or Limits()
    layout = layout_of(contract, _subject(contract, name or path.name))
    if earlier:
        layout = replace(layout, earlier=_needed(contract))
    request = {
        "path": str(path.resolve()),
        "target": str(target.resolve()),
        "layout": layout.as_json(),
        "limits": asdict(bounds),
    }
    status, output = _run(json.dumps(request).encode(), bounds)
    if status == -signal.SIGKILL:
        # Somebody, or the kernel for the sake of others, may have ended it; a file that is to blame ends it again.
        _leave_nothing(target)
        status, output = _run(json.dumps(request).encode(), bounds)
    if status != 0:
        _leave_nothing(target)
        raise _died(layout, bounds, status)
    result: dict[str, Any] = json.loads(output)
    if "error" in result:
        raise _told(layout, bounds, result)
    day = result["as_of"]
    return Parsed(
        target,
        result["lines"],
        result["unreadable"],
        result["bytes"],
        date.fromisoformat(day) if day else None,
        tuple(result["absent"]),
        tuple(result["notes"]),
        result["changes"],
    )


def _needed(contract: CollectedContract) -> tuple[str, ...]:
    """Return the source columns without which a line of this contract means nothing."""
    order = contract.change.order if contract.change else ()
    names = [contract.columns[name].source or name for name in dict.fromkeys((*contract.key, *order))]
    operation = contract.change.operation if contract.change else None
    return (*names, operation) if operation else tuple(names)


def layout_of(contract: CollectedContract, subject: str) -> Layout:
    """Return what the parser must know of a contract."""
    source = contract.source
    columns = {name: column.source or name for name, column in contract.columns.items()}
    formats = [
        pattern
        for column in contract.columns.values()
        if (column.source or "") == source.as_of.column
        for pattern in column.format
    ]
    return Layout(
        subject=subject,
        form=source.form,
        mode=contract.mode,
        columns=columns,
        ignored=tuple(contract.ignore),
        operation=contract.change.operation if contract.change else None,
        others=tuple(name for name in (source.watermark, source.as_of.column) if name),
        as_of=source.as_of.column,
        as_of_formats=tuple(formats),
        serials=tuple(columns[name] for name, column in contract.columns.items() if "excel_serial" in column.format),
        encoding=source.encoding,
        delimiter=source.delimiter,
        sheet=source.sheet,
        header_rows=source.header_rows,
        skip_rows=source.skip_rows,
    )


def _subject(contract: CollectedContract, name: str) -> str:
    kind = {"database": "数据库表", "json_api": "接口"}.get(contract.source.form, "文件")
    return f"{kind}“{shown(name)}”"


def _run(request: bytes, limits: Limits) -> tuple[int, bytes]:
    """Run the process; return its exit status (negative: the signal that ended it) and its answer."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), **_ENVIRONMENT}
    # Its own session: what it might start ends with it. Its errors may quote data and go nowhere.
    with subprocess.Popen(
        [sys.executable, "-s", "-m", "citylake.sources.parse_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=PROJECT_ROOT,
        env=environment,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(request, timeout=limits.wall_seconds + _GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return -signal.SIGALRM, b""
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return process.returncode, output


def _leave_nothing(target: Path) -> None:
    for left in target.parent.glob(f".{target.name}.*"):
        left.unlink(missing_ok=True)


def _died(layout: Layout, limits: Limits, status: int) -> Exception:
    if -status in _TOO_LONG:
        return DeliveryError(
            "timeout", f"{layout.subject}在 {limits.wall_seconds // 60} 分钟内没有读完，已停止。请拆分后重新报送。"
        )
    if status < 0:
        # The kernel or an allocator ended it: the file asked for more than it may have.
        return _memory(layout, limits)
    return ParserError(f"the parser ended with status {status} before it answered: run 'citylake doctor'")


def _told(layout: Layout, limits: Limits, result: dict[str, Any]) -> Exception:
    if "message" in result:
        return DeliveryError(result["error"], result["message"])
    if result["error"] == "memory":
        return _memory(layout, limits)
    if result["error"] == "system":
        number = int(result["errno"])
        if number == errno.EFBIG:
            return DeliveryError(
                "too_large", f"{layout.subject}展开后超过 {limits.output_bytes // GIB} GiB。请拆分后重新报送。"
            )
        return ParserError(f"the parser could not read or write: {os.strerror(number)}")
    return ParserError(f"the parser failed: {result['what']} at {result['where']}")


def _memory(layout: Layout, limits: Limits) -> DeliveryError:
    return DeliveryError(
        "memory",
        f"{layout.subject}读取时需要的内存超过 {limits.memory_bytes / GIB:.1f} GiB，已停止（Excel 请检查是否有远离数据区的单元格）。"
        "请清理或拆分后重新报送。",
    )
