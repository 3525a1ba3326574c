"""A small lake with its own contracts: one clean table, two base tables of which one reads the other, a topic table."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pyspark.sql import SparkSession

from citylake.contract.model import CollectedContract, DerivedContract
from citylake.delta.errors import WaitingError
from citylake.delta.sql_text import quoted
from citylake.delta.tables import clean_columns, ensure
from citylake.engine.derived.derive import derive
from citylake.engine.run.context import Context, TableResult
from citylake.engine.run.meaning import dress, meaning
from citylake.lake import Lake, open_lake
from citylake.ledger.nights.nights import Night, Pin, ready
from citylake.ledger.runs.runs import Outcome, record, start
from citylake.ledger.runs.tables import TableState, table_state
from citylake.night.judging.layer import Judgement, judge_layer
from citylake.night.publication.publish import Published, publish
from citylake.settings import Settings

FIRST_NIGHT = date(2026, 11, 22)
SECOND_NIGHT = date(2026, 11, 23)
THIRD_NIGHT = date(2026, 11, 24)

CLEAN = "clean.hrss__pension"
PERSON = "base.demo__person"
TALLY = "base.demo__tally"
SECRET = "base.demo__secret"
BENEFIT = "topic.demo__benefit"
DERIVED = (PERSON, TALLY, SECRET, BENEFIT)

_FILES = {
    "schemas/departments/hrss.yml": """
name: 市人力资源和社会保障局
cron: "30 0 * * *"
""",
    "schemas/codes/pay_state.csv": "code,label\n1,正在领取\n2,已停发\n",
    "schemas/clean/hrss/pension.yml": """
title: 养老金领取名册
grain: 一条为一人
owner: hrss
source: {form: csv, files: "p_*.csv", as_of: {received: true}}
mode: snapshot
due: {every: day}
key: [pension_no]
columns:
  pension_no: {label: 社保编号, grade: L3}
  pay_state: {label: 领取状态, grade: L2}
  amount: {label: 金额, grade: L3, type: "decimal(12,2)"}
""",
    "schemas/base/demo/person.yml": """
title: 领取人
grain: 一人一行
owner: hrss
key: [pension_no]
inputs: {c: {table: clean.hrss__pension, "on": [pension_no]}}
columns:
  pension_no: {label: 社保编号, grade: L3}
  pay_state: {label: 领取状态, grade: L2, codes: pay_state}
  amount: {label: 金额, grade: L3, type: "decimal(12,2)"}
rules:
  warn: [in_range: {column: amount, min: 0, max: 5000}]
""",
    "jobs/base/demo/person.sql": "SELECT c.pension_no, c.pay_state, c.amount FROM c",
    "schemas/base/demo/tally.yml": """
title: 领取人计数
grain: 一人一行
owner: hrss
key: [pension_no]
inputs: {p: {table: base.demo__person, "on": [pension_no]}}
columns:
  pension_no: {label: 社保编号, grade: L3}
  doubled: {label: 两倍金额, grade: L3, type: "decimal(14,2)"}
""",
    "jobs/base/demo/tally.sql": "SELECT p.pension_no, p.amount * 2 AS doubled FROM p",
    "schemas/base/demo/secret.yml": """
title: 领取人身份
grain: 一人一行
owner: hrss
key: [pension_no]
restricted: true
grade: L4
inputs: {c: {table: clean.hrss__pension, "on": [pension_no]}}
columns:
  pension_no: {label: 社保编号, grade: L4, direct: true}
""",
    "jobs/base/demo/secret.sql": "SELECT c.pension_no FROM c",
    "schemas/topic/demo/benefit.yml": """
title: 待遇
grain: 一人一行
owner: hrss
key: [pension_no]
inputs: {t: {table: base.demo__tally, "on": [pension_no]}}
columns:
  pension_no: {label: 社保编号, grade: L3}
  doubled: {label: 两倍金额, grade: L3, type: "decimal(14,2)"}
