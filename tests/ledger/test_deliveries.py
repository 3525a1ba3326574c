from datetime import date

import pytest
from sqlalchemy import Engine

from citylake.ledger.deliveries import deliveries
from citylake.ledger.deliveries.deliveries import Problem
from citylake.ledger.errors import (
    DeliveryClosedError,
    DeliveryNotRefusedError,
    TooManyProblemsError,
    UnknownDeliveryError,
)
from citylake.ledger.people import decisions as audit
from tests.ledger.given import FIRST_NIGHT, MARRIAGE, SECOND_NIGHT, accepted, received


def test_receiving_again_after_a_kill_returns_the_open_delivery(ledger: Engine) -> None:
    first = received(ledger)
    assert received(ledger) == first
    assert deliveries.receipts(ledger) == [first]
    assert (first.verdict, first.receipt_hash, first.department) == ("received", None, "civil_affairs")


def test_other_bytes_another_day_or_another_contract_is_another_delivery(ledger: Engine) -> None:
    first = received(ledger)
    other_bytes = received(ledger, "b")
    other_day = received(ledger, as_of=SECOND_NIGHT)
    other_contract = deliveries.receive(
        ledger,
        resource=MARRIAGE,
        as_of=FIRST_NIGHT,
        sha256="a" * 64,
        size=1024,
        name="hydj_a.csv",
        business_date=FIRST_NIGHT,
        contract="contract-2",
        landing="file:///landing/a",
    )
    assert len({first.id, other_bytes.id, other_day.id, other_contract.id}) == 4


def test_a_then_b_then_a_are_three_deliveries(ledger: Engine) -> None:
    for letter in "aba":
        accepted(ledger, received(ledger, letter))
    assert [(one.sha256 or "")[0] for one in deliveries.accepted(ledger, MARRIAGE)] == ["a", "b", "a"]
    latest = deliveries.latest_accepted(ledger, MARRIAGE)
    assert latest is not None
    assert latest.sha256 == "a" * 64


def test_accepted_deliveries_come_in_the_order_in_which_they_were_accepted(ledger: Engine) -> None:
    first, second = received(ledger, "a"), received(ledger, "b")
    accepted(ledger, second)
    accepted(ledger, first)
    assert [one.id for one in deliveries.accepted(ledger, MARRIAGE)] == [second.id, first.id]


def test_only_accepted_deliveries_of_the_resource_count_as_its_latest(ledger: Engine) -> None:
    assert deliveries.latest_accepted(ledger, MARRIAGE) is None
    assert deliveries.newest_as_of(ledger, MARRIAGE) is None
    first = received(ledger)
    accepted(ledger, first)
    accepted(ledger, received(ledger, resource="civil_affairs.cremation", as_of=SECOND_NIGHT))
    deliveries.refuse(ledger, received(ledger, "b", as_of=SECOND_NIGHT).id, reason="文件不完整", counts={})
    deliveries.skip(ledger, received(ledger, "c", as_of=SECOND_NIGHT).id, "与上次相同")
    latest = deliveries.latest_accepted(ledger, MARRIAGE)
    assert latest is not None
    assert latest.id == first.id
    assert deliveries.newest_as_of(ledger, MARRIAGE) == FIRST_NIGHT


def test_a_refusal_is_a_receipt_with_reason_and_counts(ledger: Engine) -> None:
    one = received(ledger)
    refused = deliveries.refuse(ledger, one.id, reason="第 3 列缺失", counts={"lines": 5}, run_id=None)
    assert refused == deliveries.delivery(ledger, one.id)
    assert (refused.verdict, refused.reason, refused.counts) == ("refused", "第 3 列缺失", {"lines": 5})
    assert refused.receipt_number == 1
    assert refused.receipt_hash


def test_a_final_verdict_is_given_once(ledger: Engine) -> None:
    one = received(ledger)
    before = deliveries.skip(ledger, one.id, "与上次相同")
    with pytest.raises(DeliveryClosedError, match="citylake accept"):
        deliveries.refuse(ledger, one.id, reason="空文件", counts={})
    assert deliveries.delivery(ledger, one.id) == before


def test_what_could_not_be_received_gets_a_receipt_too(ledger: Engine) -> None:
    name = "../'名 单'; DROP TABLE delivery.csv"
    one = deliveries.refuse_unread(
        ledger, resource=MARRIAGE, name=name, business_date=FIRST_NIGHT, contract="c", reason="文件名无日期"
    )
    assert (one.name, one.verdict, one.as_of, one.sha256, one.receipt_number) == (name, "refused", None, None, 1)
    assert deliveries.verify_chain(ledger) == []


