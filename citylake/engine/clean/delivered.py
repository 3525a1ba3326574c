"""A delivery's lines, parsed from landing and handed to Spark."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec
import pyarrow.parquet as pq
from pyspark.sql import DataFrame

from citylake.contract.model import CollectedContract
from citylake.delta.small_read import HELD_BYTES, HELD_ROWS, SMALL_BYTES
from citylake.delta.tables import local_frame
from citylake.engine.run.context import Context
from citylake.ledger.deliveries.deliveries import Delivery
from citylake.sources import landing
from citylake.sources.parse import Parsed, parse


@contextmanager
def parsed_lines(
    context: Context, contract: CollectedContract, delivery: Delivery, *, earlier: bool = False
) -> Iterator[Parsed]:
    """Parse a delivery from landing in the limited process; the result is gone after the block.

    Args:
        context: the task's surroundings.
        contract: the contract of today.
        delivery: received under it, or under an earlier one.
        earlier: it was accepted before, so that columns the contract has gained since may be missing.

    Raises:
        DeliveryError: the bytes are not what the contract says.
    """
    assert delivery.landing is not None
    with (
        tempfile.TemporaryDirectory(prefix="citylake-") as folder,
        landing.local(context.lake.settings, delivery.landing) as path,
    ):
        yield parse(path, contract, Path(folder) / "lines.parquet", name=delivery.name, earlier=earlier)


def is_few(parsed: Parsed) -> bool:
    """Return whether this process may hold the lines."""
    return parsed.lines <= HELD_ROWS and parsed.bytes <= HELD_BYTES


def lines_of(context: Context, parsed: Parsed, run_id: int) -> DataFrame:
    """Return parsed lines as a frame: sent along when small, else put under the lake's own URI first."""
    if parsed.bytes <= SMALL_BYTES:
        return local_frame(context.spark, pq.read_table(parsed.path))
    target = f"{context.lake.staging(run_id)}/parsed/lines.parquet"
    files, remote = fsspec.core.url_to_fs(target)
    files.makedirs(remote.rsplit("/", 1)[0], exist_ok=True)
    files.put_file(str(parsed.path), remote)
    return context.spark.read.parquet(target)
