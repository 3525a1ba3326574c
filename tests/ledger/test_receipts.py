import pytest
from sqlalchemy import Engine, text

from citylake.ledger.deliveries import deliveries
from citylake.ledger.deliveries.deliveries import verify_chain
from citylake.ledger.deliveries.receipts import FIRST
from tests.ledger.given import accepted, received


@pytest.fixture
def chain(ledger: Engine) -> Engine:
    """A ledger with four receipts and one open delivery."""
    accepted(ledger, received(ledger, "a"))
    deliveries.refuse(ledger, received(ledger, "b").id, reason="空文件", counts={"lines": 0})
    deliveries.skip(ledger, received(ledger, "c").id, "与上次相同")
    accepted(ledger, received(ledger, "d"))
    received(ledger, "e")
    return ledger


def _tamper(engine: Engine, *statements: str) -> list[str]:
    with engine.execution_options(ledger_writes=True).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    return verify_chain(engine)


def test_receipts_follow_one_another_in_the_order_of_their_verdicts(ledger: Engine) -> None:
    late, early = received(ledger, "a"), received(ledger, "b")
    first = deliveries.skip(ledger, early.id, "与上次相同")
    second = deliveries.skip(ledger, late.id, "与上次相同")
    assert (first.receipt_number, second.receipt_number) == (1, 2)
    assert (first.previous_hash, second.previous_hash) == (FIRST, first.receipt_hash)


def test_an_untouched_chain_has_no_problems(chain: Engine) -> None:
    assert verify_chain(chain) == []


def test_an_empty_ledger_has_no_problems(ledger: Engine) -> None:
    assert verify_chain(ledger) == []


@pytest.mark.parametrize(
    "change",
    [
        "verdict = 'accepted'",
        "reason = ''",
        "counts = '{\"lines\": 7}'",
        "size = 1",
        "name = 'other.csv'",
        "as_of = '2026-01-01'",
        f"sha256 = '{'f' * 64}'",
        "business_date = '2026-01-01'",
        "received_at = '2026-01-01 00:00:00.000000'",
        "department = 'justice'",
        "run_id = 99",
        "decision = '已核实'",
    ],
)
def test_a_changed_receipt_is_found(chain: Engine, change: str) -> None:
    found = _tamper(chain, f"UPDATE delivery SET {change} WHERE receipt_number = 2")
    assert len(found) == 1
    assert "receipt 2" in found[0]
    assert "changed" in found[0]


def test_a_receipt_removed_from_the_middle_is_found(chain: Engine) -> None:
    found = _tamper(chain, "DELETE FROM delivery WHERE receipt_number = 2")
    assert found == ["receipts 2 to 2 are missing"]


def test_a_removed_receipt_is_found_though_the_others_are_numbered_anew(chain: Engine) -> None:
    found = _tamper(
        chain,
        "DELETE FROM delivery WHERE receipt_number = 2",
        "UPDATE delivery SET receipt_number = 2 WHERE receipt_number = 3",
        "UPDATE delivery SET receipt_number = 3 WHERE receipt_number = 4",
    )
    assert any("receipt 2 (delivery 3) does not follow receipt 1" in one for one in found)


def test_a_receipt_removed_at_the_end_is_found(chain: Engine) -> None:
    found = _tamper(chain, "UPDATE run SET delivery_id = NULL", "DELETE FROM delivery WHERE receipt_number = 4")
    assert found == ["receipts 4 to 4 are missing at the end of the chain"]


def test_two_swapped_receipts_are_found(chain: Engine) -> None:
    found = _tamper(
        chain,
        "UPDATE delivery SET receipt_number = 99 WHERE receipt_number = 2",
        "UPDATE delivery SET receipt_number = 2 WHERE receipt_number = 3",
        "UPDATE delivery SET receipt_number = 3 WHERE receipt_number = 99",
    )
    assert any("does not follow" in one for one in found)


def test_a_changed_last_receipt_is_found_though_its_hash_was_made_anew(chain: Engine) -> None:
    last = deliveries.receipts(chain)[1]
    assert last.receipt_number == 4
    found = _tamper(chain, f"UPDATE delivery SET receipt_hash = '{'0' * 64}' WHERE receipt_number = 4")
    assert any("remembers" in one for one in found)


def test_a_verdict_without_a_receipt_is_found(chain: Engine) -> None:
    found = _tamper(chain, "UPDATE delivery SET verdict = 'accepted' WHERE verdict = 'received'")
    assert found == ["delivery 5 has the verdict 'accepted' but no receipt"]


def test_an_open_delivery_is_no_part_of_the_chain(chain: Engine) -> None:
    assert _tamper(chain, "DELETE FROM delivery WHERE verdict = 'received'") == []
