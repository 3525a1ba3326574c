"""Database tables, staged as all-text Parquet by ``fetch``."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from citylake.sources.errors import DeliveryError
from citylake.sources.layout import Layout
from citylake.sources.limits import Limits
from citylake.sources.text_table import TextTable

BATCH_ROWS = 50_000
UNREADABLE = "citylake:unreadable"
"""Column of the staged file that no table has: why a row cannot be read, NULL where it can."""


def read_table(path: Path, layout: Layout, limits: Limits, out: TextTable) -> None:
    """Read rows into ``out``; ``_line`` counts them in the order of the key.

    Raises:
        DeliveryError: other columns, or no Parquet at all.
    """
    try:
        with pq.ParquetFile(path) as file:
            names = [name for name in file.schema_arrow.names if name != UNREADABLE]
            layout.check_header(names, limits.columns)
            _read(file, layout.as_delivered(names).required, out)
    except (pa.ArrowInvalid, OSError) as error:
        raise DeliveryError(
            "truncated", f"{layout.subject}的暂存数据不完整。请平台管理员检查磁盘后重新采集。"
        ) from error


def _read(file: pq.ParquetFile, needed: Sequence[str], out: TextTable) -> None:
    judged = UNREADABLE in file.schema_arrow.names
    line = 1
    for batch in file.iter_batches(BATCH_ROWS, columns=[*needed, *([UNREADABLE] if judged else [])]):
        lines = pa.array(range(line, line + batch.num_rows), pa.int64())
        line += batch.num_rows
        if judged and batch.column(UNREADABLE).null_count < batch.num_rows:
            why = batch.column(UNREADABLE)
            bad = why.is_valid()
            out.add_unreadable(list(zip(lines.filter(bad).to_pylist(), why.filter(bad).to_pylist(), strict=True)))
            batch, lines = batch.filter(why.is_null()), lines.filter(why.is_null())
        out.add({name: batch.column(name).cast(pa.string()) for name in needed}, lines)
