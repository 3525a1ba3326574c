"""Running a transform: its inputs as views or frames, its result in the contract's columns and types."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise

import pyarrow as pa
import sqlglot
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.connect.dataframe import DataFrame as ConnectFrame
from pyspark.sql.connect.plan import SQL
from sqlglot.tokenizer_core import TokenType

from citylake.contract.catalog import Catalog
from citylake.contract.model import DerivedContract, Input
from citylake.delta.fetch import analysed
from citylake.delta.input_version import InputVersion, of_part
from citylake.delta.shape import keeps_columns
from citylake.delta.small_read import HELD_ROWS, all_rows, input_rows
from citylake.delta.sql_text import quoted
from citylake.delta.tables import at_version, derived_columns, feed, local_frame
from citylake.engine.derived.units import Units
from citylake.engine.run.context import Context
from citylake.engine.transforms import select_text, transform_module
from citylake.lake import Lake
from citylake.ledger.runs.runs import Consumed
from citylake.spark.local import NotHereError, is_local

PLAN_BYTES = 16 * 1024 * 1024
"""What the inputs that travel with one plan hold at most."""
_PARAMETER = re.compile(r"(?<![:\w]):business_date\b")


@dataclass(frozen=True)
class TransformRun:
    """What a Python transform may know beside its inputs.

    Attributes:
        previous: the table's own present rows, empty on the first load.
        present: where they lie: URI and version, None on the first load.
        moved: inputs that may have changes since they were consumed.
        scratch: URI of a folder for intermediate Parquet, removed with the run.
        lake: its ledger and its key; a transform that is no resolver needs neither.
        is_whole: everything is to be made anew.
    """

    spark: SparkSession
    business_date: date
    contract: DerivedContract
    catalog: Catalog
    previous: DataFrame
    scratch: str
    versions: Mapping[str, InputVersion]
    consumed: Mapping[str, Consumed]
    make_keys: Callable[[], DataFrame]
    lake: Lake
    present: tuple[str, int] | None = None
    moved: frozenset[str] = frozenset()
    is_whole: bool = True

    def feed(self, alias: str) -> DataFrame:
        """Return an input's changes since they were last consumed; at first all its rows as ``insert``."""
        taken, last = self.versions[alias], self.consumed.get(alias)
        if last is None:
            return taken.frame(self.spark).withColumn("_change_type", F.lit("insert"))
        if last.version >= taken.version:
            return taken.frame(self.spark).withColumn("_change_type", F.lit("insert")).limit(0)
        if not keeps_columns(taken.uri, last.version, taken.version):
            return of_part(self._net_changes(taken, last.version), taken.input)
        changes = feed(self.spark, self.contract.name, taken.uri, last.version, taken.version)
        return of_part(changes, taken.input)

    def _net_changes(self, taken: InputVersion, since: int) -> DataFrame:
        """Return what differs between two versions: a change feed does not pass a column that went or became another."""
        now, before = (at_version(self.spark, taken.uri, version) for version in (taken.version, since))
        same = before.select(
            *[
                (F.col(quoted(field.name)) if field.name in before.columns else F.lit(None))
                .try_cast(field.dataType)
                .alias(field.name)
                for field in now.schema.fields
            ]
        )
        gone = same.exceptAll(now).withColumn("_change_type", F.lit("delete"))
        return gone.unionAll(now.exceptAll(same).withColumn("_change_type", F.lit("insert")))

    @cached_property
    def key_frame(self) -> DataFrame:
        """One row (inner_pad, outer_pad) for ``citylake.engine.clean.identity.keyed_hash``."""
        return self.make_keys()


def evaluate(
    context: Context,
    contract: DerivedContract,
    versions: Mapping[str, InputVersion],
    run: TransformRun,
    units: Units | None,
) -> DataFrame:
    """Return the transform's result for the given units (all when None), in the contract's columns and types.

    Rows whose unit is NULL belong to no unit and are left out.

    Raises:
        TableError: the transform cannot be read; whether it fits its contract turns out when the result is run.
    """
    # Of disjoint inputs those that did not move have no row of a touched unit.
    read = run.moved if units is not None and contract.disjoint else versions.keys()
    frames = _frames({alias: item for alias, item in versions.items() if alias in read}, context.spark, units)
    text = select_text(context.lake.catalog, contract, context.lake.transforms)
    with analysed(contract.name):
        result = _select(context, text, frames) if text is not None else _python(context.lake, contract)(frames, run)
    # Not analysed here: whoever runs it does so under ``analysed``, and once is enough.
    shaped = result.select(*[F.col(quoted(item.name)).cast(item.type) for item in derived_columns(contract)])
    kept = shaped.dropna(subset=list(contract.unit))
    return kept if units is None else units.restrict(kept, contract.unit)


def _frames(versions: Mapping[str, InputVersion], spark: SparkSession, units: Units | None) -> dict[str, DataFrame]:
    """Return the inputs' rows of the units; what is little is read here and travels with the plan."""
    frames, left = {}, PLAN_BYTES
    for alias, taken in versions.items():
        few = _few_rows(taken, units) if left > 0 else None
        if few is None or few.nbytes > left:
            frames[alias] = _restricted(taken, spark, units)
        else:
            frames[alias] = local_frame(spark, few)
            left -= few.nbytes
    return frames


def _few_rows(taken: InputVersion, units: Units | None) -> pa.Table | None:
    """Return what a transform reads of an input, None when that is for Spark to find."""
    item = taken.input
    if _is_whole(item, units):
        return all_rows(taken.uri, taken.version, part=item.part)
    assert units is not None
    return input_rows(taken.uri, taken.version, item, units.listed) if units.listed else None


def _restricted(taken: InputVersion, spark: SparkSession, units: Units | None) -> DataFrame:
    if is_local(spark) and (taken.rows is None or taken.rows > HELD_ROWS) and not taken.input.part:
        raise NotHereError("a large input")
    item, rows = taken.input, taken.frame(spark)
    if units is None or _is_whole(item, units):
        return rows
    return units.restrict_any(rows, item.any) if item.any else units.restrict(rows, item.on)


def _is_whole(item: Input, units: Units | None) -> bool:
    return units is None or item.all or item.via is not None


def _select(context: Context, text: str, frames: Mapping[str, DataFrame]) -> DataFrame:
    for alias, frame in frames.items():
        frame.createOrReplaceTempView(alias)
    said = with_date(text, context.business_date)
    # To ask the server for a plan's shape first, as ``sql`` does, costs one more round trip.
    return ConnectFrame(SQL(said), context.spark) if is_local(context.spark) else context.spark.sql(said)  # type: ignore[arg-type]


def with_date(text: str, day: date) -> str:
    """Return the SELECT with ``:business_date`` put in as a literal where it stands.

    Spark does not bind a parameter inside a generator of a common table expression.
    """
    parts, read = [], 0
    for colon, name in pairwise(sqlglot.tokenize(text, read="spark")):
        if colon.token_type is TokenType.COLON and name.text == "business_date" and name.start == colon.end + 1:
            parts += [text[read : colon.start], f"DATE'{day.isoformat()}'"]
            read = name.end + 1
    return "".join([*parts, text[read:]])


def _python(lake: Lake, contract: DerivedContract) -> Callable[[Mapping[str, DataFrame], TransformRun], DataFrame]:
    transform: Callable[[Mapping[str, DataFrame], TransformRun], DataFrame]
    transform = transform_module(contract, lake.transforms).transform
    return transform
