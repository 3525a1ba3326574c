"""What a clerk sees of deliveries on the command line, and how the commands end."""

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from citylake.cli import app
from citylake.lake import Lake
from citylake.ledger.deliveries.deliveries import Problem, add_problems, receive, refuse
from citylake.ledger.nights.nights import Entry, publish, ready
from citylake.spelling import table_of
from citylake.words import FATES, counts_in_words
from tests.night.given import DAY

CREMATION = "civil_affairs.cremation"
NEXT = DAY + timedelta(days=1)
COUNTS = {"lines": 10, "inserted": 7, "vanished": 2, "quarantined": 3, "live_before": 0, "live_after": 7}


def refused(lake: Lake) -> int:
    """The delivery id of a refused file; an open one before it makes id and receipt number differ."""
    for name in ("open.csv", "refused.csv"):
        last = receive(
            lake.ledger,
            resource=CREMATION,
            as_of=DAY,
            sha256=name[0] * 64,
            size=1,
            name=name,
            business_date=DAY,
            contract="c",
            landing="file:///landing/x",
        )
    refuse(lake.ledger, last.id, reason="行数不在允许范围", counts=COUNTS)
    return last.id


def publish_day(lake: Lake) -> None:
    ready(lake.ledger, DAY, {}, [])
    publish(lake.ledger, DAY, [Entry("base.population__person", 1, 1, stale=False)])


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "400"})
    return done.exit_code, done.stdout, done.stderr


def test_receipts_show_the_number_that_accept_takes_beside_the_receipts_own(own_lake: Lake) -> None:
    number = refused(own_lake)
    code, shown, _ = run("receipts")
    assert code == 1
    assert "交付号" in shown.splitlines()[0]
    line = next(line for line in shown.splitlines() if "refused.csv" in line)
    assert line.split()[:2] == [str(number), "1"], "delivery id, then receipt number"
    code, said, _ = run("accept", str(number), "--reason", "已书面确认")
    assert code == 0
    assert f"交付号 {number}" in said


def test_counts_and_resources_are_told_in_chinese(own_lake: Lake) -> None:
    refused(own_lake)
    shown = run("receipts")[1]
    assert "共 10：新增 7，问题行 3，上期有本期无 2" in shown
    title = own_lake.catalog.contracts[table_of(CREMATION)].title
    assert f"{title}（civil_affairs.cremation）" in shown
    assert not any(name in shown for name in ("inserted", "live_after", "vanished"))


def test_every_fate_of_a_line_has_a_word() -> None:
    words = ["新增", "更新", "删除", "未变", "重复", "被取代", "问题行", "无法读取", "上期有本期无"]
    assert list(FATES.values()) == words
    assert counts_in_words({}) == ""


def test_a_file_that_no_contract_takes_is_named(own_lake: Lake) -> None:
    folder = own_lake.settings.inbox / "civil_affairs"
    folder.mkdir(parents=True)
    (folder / "随便.csv").write_text("x", "utf-8")
    code, shown, _ = run("receipts")
    assert code == 1
    assert "未识别的文件" in shown
    assert "随便.csv" in shown
    assert json.loads(run("receipts", "--json")[1])["unrecognised"] == {"civil_affairs": ["随便.csv"]}
    assert "随便.csv" not in run("receipts", "--department", "justice")[1]


def test_held_back_lines_are_listed_with_label_rule_and_reason(own_lake: Lake) -> None:
    number = refused(own_lake)
    contract = own_lake.catalog.contracts[table_of(CREMATION)]
    dated = next(name for name, column in contract.columns.items() if column.type == "date")
    key = contract.key[0]
    found = [
        Problem(2, dated, f"type:{dated}"),
        Problem(3, key, f"not_null:{key}"),
        Problem(4, "", "unreadable"),
        Problem(5, "gone", "matches:gone"),
    ]
    add_problems(own_lake.ledger, number, found)
    code, shown, _ = run("receipts", "--problems", str(number))
    assert code == 1, "the delivery was refused"
    assert f"{contract.columns[dated].label}（{dated}）" in shown
    assert f"{contract.columns[dated].label}的值不是有效日期" in shown
    assert f"{contract.columns[key].label}不能为空" in shown
    assert "这一行无法读取" in shown
    assert "约定此后有变动" in shown
    assert run("receipts", "--problems", "99")[0] == 2


