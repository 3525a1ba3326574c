"""``citylake migrate`` without Spark: it says what waits, changes nothing, and ends with 1 while somebody has to decide."""

import json
from datetime import date

from deltalake import DeltaTable
from deltalake.schema import Field, PrimitiveType, Schema
from typer.testing import CliRunner

from citylake.cli import app
from citylake.delta.tables import columns_of, marks_of
from citylake.lake import Lake
from citylake.ledger.runs.runs import Outcome, record, start

TABLE = "topic.social_security__person_benefit"
DELTA = {"bigint": "long", "int": "integer"}


def make(lake: Lake, *more: Field, without: str = "") -> None:
    """Make the files of a table as its contract says, with more columns or without one."""
    contract = lake.catalog.contract(TABLE)
    fields = [
        Field(item.name, PrimitiveType(DELTA.get(item.type, item.type)), True, {"comment": item.comment})
        for item in columns_of(contract)
        if item.name != without
    ]
    DeltaTable.create(
        lake.location(TABLE),
        Schema([*fields, *more]),
        description=contract.title,
        configuration=marks_of(contract),
        raise_if_key_not_exists=False,
    )


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["migrate", *arguments])
    return done.exit_code, done.stdout


def test_tables_that_are_as_their_contracts_say_need_nothing(own_lake: Lake) -> None:
    make(own_lake)
    assert run() == (0, "各表与契约一致\n")


def test_a_gained_column_is_shown_and_nobody_has_to_decide(own_lake: Lake) -> None:
    contract = own_lake.catalog.contract(TABLE)
    gained = next(name for name in contract.columns if name not in (*contract.key, "person_id"))
    make(own_lake, without=gained)
    code, said = run()
    assert code == 0
    assert f"增加列 {gained}" in said
    assert "下一次运行时自动加上" in said


def test_a_column_the_contract_does_not_name_waits_for_a_decision(own_lake: Lake) -> None:
    make(own_lake, Field("left_over", PrimitiveType("string"), True))
    code, said = run()
    assert code == 1
    assert "删除列 left_over（string）　→ 需要决定：--apply --destructive" in said
    code, said = run("--json")
    (waiting,) = json.loads(said)["waiting"]
    assert (code, waiting["table"], waiting["destructive"]) == (1, TABLE, True)
    assert DeltaTable(own_lake.location(TABLE)).version() == 0


def test_a_table_without_a_contract_waits_as_well(own_lake: Lake) -> None:
    gone = "base.demo__gone"
    one = start(
        own_lake.ledger, table=gone, kind="rebuild", business_date=date(2026, 11, 22), session_id="s", inputs={},
        meaning="m", dress="d",
    )  # fmt: skip
    record(own_lake.ledger, one.id, Outcome("done", version=0, rows=1))
    code, said = run()
    assert code == 1
    assert gone in said
    assert "契约已删除" in said


def test_a_destructive_change_is_carried_out_only_together_with_apply(own_lake: Lake) -> None:
    assert run("--destructive")[0] == 2
