"""Problem rows: where lines of a delivery broke rules, for the department that has to mend them."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Engine, delete, select

from citylake.ledger.database import reading, writing
from citylake.ledger.deliveries.queries import find_delivery
from citylake.ledger.errors import TooManyProblemsError
from citylake.ledger.models import ProblemRow

PROBLEMS_A_DELIVERY = 1000
"""Problem rows kept of one delivery; the rest stands in quarantine."""


@dataclass(frozen=True)
class Problem:
    """A line (counted from 1) whose column broke a rule; the value stays in quarantine."""

    line: int
    column: str
    rule: str


def add_problems(engine: Engine, delivery_id: int, problems: Iterable[Problem]) -> None:
    """Keep where lines of a delivery broke rules, in place of what was kept of it before.

    Raises:
        UnknownDeliveryError: no such number.
        TooManyProblemsError: more than 1,000.
    """
    found = list(problems)
    if len(found) > PROBLEMS_A_DELIVERY:
        raise TooManyProblemsError(
            f"{len(found)} problem rows for delivery {delivery_id}: pass the first {PROBLEMS_A_DELIVERY}, "
            "the rest stands in quarantine"
        )
    with writing(engine) as session:
        find_delivery(session, delivery_id)
        session.execute(delete(ProblemRow).where(ProblemRow.delivery_id == delivery_id))
        session.add_all(
            ProblemRow(delivery_id=delivery_id, number=n, line=one.line, column=one.column, rule=one.rule)
            for n, one in enumerate(found, start=1)
        )


def problems(engine: Engine, delivery_id: int) -> list[Problem]:
    """Return the problem rows of a delivery in the order in which they were given."""
    with reading(engine) as session:
        query = select(ProblemRow).where(ProblemRow.delivery_id == delivery_id).order_by(ProblemRow.number)
        return [Problem(row.line, row.column, row.rule) for row in session.scalars(query)]
