"""The shape of a table's files against its contract: columns, types, partition, key and unit, titles and labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from deltalake import DeltaTable
from deltalake.schema import Field, PrimitiveType

from citylake.contract.model import Contract, DerivedContract
from citylake.delta.errors import MigrationNeededError
from citylake.delta.log import newest_version
from citylake.delta.tables import Physical, columns_of, marks_of
from citylake.lake import Lake

Kind = Literal["add", "remove", "type", "key", "unit", "partition", "dress"]

_SPARK_TYPES = {"integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint"}


@dataclass(frozen=True)
class Difference:
    """One thing in which a table's files are not what its contract says; ``text`` says it in plain Chinese."""

    kind: Kind
    text: str

    @property
    def destructive(self) -> bool:
        """Whether rows or values would be lost if the files simply followed: a person has to decide."""
        return self.kind not in ("add", "dress")


@dataclass(frozen=True)
class Shape:
    """What a table's log says of it: column -> type in Spark DDL, column -> comment, and the table's own words."""

    types: Mapping[str, str]
    comments: Mapping[str, str]
    title: str
    partition: tuple[str, ...]
    properties: Mapping[str, str]


def shape_of(uri: str) -> Shape | None:
    """Return the shape of a table's newest version, read from its log without Spark; None when there is no table."""
    if newest_version(uri) is None:
        return None
    opened = DeltaTable(uri)
    said, fields = opened.metadata(), opened.schema().fields
    return Shape(
        types={field.name: _spark_type(field) for field in fields},
        comments={field.name: str(field.metadata.get("comment", "")) for field in fields},
        title=said.description or "",
        partition=tuple(said.partition_columns),
        properties=dict(said.configuration),
    )


def columns_at(uri: str, version: int) -> list[str]:
    """Return the names of a table's columns at a version, read from its log without Spark.

    Raises:
        deltalake.exceptions.DeltaError: there is no such version.
    """
    return [field.name for field in DeltaTable(uri, version=version).schema().fields]


def keeps_columns(uri: str, before: int, now: int) -> bool:
    """Return whether every column of one version is there, in the same type, in a later one: a change feed needs that."""
    earlier, later = (
        {field.name: _spark_type(field) for field in DeltaTable(uri, version=version).schema().fields}
        for version in (before, now)
    )
    return earlier.items() <= later.items()


def differences(contract: Contract, shape: Shape) -> list[Difference]:
    """Return in what a clean or derived table's files differ from its contract."""
    wanted = columns_of(contract)
    found = [*compare_columns(wanted, shape), *_removed(wanted, shape), *_marks(contract, shape)]
    partition = tuple(contract.partition) if isinstance(contract, DerivedContract) else ()
    if partition != shape.partition:
        found.append(Difference("partition", f"分区由 {_listed(shape.partition)} 改为 {_listed(partition)}"))
    return [*found, *dress_differences(wanted, contract.title, shape)]


def compare_columns(wanted: Sequence[Physical], shape: Shape) -> list[Difference]:
    """Return the columns that the files lack or have in another type."""
    found = []
    for item in wanted:
        present = shape.types.get(item.name)
        if present is None:
            found.append(Difference("add", f"增加列 {item.name}（{item.type}）"))
        elif present != item.type.replace(" ", ""):
            found.append(Difference("type", f"列 {item.name} 的类型由 {present} 改为 {item.type}"))
    return found


def dress_differences(wanted: Sequence[Physical], title: str, shape: Shape) -> list[Difference]:
    """Return titles and labels that the files say otherwise."""
    found = [] if shape.title == title else [Difference("dress", f"表名称由“{shape.title}”改为“{title}”")]
    for item in wanted:
        before = shape.comments.get(item.name)
        if before is not None and before != item.comment:
            found.append(Difference("dress", f"列 {item.name} 的名称由“{before}”改为“{item.comment}”"))
    return found


def check_follows(lake: Lake, contract: Contract) -> None:
    """Make sure that a table's files can follow its contract by gaining columns only.

    Raises:
        MigrationNeededError: a column was removed, or a type, the key, the unit or the partition changed.
    """
    shape = shape_of(lake.location(contract.name))
    waiting = [one.text for one in differences(contract, shape) if one.destructive] if shape is not None else []
    if waiting:
        raise MigrationNeededError(contract.name, waiting)


def _removed(wanted: Sequence[Physical], shape: Shape) -> list[Difference]:
    names = {item.name for item in wanted}
    return [Difference("remove", f"删除列 {name}（{kind}）") for name, kind in shape.types.items() if name not in names]


def _marks(contract: Contract, shape: Shape) -> list[Difference]:
    """Return whether key or unit changed; tables from before they were noted tell by their statistics' columns."""
    words: tuple[tuple[Kind, str, str], ...] = (("key", "citylake.key", "主键"), ("unit", "citylake.unit", "重算单位"))
    found = []
    marks = marks_of(contract)
    for kind, name, word in words:
        before = shape.properties.get(name)
        if name in marks and before is not None and before != marks[name]:
            found.append(Difference(kind, f"{word}由 {before} 改为 {marks[name]}"))
    counted = shape.properties.get("delta.dataSkippingStatsColumns")
    unknown = "citylake.key" not in shape.properties and counted is not None
    if unknown and counted != marks["delta.dataSkippingStatsColumns"]:
        now = marks["delta.dataSkippingStatsColumns"]
        found.append(Difference("key", f"主键或重算单位已改变（查找列由 {counted} 改为 {now}）"))
    return found


def _spark_type(field: Field) -> str:
    kind = field.type
    if not isinstance(kind, PrimitiveType):
        return str(kind)
    name = str(kind.type)
    return _SPARK_TYPES.get(name, name.replace(" ", ""))


def _listed(names: Sequence[str]) -> str:
    return "、".join(names) or "无"
