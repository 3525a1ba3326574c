"""Contracts change under a lake that is full: labels, a new column, then what would lose something."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from citylake.contract.model import DerivedContract, Input
from citylake.delta.errors import MigrationNeededError
from citylake.delta.input_version import InputVersion
from citylake.delta.shape import shape_of
from citylake.delta.tables import at_version
from citylake.engine.clean.collect import Collected
from citylake.engine.derived.evaluate import TransformRun
from citylake.engine.run.context import TableResult
from citylake.ledger.columns import Consumed
from citylake.ledger.people import decisions as audit
from citylake.ledger.runs.tables import TableState, accept, contents, table_state
from citylake.recovery.migrate.apply import apply
from citylake.recovery.migrate.plan import plan
from citylake.settings import Settings
from citylake.spark.session import session
from tests.engine.small_lake import COLUMNS, HEADER, SmallLake, contract, line
from tests.recovery.restore.nights import CHANGE, CROSSWALK, LINKED, SNAPSHOT, TALLY, make

DAY = date(2026, 3, 1)
RAW, QUARANTINE = "raw.office__change", "quarantine.office__change"
EXTRA = {"remark": {"from": "BZ", "label": "备注", "grade": "L2"}}
NAMED = {"name": {"from": "MC", "direct": True}}


def state(small: SmallLake, table: str) -> TableState:
    found = table_state(small.lake.ledger, table)
    assert found is not None
    return found


def columns_in_files(small: SmallLake, table: str) -> list[str]:
    shape = shape_of(small.lake.location(table))
    assert shape is not None
    return list(shape.types)


def change_contract(small: SmallLake, columns: dict[str, Any], **more: Any) -> None:
    identity = {"person": {"self": {"name": "name"}}}
    small.write("clean/office/change.yml", contract("change", columns=columns, identity=identity, **more))


def carry_out(small: SmallLake, *, destructive: bool) -> list[str]:
    return apply(small.lake, small.spark, plan(small.lake), DAY, actor="operator", destructive=destructive)


@dataclass
class Story:
    """What was seen on the way."""

    small: SmallLake
    dressed: list[str]
    before_dress: dict[str, TableState]
    after_dress: dict[str, TableState]
    comment: str
    grown: Collected
    after_growth: dict[str, list[str]]
    rows_after_growth: list[tuple[Any, ...]]
    contents_after_growth: int
    linked_after_growth: TableResult
    planned: dict[str, list[str]]
    refusals: list[str]
    without_flag: list[str]
    migrated: list[str]
    old_version: int
    accepted_meanwhile: TableState
    rows_in_the_end: list[tuple[Any, ...]]
    tally_in_the_end: list[tuple[Any, ...]]


def derive_all(small: SmallLake) -> dict[str, TableResult]:
    made = {table: small.run(table) for table in (CROSSWALK, LINKED, TALLY)}
    accept(small.lake.ledger, [TALLY], business_date=small.day)
    return made


@pytest.fixture(scope="module")
def story(lake_of_module: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with session(lake_of_module) as spark:
        yield tell(make(lake_of_module, spark, tmp_path_factory.mktemp("migrate") / "project"), spark)


def tell(small: SmallLake, spark: SparkSession) -> Story:
    small.day = DAY
    small.drop("change_20260301.csv", [line("1"), line("2"), line("3", MC="")])
    small.drop("snapshot_20260301.csv", [line("1", GSBH="P1"), line("2", GSBH="P2")])
    small.collect(CHANGE)
    small.collect(SNAPSHOT)
    derive_all(small)

    before = {table: state(small, table) for table in (CHANGE, LINKED)}
    change_contract(small, COLUMNS | NAMED | {"amount": {"from": "JE", "label": "应发金额(元)"}}, title="新的名称")
    dressed = carry_out(small, destructive=False)
    after = {table: state(small, table) for table in (CHANGE, LINKED)}
    shape = shape_of(small.lake.location(CHANGE))
    assert shape is not None
    comment = f"{shape.title} {shape.comments['amount']}"

    change_contract(small, COLUMNS | NAMED | EXTRA)
    header = [*HEADER, "BZ"]
    again = line("2", CZBZ="U", GXSJ="2026-03-01 08:00:00", BZ="说明")
    small.drop("change_20260302.csv", [again, line("1", CZBZ="U"), line("4", MC="", BZ="错")], header=header)
    grown = small.collect(CHANGE)
    after_growth = {table: columns_in_files(small, table) for table in (RAW, QUARANTINE, CHANGE)}
    rows = small.rows(CHANGE, "record_no", "remark", "_delivery_id")
    count = len(contents(small.lake.ledger, CHANGE))
    linked = derive_all(small)[LINKED]

    fewer = {name: said for name, said in COLUMNS.items() if name != "other_name"}
    change_contract(
        small, fewer | NAMED | EXTRA | {"amount": {"from": "JE", "type": "decimal(14,2)"}}, ignore={"BM": "不用"}
    )
    planned = {
        one.table: [item.text for item in one.differences if item.destructive]
        for one in plan(small.lake)
        if one.destructive
    }
    refusals = []
    for table in (CHANGE, LINKED):
        with pytest.raises(MigrationNeededError) as refused:
            small.run(table)
        refusals.append(str(refused.value))
    carry_out(small, destructive=False)
    without_flag = columns_in_files(small, CHANGE)
    old = state(small, CHANGE).version or 0
    migrated = carry_out(small, destructive=True)
    meanwhile = state(small, CHANGE)
    small.collect(CHANGE)
    derive_all(small)
    return Story(
        small, dressed, before, after, comment, grown, after_growth, rows, count, linked, planned, refusals,
        without_flag, migrated, old, meanwhile,
        small.rows(CHANGE, "record_no", "remark", "CAST(amount AS STRING)", "name"),
        small.rows(TALLY, "person_id", "CAST(total_amount AS STRING)", "count"),
    )  # fmt: skip


def test_new_titles_and_labels_reach_the_comments_and_make_no_content(story: Story) -> None:
    assert {CHANGE, RAW, QUARANTINE, LINKED} <= set(story.dressed)
    assert story.comment == "新的名称 应发金额(元)"
    for table, before in story.before_dress.items():
        after = story.after_dress[table]
        assert (after.content, after.accepted_content, after.rows) == (
            before.content,
            before.accepted_content,
            before.rows,
        )
        assert (after.version or 0) > (before.version or 0)
        assert after.accepted_version == after.version
        assert after.dress != before.dress


def test_a_new_column_reaches_every_layer_and_old_rows_have_nothing_in_it(story: Story) -> None:
    assert all("remark" in columns for columns in story.after_growth.values())
    assert "remark" in columns_in_files(story.small, LINKED)
    assert [(number, remark) for number, remark, _ in story.rows_after_growth] == [("1", None), ("2", "说明")]
    fields = DeltaTable(story.small.lake.location(CHANGE)).schema().fields
    assert all(field.nullable for field in fields)


def test_deliveries_from_before_the_column_are_read_and_only_what_differs_is_a_change(story: Story) -> None:
    assert story.grown.outcome == "accepted"
    counts = story.grown.results[-1].counts
    assert (counts["updated"], counts["unchanged"], counts["quarantined"]) == (1, 1, 1)
    assert story.contents_after_growth == 2
    assert story.linked_after_growth.counts.get("changed_units") == 1


def test_what_would_lose_something_is_planned_in_plain_words(story: Story) -> None:
    assert story.planned[CHANGE] == [
        "列 amount 的类型由 decimal(12,2) 改为 decimal(14,2)",
        "删除列 other_name（string）",
    ]
    assert set(story.planned) == {CHANGE, LINKED}


def test_it_is_refused_at_a_run_with_the_command_that_helps(story: Story) -> None:
    assert len(story.refusals) == 2
    assert all("citylake migrate" in said and "other_name" in said for said in story.refusals)
    assert "other_name" in story.without_flag


def test_carried_out_the_old_versions_stay_readable_and_the_accepted_one_is_read(story: Story) -> None:
    small = story.small
    assert set(story.migrated) >= {CHANGE, LINKED}
    assert "other_name" in at_version(small.spark, small.lake.location(CHANGE), story.old_version).columns
    assert story.accepted_meanwhile.content is None
    assert story.accepted_meanwhile.accepted_version == story.old_version
    assert {entry.subject for entry in audit.entries(small.lake.ledger) if entry.action == "migrate"} == {
        CHANGE,
        LINKED,
    }


def test_the_next_run_makes_the_table_anew_from_landing(story: Story) -> None:
    small = story.small
    assert "other_name" not in columns_in_files(small, CHANGE)
    assert "other_name" not in columns_in_files(small, LINKED)
    assert story.rows_in_the_end == [("1", None, "10.00", "名称1"), ("2", "说明", "10.00", "名称2")]
    assert story.tally_in_the_end == [("P1", "10.00", 1), ("P2", "10.00", 1)]
    assert state(small, CHANGE).rows == state(small, LINKED).rows == len(story.rows_in_the_end)
    assert plan(small.lake) == []


def test_a_resolver_table_carries_its_rows_over(story: Story) -> None:
    small = story.small
    path = small.settings.project / "schemas/base/population/crosswalk.yml"
    before = path.read_text("utf-8")
    kept = small.rows(CROSSWALK, "subject_id", "person_id")
    small.write("base/population/crosswalk.yml", with_score(before))
    small.select(
        "base/population/crosswalk.sql",
        "SELECT 'office.change' AS source, c._self_subject AS subject_id, a.owner_no AS person_id, 1.5 AS score "
        "FROM c JOIN a ON a.record_no = c.record_no",
    )
    small.run(CROSSWALK)
    small.write("base/population/crosswalk.yml", with_score(before, "decimal(4,1)"))
    consumed = state(small, CROSSWALK)
    carry_out(small, destructive=True)
    assert small.rows(CROSSWALK, "subject_id", "person_id") == kept
    assert changes_since(small, consumed) == []
    assert {kind for _, kind in small.rows(CROSSWALK, "subject_id", "typeof(score)")} == {"decimal(4,1)"}
    assert state(small, CROSSWALK).accepted_content is not None
    assert small.run(CROSSWALK).state in ("written", "unchanged")
    assert small.run(LINKED).state in ("written", "unchanged")


def changes_since(small: SmallLake, before: TableState) -> list[Any]:
    """What a transform that reads the crosswalk's changes is given: no subject moved, only a column's type."""
    contract, now = small.lake.catalog.contract(CROSSWALK), state(small, CROSSWALK)
    assert isinstance(contract, DerivedContract)
    uri = small.lake.location(CROSSWALK)
    here = InputVersion("x", Input(table=CROSSWALK, on=("subject_id",)), 0, now.version or 0, uri)
    run = TransformRun(
        small.spark, DAY, contract, small.lake.catalog, at_version(small.spark, uri, here.version), "",
        {"x": here}, {"x": Consumed(before.content or 0, before.version or 0)}, lambda: small.spark.range(1), small.lake,
    )  # fmt: skip
    return list(run.feed("x").collect())


def with_score(text: str, kind: str = "decimal(2,1)") -> dict[str, Any]:
    import yaml

    said: dict[str, Any] = yaml.safe_load(text)
    said["columns"]["score"] = {"label": "得分", "grade": "L2", "type": kind}
    return said
