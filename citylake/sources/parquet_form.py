"""Database tables, staged as all-text Parquet by ``fetch``."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from citylake.sources.errors import DeliveryError
from citylake.sources.layout import Layout
from citylake.sources.limits import Limits
from citylake.sources.text_table import TextTable

BATCH_ROWS = 50_000


def read_table(path: Path, layout: Layout, limits: Limits, out: TextTable) -> None:
    """Read rows into ``out``; ``_line`` counts them in the order of the key.

    Raises:
        DeliveryError: other columns, or no Parquet at all.
    """
    try:
        with pq.ParquetFile(path) as file:
            layout.check_header(file.schema_arrow.names, limits.columns)
            needed = layout.as_delivered(file.schema_arrow.names).required
            line = 1
            for batch in file.iter_batches(BATCH_ROWS, columns=list(needed)):
                columns = {name: batch.column(name).cast(pa.string()) for name in needed}
                out.add(columns, pa.array(range(line, line + batch.num_rows), pa.int64()))
                line += batch.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise DeliveryError(
            "truncated", f"{layout.subject}的暂存数据不完整。请平台管理员检查磁盘后重新采集。"
        ) from error