def test_every_quarantine_rule_of_every_contract_has_a_reason(own_lake: Lake) -> None:
    from citylake.read.problem_words import explained

    for contract in own_lake.catalog.collected:
        for rule in contract.rules.quarantine:
            said = explained(own_lake.catalog, contract.resource, Problem(1, rule.column or "", rule.id))
            assert said["reason"]
            assert "约定此后有变动" not in said["reason"], (contract.name, rule.id)


@pytest.mark.parametrize(
    "command",
    [["status"], ["sql", "SELECT 1"], ["score"]],
)
def test_before_the_first_publication_every_command_says_the_same_and_ends_with_2(
    own_lake: Lake, command: list[str]
) -> None:
    code, _, said = run(*command)
    assert code == 2
    home = own_lake.settings.home
    assert said.strip() == (
        f"{home} 里尚未发布任何一晚，请先运行 make night，或用 CITYLAKE_HOME 指明数据湖在哪里 "
        f"(no night is published in {home}: run make night, or say with CITYLAKE_HOME where the lake is)"
    )


@pytest.mark.parametrize("command", [["status"], ["sql", "SELECT 1"], ["score"]])
def test_a_night_that_is_not_published_is_named_with_the_newest(own_lake: Lake, command: list[str]) -> None:
    publish_day(own_lake)
    code, _, said = run(*command, "--night", "2026-12-24")
    assert code == 2
    assert "2026-12-24 尚未发布，最新发布的是 2026-11-22" in said


def test_without_a_spark_server_the_same_sentence_ends_every_command_that_needs_one(own_lake: Lake) -> None:
    publish_day(own_lake)
    answers = {run("sql", "SELECT 1")[::2], run("run", "base.population__person", "--business-date", str(NEXT))[::2]}
    assert len(answers) == 1
    assert answers.pop()[0] == 2


@pytest.mark.parametrize("text", ["2026-13-01", "20261122", "heute"])
@pytest.mark.parametrize(
    "command",
    [
        ["status", "--night"],
        ["sql", "SELECT 1", "--night"],
        ["receipts", "--night"],
        ["score", "--night"],
        ["city", "deliver", "--business-date"],
        ["run", "base.population__person", "--business-date"],
    ],
)
def test_what_is_no_date_gets_one_answer_everywhere(own_lake: Lake, command: list[str], text: str) -> None:
    code, _, said = run(*command, text)
    assert code == 2
    assert f"“{text}”不是日期" in said
    assert "write it as 2026-11-30" in " ".join(said.replace("│", "").split())


@pytest.mark.parametrize("table", [table_of(CREMATION), "base.population__person"])
def test_a_published_date_is_closed_and_the_next_one_is_named(own_lake: Lake, table: str) -> None:
    publish_day(own_lake)
    code, _, said = run("run", table, "--business-date", str(DAY))
    assert code == 2
    assert "夜间作业只向前走" in said
    assert str(NEXT) in said


def test_a_plan_is_explained_for_people_and_raw_as_json(own_lake: Lake) -> None:
    publish_day(own_lake)
    table = "topic.social_security__person_benefit"
    code, shown, _ = run("run", table, "--business-date", str(DAY), "--explain")
    assert code == 0, "explaining changes nothing, so it may speak of a published date"
    assert "重算单位" in shown
    assert "linked.hrss__pension_payment" in shown
    said = json.loads(run("run", table, "--business-date", str(DAY), "--explain", "--json")[1])
    assert said["reads"]["pension_payment"]["table"] == "linked.hrss__pension_payment"


def test_a_city_smaller_than_the_least_is_wrong_use_before_anything_starts(own_lake: Lake) -> None:
    code, _, said = run("night", "--people", "99")
    assert code == 2
    assert "100" in said
    assert not list(own_lake.settings.run.iterdir())
