"""How a run ended: the one value that ``runs.record`` writes down."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from citylake.ledger.columns import Consumed
from citylake.ledger.errors import OutcomeError


@dataclass(frozen=True)
class RuleResult:
    """What one rule said: rows ``checked``, rows ``bad``; ``message`` holds no values."""

    rule: str
    action: Literal["quarantine", "warn", "gate"]
    verdict: Literal["pass", "warn", "fail", "error"]
    checked: int
    bad: int
    message: str = ""


@dataclass(frozen=True)
class DeliveryOutcome:
    """The final verdict on the delivery that a run took, with its lines by what became of them."""

    verdict: Literal["accepted", "refused", "unchanged"]
    reason: str = ""
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    ``version`` is None if nothing was written; ``parts`` are the parts that the new content touches;
    ``consumed`` is up to where the inputs were read; ``accepted`` says that the table's own gate accepts it;
    ``executor`` is who has evaluated: ``local`` (the task's process) or ``spark``.
    Only a run that is ``done`` has written or read anything that counts.
    """

    state: Literal["done", "refused", "failed"]
    version: int | None = None
    parts: tuple[str, ...] = ()
    rows: int | None = None
    recheck_on: date | None = None
    consumed: dict[str, Consumed] = field(default_factory=dict)
    rules: tuple[RuleResult, ...] = ()
    metrics: dict[str, float] = field(default_factory=dict)
    reason: str = ""
    accepted: bool = False
    delivery: DeliveryOutcome | None = None
    executor: str = ""

    def check(self, run_id: int, table: str, *, takes_delivery: bool) -> None:
        """Make sure that the outcome contradicts neither itself nor its run.

        Raises:
            OutcomeError: it does.
        """
        wrong = ""
        if self.state != "done" and (self.version is not None or self.accepted or self.consumed):
            wrong = f"is {self.state} and yet names a version, consumed inputs or an acceptance"
        elif self.parts and self.version is None:
            wrong = "touches parts without a version"
        elif self.delivery is not None and not takes_delivery:
            wrong = "gives a verdict on a delivery, but the run was started without one"
        if wrong:
            raise OutcomeError(f"the outcome of run {run_id} of {table} {wrong}: correct the caller")
