"""One task of a night: what it is given, and what it says became of it."""

import resource
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, cast
from uuid import uuid4

from citylake.contract.errors import ContractError
from citylake.lake import Lake, open_lake
from citylake.ledger.errors import LedgerError
from citylake.settings import settings
from citylake.sources.errors import DeliveryError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

State = Literal["done", "nothing", "refused", "unreachable", "failed"]


@dataclass(frozen=True)
class Report:
    """What became of a step.

    Attributes:
        state: done; nothing (to do); refused (data at fault); unreachable; failed.
        message: one sentence in Chinese, without values of rows.
        facts: counts and versions, JSON; shown with the asset event and handed to later steps.
        leave_out: ids of later tasks that have nothing to do.
    """

    state: State
    message: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    leave_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """What a step is given. The lake and the Spark session are opened when they are first asked for.

    Attributes:
        business_date: local date of the morning on which the night is published.
        session_id: id the Spark session will have.
        announce: told this id before the session is opened.
        events: names of the assets whose events started the run.
        reports: facts of earlier steps by task; None where a step left none.
        given: a lake to use instead of this installation's.
    """

    business_date: date
    session_id: str = field(default_factory=lambda: str(uuid4()))
    announce: Callable[[str], None] = lambda _: None
    events: frozenset[str] = frozenset()
    reports: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    given: Lake | None = None

    @cached_property
    def lake(self) -> Lake:
        """The lake."""
        return self.given or open_lake()

    @cached_property
    def spark(self) -> "SparkSession":
        """A session of this step's own on the Connect server, opened now."""
        from citylake.spark.session import open_session

        began = cpu_seconds()
        self.announce(self.session_id)
        opened = open_session(self.lake.settings, session_id=self.session_id)
        self.__dict__["opening_seconds"] = cpu_seconds() - began
        return opened

    @property
    def spark_when_asked(self) -> "SparkSession":
        """A stand-in that opens the session with the first thing asked of it: most resources offer nothing new."""
        return cast("SparkSession", _WhenAsked(self))

    @property
    def asked_for_spark(self) -> bool:
        """Whether a session was opened."""
        return "spark" in self.__dict__


class _WhenAsked:
    def __init__(self, step: Step) -> None:
        self._step = step

    @property
    def session_id(self) -> str:
        """Id that the session has or will have: a run is written down under it before anything is asked."""
        return self._step.session_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._step.spark, name)


def work(step: Step, function: Callable[..., Report], arguments: Mapping[str, Any]) -> Report:
    """Call a step's function and close what it opened.

    The report's facts hold ``cpu_seconds``: what the function itself took, without the lake and the session it was given.
    """
    with closing(step):
        _ = step.lake
        began = cpu_seconds()
        report = function(step, **arguments)
        own = cpu_seconds() - began - step.__dict__.get("opening_seconds", 0.0)
        return replace(report, facts={**report.facts, "cpu_seconds": round(own, 3)})


def cpu_seconds() -> float:
    """Return the processor time of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


@contextmanager
def closing(step: Step) -> Iterator[Step]:
    """Close the step's session and ledger at the end of a block, however it ends."""
    try:
        yield step
    finally:
        if step.asked_for_spark:
            step.spark.stop()
        if "lake" in step.__dict__ and step.given is None:
            step.lake.ledger.dispose()


def interrupt(session_id: str) -> int:
    """End the queries of a session whose process may be dead.

    Returns:
        How many were told to end. None are when no server runs: then no query does either.
    """
    from citylake.spark.session import NoServerError, interrupt_session

    try:
        return len(interrupt_session(settings(), session_id))
    except NoServerError:
        return 0


def plain_words(error: Exception) -> str:
    """Return an error in words fit for a log: the project's own messages hold no values, others may quote rows.

    Args:
        error: what was raised.
    """
    chain = " ← ".join(_words(one) for one in _causes(error))
    return f"{chain}（位置：{_place(error)}）"


def _words(error: BaseException) -> str:
    name = type(error).__name__
    if isinstance(error, DeliveryError):
        return f"{name}: {error.code}"  # its text is for the department: it names the file and quotes headers
    if isinstance(error, LedgerError | ContractError) or type(error).__module__.startswith("citylake."):
        return f"{name}: {error}"
    condition = getattr(error, "getCondition", None)
    said = condition() if callable(condition) else None
    return f"Spark 报错 {said}" if said else name


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__


def _place(error: BaseException) -> str:
    """Return the innermost frame of this project, ``citylake/delta/write.py:120``."""
    place, trace = "?", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        for package in ("/citylake/", "/jobs/"):
            if package in file and "site-packages" not in file:
                place = f"{package[1:]}{file.rsplit(package, 1)[1]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
