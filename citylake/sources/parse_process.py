"""The parsing process: ``python -m citylake.sources.parse_process``, a request on stdin, the result on stdout, both JSON.

It puts itself under the limits of the request before it opens the file, knows no secret and no network address, and
says of an unexpected failure only where it happened, since its text might quote the data.
"""

import gc
import json
import os
import resource
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from citylake.deployment import PRIVATE
from citylake.sources.errors import DeliveryError
from citylake.sources.layout import Layout
from citylake.sources.limits import Limits


def restrain(limits: Limits) -> None:
    """Put this process under its limits, for good."""
    os.umask(PRIVATE)
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.output_bytes, limits.output_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    # A write beyond the limit shall be an error that can be told, not a death.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    # Ends this process even when the one that started it is gone.
    signal.alarm(limits.wall_seconds)


def parse_file(path: Path, layout: Layout, target: Path, limits: Limits) -> dict[str, Any]:
    """Parse one delivery and return what the caller is told.

    Raises:
        DeliveryError: it cannot be taken.
    """
    from citylake.sources.text_table import TextTable

    out = TextTable(layout, target)
    try:
        _read(path, layout, limits, out)
        out.close()
    except BaseException:
        out.discard()
        raise
    return {
        "lines": out.lines,
        "unreadable": out.unreadable,
        "bytes": out.bytes,
        "as_of": out.as_of.isoformat() if out.as_of else None,
        "absent": sorted(out.absent),
        "notes": out.notes,
        "changes": out.changes,
    }


def _read(path: Path, layout: Layout, limits: Limits, out: Any) -> None:
    if layout.form == "xlsx":
        from citylake.sources.xlsx_form import read_xlsx

        read_xlsx(path, layout, limits, out)
    elif layout.form == "database":
        from citylake.sources.parquet_form import read_table

        read_table(path, layout, limits, out)
    else:
        from citylake.sources.text_stream import text_blocks

        texts = text_blocks(path, layout, limits, out.notes)
        if layout.form == "csv":
            from citylake.sources.csv_form import read_csv

            read_csv(texts, layout, limits, out)
        else:
            from citylake.sources.ndjson_form import read_ndjson

            read_ndjson(texts, layout, limits, out)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Do what a request says; every failure becomes an answer."""
    limits, layout = Limits(**request["limits"]), Layout(**request["layout"])
    try:
        restrain(limits)
        return parse_file(Path(request["path"]), layout, Path(request["target"]), limits)
    except DeliveryError as error:
        return {"error": error.code, "message": error.message}
    except MemoryError:
        return {"error": "memory"}
    except Exception as error:  # noqa: BLE001 - told to the caller as a failure, without the text that may quote data
        if isinstance(error, OSError) and error.errno is not None:
            return {"error": "system", "errno": error.errno}
        frames = traceback.extract_tb(error.__traceback__)
        where = ", ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[-3:])
        return {"error": "internal", "what": type(error).__name__, "where": where}


def main() -> None:
    """Read one request, print one answer."""
    # Whatever a library prints must not mix with the answer.
    stdout = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # Millions of short-lived rows and no cycles among them: counting references is enough.
    gc.disable()
    json.dump(answer(json.load(sys.stdin.buffer)), stdout)
    stdout.flush()


if __name__ == "__main__":
    main()