""",
    "jobs/topic/demo/benefit.sql": "SELECT t.pension_no, t.doubled FROM t",
}

Row = tuple[str, str, str]


def write_project(folder: Path, **changed: str) -> Path:
    """Write the contracts and SELECTs; ``changed`` gives other texts, by path."""
    for name, text in {**_FILES, **changed}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


@dataclass
class SmallLake:
    """The small lake and what happens to it, night by night."""

    lake: Lake
    spark: SparkSession

    @classmethod
    def open(cls, settings: Settings, spark: SparkSession, folder: Path, **changed: str) -> "SmallLake":
        project = write_project(folder / "project", **changed)
        # A handful of rows needs neither replanning nor several partitions.
        spark.conf.set("spark.sql.adaptive.enabled", "false")
        spark.conf.set("spark.sql.shuffle.partitions", "1")
        return cls(open_lake(settings.model_copy(update={"project": project})), spark)

    def deliver(self, night: date, rows: list[Row]) -> Night:
        """The clean table holds exactly these rows, and the night is ready."""
        contract = self.lake.catalog.contract(CLEAN)
        assert isinstance(contract, CollectedContract)
        uri = self.lake.location(CLEAN)
        columns = clean_columns(contract)
        ensure(self.spark, uri, columns, comment=contract.title, found_by=contract.key)
        engine_columns = (None, None, None, 1, 1, night, False, None)
        typed = [f"CAST({quoted(item.name)} AS {item.type}) AS {quoted(item.name)}" for item in columns]
        schema = ", ".join(
            f"{quoted(item.name)} {'string' if item.name == 'amount' else item.type}" for item in columns
        )
        frame = self.spark.createDataFrame([(*row, *engine_columns) for row in rows], schema)
        frame.selectExpr(*typed).write.format("delta").mode("overwrite").save(uri)
        version = int(self.spark.sql(f"DESCRIBE HISTORY delta.{quoted(uri)} LIMIT 1").collect()[0]["version"])
        run = start(
            self.lake.ledger, table=CLEAN, kind="snapshot", business_date=night, session_id=str(self.spark.session_id),  # type: ignore[attr-defined]
            inputs={}, meaning=meaning(self.lake, contract), dress=dress(contract),
        )  # fmt: skip
        state = record(self.lake.ledger, run.id, Outcome("done", version=version, rows=len(rows), accepted=True))
        assert state.content is not None
        return ready(self.lake.ledger, night, {CLEAN: Pin(state.content, version)}, [])

    def make(self, night: Night, *tables: str) -> dict[str, TableResult]:
        """Run tables; all derived ones when none is named."""
        return {name: self._make(night, name) for name in tables or DERIVED}

    def _make(self, night: Night, table: str) -> TableResult:
        contract = self.lake.catalog.contract(table)
        assert isinstance(contract, DerivedContract)
        try:
            return derive(Context(self.lake, self.spark, night.business_date, night.vector), contract)
        except WaitingError as error:
            return TableResult(table, "waiting", reason=str(error))

    def judge(self, layer: str, night: Night, spark: SparkSession | None = None) -> dict[str, Judgement]:
        """Judge a layer."""
        done = judge_layer(self.lake, spark or self.spark, layer, night.business_date, session_id="a session")
        return {one.table: one for one in done}

    def whole_night(self, night_date: date, rows: list[Row]) -> Published:
        """Deliver, make, judge and publish."""
        night = self.deliver(night_date, rows)
        self.make(night, PERSON, TALLY, SECRET)
        self.judge("base", night)
        self.make(night, BENEFIT)
        self.judge("topic", night)
        return self.publish(night)

    def publish(self, night: Night) -> Published:
        """Publish the night."""
        return publish(self.lake, self.spark, night.business_date)

    def state(self, table: str) -> TableState:
        """Where a table stands."""
        found = table_state(self.lake.ledger, table)
        assert found is not None
        return found

    def rows(self, table: str) -> list[tuple[object, ...]]:
        """All rows of a table as it stands, in order."""
        frame = self.spark.read.format("delta").load(self.lake.location(table))
        return sorted(tuple(row) for row in frame.collect())
