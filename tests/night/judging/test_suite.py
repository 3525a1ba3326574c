"""What a contract is compiled to, and who falls with a refused table; no Spark needed."""

from typing import Any

from citylake.contract.model import Column, DerivedContract, Input
from citylake.contract.rules import Rules
from citylake.ledger.columns import Consumed
from citylake.ledger.runs.tables import TableState
from citylake.night.judging.restore import tainted
from citylake.night.judging.suite import UNIQUE_ROWS, compile_suite

CODES = {"sex": {"1": "男", "2": "女"}, "village": {str(number): "村" for number in range(5000)}}


def contract(name: str = "base.demo__t", inputs: dict[str, str] | None = None, **rules: Any) -> DerivedContract:
    columns = {
        "person_id": Column(label="人员标识", grade="L2"),
        "sex_code": Column(label="性别", grade="L2", codes="sex"),
        "village_code": Column(label="村", grade="L2", codes="village"),
        "pay_month": Column(label="月份", grade="L2", type="month"),
        "start_date": Column(label="起", grade="L2", type="date"),
        "end_date": Column(label="止", grade="L2", type="date"),
    }
    read = inputs or {"c": "clean.a__b"}
    return DerivedContract(
        name=name,
        title="表",
        grain="行",
        owner="a",
        key=("person_id", "pay_month"),
        by=("person_id",),
        columns=columns,
        inputs={alias: Input(table=table, on=("person_id",)) for alias, table in read.items()},
        rules=Rules.model_validate(rules),
    )


def expectations(made: DerivedContract, rows: int | None = None) -> dict[str, tuple[str, str]]:
    return {check.rule: (check.action, check.expectation) for check in compile_suite(made, CODES, rows=rows).checks}


def test_a_contract_without_rules_still_promises_key_codes_and_months() -> None:
    assert expectations(contract()) == {
        "not_null:person_id": ("gate", "ExpectColumnValuesToNotBeNull"),
        "not_null:pay_month": ("gate", "ExpectColumnValuesToNotBeNull"),
        "unique:person_id_pay_month": ("gate", "ExpectColumnProportionOfUniqueValuesToBeBetween"),
        "in_codes:sex_code": ("gate", "ExpectColumnValuesToBeInSet"),
        "in_codes:village_code": ("gate", "ExpectColumnValuesToBeInSet"),
        "matches:pay_month": ("gate", "ExpectColumnValuesToMatchRegex"),
    }


def test_what_the_contract_says_of_a_rule_wins_over_the_promise() -> None:
    made = contract(warn=[{"in_codes": {"column": "sex_code", "codes": "sex"}}])
    assert expectations(made)["in_codes:sex_code"][0] == "warn"


def test_a_rule_no_bundled_expectation_can_say_becomes_a_prepared_column() -> None:
    suite = compile_suite(contract(gate=[{"not_before": {"column": "end_date", "other": "start_date"}}]), CODES)
    check = suite.checks[-1]
    assert check.bad is not None
    assert check.arguments == {"column": check.column, "value_set": [False]}
    assert check.message == "止早于起"


def test_a_long_code_list_is_judged_in_spark_and_not_carried_by_the_expectation() -> None:
    suite = compile_suite(contract(), CODES)
    check = next(one for one in suite.checks if one.rule == "in_codes:village_code")
    assert check.bad is not None
    assert check.arguments["value_set"] == [False]


def test_distinct_keys_of_a_very_large_table_are_left_to_the_engine() -> None:
    assert "unique:person_id_pay_month" in expectations(contract(), UNIQUE_ROWS)
    assert "unique:person_id_pay_month" not in expectations(contract(), UNIQUE_ROWS + 1)


def state(table: str, content: int, accepted: int | None, **consumed: int) -> TableState:
    read = {alias: Consumed(number, number) for alias, number in consumed.items()}
    return TableState(table, content, content, accepted, accepted, "m", "d", 1, None, read, {}, False, "")


def test_who_read_a_refused_content_directly_or_through_another_falls_with_it() -> None:
    tables = [
        contract("base.demo__a"),
        contract("base.demo__b", {"x": "base.demo__a"}),
        contract("base.demo__c", {"y": "base.demo__b"}),
        contract("base.demo__d", {"x": "base.demo__a"}),
    ]
    states = {
        "base.demo__a": state("base.demo__a", 5, 4, c=9),
        "base.demo__b": state("base.demo__b", 3, 2, x=5),
        "base.demo__c": state("base.demo__c", 8, 7, y=3),
        # It could not be made tonight and still stands on what was accepted.
        "base.demo__d": state("base.demo__d", 6, 6, x=4),
    }
    assert tainted(tables, states, ["base.demo__a"]) == {"base.demo__b": "base.demo__a", "base.demo__c": "base.demo__b"}


def test_a_reader_whose_rows_did_not_change_falls_too_so_that_it_reads_again() -> None:
    tables = [contract("base.demo__a"), contract("base.demo__b", {"x": "base.demo__a"})]
    states = {"base.demo__a": state("base.demo__a", 1, None), "base.demo__b": state("base.demo__b", 2, 2, x=1)}
    assert tainted(tables, states, ["base.demo__a"]) == {"base.demo__b": "base.demo__a"}
