"""A lake of a few small tables whose department a test plays itself, by dropping CSV files."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pyspark.sql import SparkSession

from citylake.contract.model import CollectedContract
from citylake.engine.clean.collect import Collected, collect
from citylake.engine.run.context import Context, TableResult
from citylake.engine.run.run import run_table
from citylake.lake import Lake, open_lake
from citylake.settings import Settings

ELEMENTS = {
    "record_no": {"label": "记录编号", "grade": "L2"},
    "owner_no": {"label": "归属编号", "grade": "L2"},
    "name": {"label": "名称", "grade": "L3"},
    "other_name": {"label": "别名", "grade": "L3"},
    "kind_code": {"label": "类别代码", "grade": "L2", "codes": "kind"},
    "amount": {"label": "金额(元)", "type": "decimal(12,2)", "grade": "L2"},
    "happened_date": {"label": "发生日期", "type": "date", "grade": "L2"},
    "updated_at": {"label": "更新时间", "type": "timestamp", "grade": "L2"},
    "total_amount": {"label": "合计(元)", "type": "decimal(22,2)", "grade": "L2"},
    "count": {"label": "笔数", "type": "bigint", "grade": "L2"},
    "is_recent": {"label": "是否近期", "type": "boolean", "grade": "L2"},
    "_recheck_on": {"label": "重算日期", "type": "date", "grade": "L2"},
}

COLUMNS = {
    "record_no": {"from": "JLBH"},
    "owner_no": {"from": "GSBH"},
    "name": {"from": "MC"},
    "other_name": {"from": "BM"},
    "kind_code": {"from": "LB"},
    "amount": {"from": "JE"},
    "happened_date": {"from": "FSRQ"},
    "updated_at": {"from": "GXSJ"},
}
HEADER = ["CZBZ", *[column["from"] for column in COLUMNS.values()]]


def contract(mode: str, **more: Any) -> dict[str, Any]:
    """Return a collected contract of the mode; ``more`` replaces whole keys."""
    said: dict[str, Any] = {
        "title": "测试资源",
        "grain": "一条为一件",
        "owner": "office",
        "source": {"form": "csv", "files": f"{mode}_*.csv", "as_of": {"filename": r"(\d{8})"}},
        "mode": mode,
        "due": {"every": "day"},
        "key": ["record_no"],
        "columns": COLUMNS,
        "rules": {"quarantine": [{"not_null": "name"}]},
    }
    if mode == "change":
        said["change"] = {"operation": "CZBZ", "order": ["updated_at"]}
    else:
        said["ignore"] = {"CZBZ": "本资源没有增删改标志"}
    return said | more


@dataclass
class SmallLake:
    """A project folder with contracts, a lake made from it, and a department's drop folder."""

    settings: Settings
    spark: SparkSession
    day: date = date(2026, 3, 1)
    _lake: Lake | None = field(default=None)

    @classmethod
    def make(cls, settings: Settings, spark: SparkSession, root: Path) -> "SmallLake":
        """Make an empty project: elements, one department, one code list."""
        made = cls(settings.model_copy(update={"project": root}), spark)
        made.write("elements/office.yml", ELEMENTS)
        made.write("departments/office.yml", {"name": "测试局", "cron": "10 1 * * *"})
        codes = root / "schemas/codes/kind.csv"
        codes.parent.mkdir(parents=True)
        codes.write_text("code,label\nA,甲\nB,乙\n", "utf-8")
        return made

    def write(self, path: str, said: Mapping[str, Any]) -> None:
        """Write a YAML file below ``schemas`` and forget the catalog that was read before."""
        target = self.settings.project / "schemas" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(yaml.safe_dump(dict(said), allow_unicode=True), "utf-8")
        from citylake.contract.catalog import load_catalog

        load_catalog.cache_clear()
        self._lake = None

    def select(self, path: str, text: str) -> None:
        """Write a transform below ``jobs``."""
        target = self.settings.project / "jobs" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")

    def resolve_by_owner(self) -> None:
        """Write a crosswalk that takes the person of a ``change`` record from the ``snapshot`` record of its number."""
        plain = {"label": "标识", "grade": "L2"}
        self.write("base/population/resolve.yml", {"kind": "person", "noun": "人员"})
        self.write(
            "base/population/crosswalk.yml",
            {
                "title": "交叉索引",
                "grain": "一个主体一行",
                "owner": "office",
                "made_by": "resolver",
                "key": ["subject_id"],
                "partition": ["source"],
                "inputs": {
                    "c": {"table": "clean.office__change", "on": ["_self_subject"]},
                    "a": {"table": "clean.office__snapshot", "via": "c", "via_on": ["record_no"], "on": ["record_no"]},
                },
                "columns": {"source": plain, "subject_id": plain, "person_id": plain},
            },
        )
        self.select(
            "base/population/crosswalk.sql",
            "SELECT 'office.change' AS source, c._self_subject AS subject_id, a.owner_no AS person_id "
            "FROM c JOIN a ON a.record_no = c.record_no WHERE NOT a._deleted",
        )

    @property
    def lake(self) -> Lake:
        """The lake, its contracts read anew after each change."""
        if self._lake is None:
            self._lake = open_lake(self.settings)
        return self._lake

    def drop(self, name: str, rows: Sequence[Mapping[str, str]], *, header: Sequence[str] = HEADER) -> None:
        """Put a CSV file into the department's drop folder."""
        lines = [",".join(header), *[",".join(row.get(column, "") for column in header) for row in rows]]
        self.drop_bytes(name, ("\n".join(lines) + "\n").encode())

    def drop_bytes(self, name: str, content: bytes) -> None:
        """Put bytes into the department's drop folder."""
        folder = self.settings.inbox / "office"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        os.utime(folder / name, (0, 0))  # a file that has long been still is not waited for

    def collect(self, table: str, *, rebuild: bool = False) -> Collected:
        """Take what was dropped."""
        of = self.lake.catalog.contract(table)
        assert isinstance(of, CollectedContract)
        return collect(Context(self.lake, self.spark, self.day, {}, rebuild), of)

    def run(self, table: str, *, rebuild: bool = False) -> TableResult:
        """Run one table."""
        return run_table(self.lake, self.spark, table, self.day, rebuild=rebuild)

    def rows(self, table: str, *columns: str, where: str = "true") -> list[tuple[Any, ...]]:
        """Return a table's present rows, sorted."""
        frame = self.spark.read.format("delta").load(self.lake.location(table)).where(where)
        return sorted((tuple(row) for row in frame.selectExpr(*columns).collect()), key=repr)


def line(number: str, **values: str) -> dict[str, str]:
    """Return a good line of record ``number``; ``values`` by the department's own column names."""
    return {
        "CZBZ": "I",
        "JLBH": number,
        "GSBH": "G1",
        "MC": f"名称{number}",
        "LB": "A",
        "JE": "10.00",
        "FSRQ": "20260115",
        "GXSJ": "2026-02-01 08:00:00",
    } | values