def test_a_refused_delivery_is_taken_by_decision_and_its_refusal_stays(ledger: Engine) -> None:
    refused = deliveries.refuse(ledger, received(ledger).id, reason="人数少了三成", counts={})
    taken = deliveries.take_by_decision(ledger, refused.id, actor="operator", reason="已电话核实")
    assert taken.id != refused.id
    assert (taken.verdict, taken.decision, taken.landing) == ("received", "已电话核实", refused.landing)
    assert deliveries.delivery(ledger, refused.id) == refused
    assert deliveries.open_deliveries(ledger, MARRIAGE) == [taken]
    assert received(ledger) == taken, "the file offered again meets the decision"
    note = audit.entries(ledger)[0]
    assert (note.actor, note.action, note.subject) == ("operator", "accept", f"delivery {refused.id}")


def test_deciding_twice_is_deciding_once(ledger: Engine) -> None:
    refused = deliveries.refuse(ledger, received(ledger).id, reason="人数少了三成", counts={})
    first = deliveries.take_by_decision(ledger, refused.id, actor="operator", reason="已核实")
    assert deliveries.take_by_decision(ledger, refused.id, actor="operator", reason="已核实").id == first.id
    assert len(deliveries.open_deliveries(ledger, MARRIAGE)) == 1


def test_only_a_refused_delivery_with_bytes_can_be_taken_by_decision(ledger: Engine) -> None:
    open_one = received(ledger)
    unread = deliveries.refuse_unread(
        ledger, resource=MARRIAGE, name="x", business_date=FIRST_NIGHT, contract="c", reason="打不开"
    )
    for one in (open_one, unread):
        with pytest.raises(DeliveryNotRefusedError):
            deliveries.take_by_decision(ledger, one.id, actor="operator", reason="已核实")
    assert audit.entries(ledger) == []


def test_what_a_killed_run_left_is_found_again_oldest_first(ledger: Engine) -> None:
    left = [received(ledger, "a"), received(ledger, "b")]
    accepted(ledger, received(ledger, "c"))
    received(ledger, "d", resource="civil_affairs.cremation")
    assert deliveries.open_deliveries(ledger, MARRIAGE) == left


def test_receipts_are_found_by_department_and_date_newest_first(ledger: Engine) -> None:
    marriage = received(ledger)
    cremation = received(ledger, resource="civil_affairs.cremation", as_of=SECOND_NIGHT)
    tap = received(ledger, resource="transport.bus_tap")
    assert deliveries.receipts(ledger) == [tap, cremation, marriage]
    assert deliveries.receipts(ledger, department="civil_affairs") == [cremation, marriage]
    assert deliveries.receipts(ledger, department="transport") == [tap]
    assert deliveries.receipts(ledger, business_date=SECOND_NIGHT) == [cremation]
    assert deliveries.receipts(ledger, limit=1) == [tap]


def test_problem_rows_replace_those_of_an_earlier_attempt(ledger: Engine) -> None:
    one = received(ledger)
    deliveries.add_problems(ledger, one.id, [Problem(3, "husband_id_no", "valid_id_no"), Problem(2, "x", "y")])
    deliveries.add_problems(ledger, one.id, [Problem(9, "husband_id_no", "valid_id_no")])
    assert deliveries.problems(ledger, one.id) == [Problem(9, "husband_id_no", "valid_id_no")]


def test_a_delivery_has_at_most_a_thousand_problem_rows(ledger: Engine) -> None:
    one = received(ledger)
    found = [Problem(line, "column", "rule") for line in range(1, 1002)]
    with pytest.raises(TooManyProblemsError, match="first 1000"):
        deliveries.add_problems(ledger, one.id, found)
    deliveries.add_problems(ledger, one.id, found[:1000])
    assert deliveries.problems(ledger, one.id) == found[:1000]


def test_an_unknown_delivery_is_an_error(ledger: Engine) -> None:
    for ask in (deliveries.delivery, lambda engine, number: deliveries.add_problems(engine, number, [])):
        with pytest.raises(UnknownDeliveryError, match="citylake receipts"):
            ask(ledger, 99)


def test_a_delivery_of_the_past_can_be_recorded(ledger: Engine) -> None:
    old = received(ledger, as_of=date(1999, 12, 31))
    assert deliveries.delivery(ledger, old.id).as_of == date(1999, 12, 31)
