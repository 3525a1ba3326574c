"""record: a run from its row in the ledger, written before the first Spark call, to its outcome."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import fsspec
import structlog
from pyspark.errors import PySparkException

from citylake.contract.model import Contract
from citylake.delta.errors import AccountingError, GateError, TableError
from citylake.delta.log import Commit, commit, newest_version
from citylake.delta.write import Writer
from citylake.engine.run.context import Context
from citylake.engine.run.meaning import dress
from citylake.lake import Lake
from citylake.ledger.database import ledger_id
from citylake.ledger.runs import runs
from citylake.ledger.runs.leases import Lease, lease
from citylake.ledger.runs.runs import Consumed, DeliveryOutcome, Outcome, Run
from citylake.ledger.runs.tables import TableState
from citylake.spark.session import interrupt_session

log = structlog.get_logger()

ATTEMPTS = 50
"""Newest runs among which earlier attempts at a delivery are looked for."""
LOOK_BACK = 200
"""Versions that are searched for the commit of a run that did not end."""


@dataclass
class RunRecord:
    """One open run and the commits it has made."""

    context: Context
    contract: Contract
    run: Run
    writers: list[Writer] = field(default_factory=list)
    part: str = ""
    executor: str = ""
    """Who evaluates: ``local`` or ``spark``."""

    @property
    def has_written(self) -> bool:
        """Whether a commit may have been made."""
        return bool(self.writers)

    @property
    def is_retry(self) -> bool:
        """Whether an earlier attempt at the same delivery did not end, and may have left lines behind."""
        earlier = runs.runs(self.context.lake.ledger, table=self.contract.name, limit=ATTEMPTS)
        return any(
            item.delivery_id == self.run.delivery_id and item.state in {"abandoned", "failed"} for item in earlier
        )

    @property
    def commits(self) -> list[Commit]:
        """Commits to the run's own table."""
        return [item for writer in self.writers if writer.table == self.contract.name for item in writer.commits]

    @property
    def is_written(self) -> bool:
        """Whether the last of the commits to the run's own table has been made."""
        own = [writer for writer in self.writers if writer.table == self.contract.name]
        return bool(own) and len(own[-1].commits) >= own[-1].steps

    @property
    def bytes_written(self) -> int:
        """Bytes added by all commits, those to raw and quarantine included."""
        return sum(writer.bytes_written for writer in self.writers)

    def writer(self, uri: str, *, table: str = "", steps: int = 1, **outcome: Any) -> Writer:
        """Return the writer of the run's commits to one table.

        Args:
            uri: where the table lies.
            table: its name; default: the run's own.
            steps: commits it will make; with the last one the run counts as done, also when the ledger was not told.
            outcome: what the ledger would have to be told then.
        """
        made = Writer(
            spark=self.context.spark,
            table=table or self.contract.name,
            uri=uri,
            fence=ledger_id(self.context.lake.ledger),
            run_id=self.run.id,
            steps=steps,
            outcome=outcome,
            part=self.part,
        )
        self.writers.append(made)
        return made

    def close(self, outcome: Outcome, lease: Lease) -> TableState:
        """Tell the ledger all of it in one transaction."""
        said = replace(outcome, executor=self.executor)
        return runs.record(self.context.lake.ledger, self.run.id, said, lease=lease)

    def failed(self, error: BaseException) -> None:
        """Close the run as refused (a gate) or failed, in words without any value of the data.

        A run whose last commit stands stays open: the next run of the table settles it from the history.
        """
        if isinstance(error, GateError):
            runs.record(self.context.lake.ledger, self.run.id, Outcome(state="refused", reason=str(error)))
        elif self.is_written and not isinstance(error, AccountingError):
            log.warning("ended after its commit, to be settled", table=self.contract.name, run=self.run.id)
        else:
            runs.fail(self.context.lake.ledger, self.run.id, said_plainly(error))


@contextmanager
def running(
    context: Context,
    contract: Contract,
    kind: str,
    consumed: Mapping[str, Consumed],
    meaning: str,
    *,
    delivery_id: int | None = None,
) -> Iterator[RunRecord]:
    """Open a run under a new number for a block, as the table's sole writer.

    It is closed as refused or failed when the block raises, its scratch is removed in any case.
    """
    started = runs.start(
        context.lake.ledger,
        table=contract.name,
        kind=kind,
        business_date=context.business_date,
        session_id=context.session_id,
        inputs=consumed,
        meaning=meaning,
        dress=dress(contract),
        delivery_id=delivery_id,
    )
    record = RunRecord(context, contract, started)
    try:
        yield record
    except BaseException as error:
        record.failed(error)
        raise
    finally:
        remove_staging(context.lake, record.run.id)


@contextmanager
def sole_writer(context: Context, table: str, *, wait: timedelta = timedelta(0)) -> Iterator[Lease]:
    """Hold a table's lease for a block, with every run of it settled that did not end.

    Raises:
        LeaseHeldError: a live process holds it and did not let go within ``wait``.
    """
    with lease(context.lake.ledger, table, wait=wait) as held:
        for left in runs.open_runs(context.lake.ledger, table):
            settle(context.lake, left, own_session=context.session_id)
        yield held


def settle(lake: Lake, left: Run, *, own_session: str = "") -> None:
    """End a run that was killed: as done if its last commit is in the log, otherwise as abandoned.

    Its Connect session is interrupted first, so that no ghost of it commits any more.
    """
    if left.session_id != own_session:
        interrupt_session(lake.settings, left.session_id)
    found = _last_commit(lake.location(left.table), left.id)
    remove_staging(lake, left.id)
    if found is None or found.metadata["step"] < found.metadata["of"]:
        runs.abandon(lake.ledger, left.id, "中断，重新执行")
        log.info("abandoned", table=left.table, run=left.id)
        return
    said = found.metadata["outcome"]
    delivery = DeliveryOutcome(**said["delivery"]) if "delivery" in said else None
    outcome = Outcome(
        state="done",
        version=found.version,
        parts=tuple(said.get("parts", ())),
        rows=said.get("rows"),
        recheck_on=left.business_date if said.get("recheck") else None,
        consumed=left.inputs,
        accepted=said.get("accepted", False),
        reason="提交后中断，由表历史补记",
        delivery=delivery,
    )
    runs.record(lake.ledger, left.id, outcome)
    log.info("settled from history", table=left.table, run=left.id, version=found.version)


def remove_staging(lake: Lake, run_id: int) -> None:
    """Remove a run's scratch folder."""
    files, folder = fsspec.core.url_to_fs(lake.staging(run_id))
    if files.exists(folder):
        files.rm(folder, recursive=True)


def said_plainly(error: BaseException) -> str:
    """Return an error's cause without any value of the data: Spark's own texts may quote one."""
    if isinstance(error, PySparkException):
        return f"Spark: {error.getCondition() or type(error).__name__}"
    if isinstance(error, TableError):
        return str(error)
    return f"{type(error).__module__}.{type(error).__name__}"


def _last_commit(uri: str, run_id: int) -> Commit | None:
    newest = newest_version(uri)
    if newest is None:
        return None
    for version in range(newest, max(-1, newest - LOOK_BACK), -1):
        found = commit(uri, version)
        if found.metadata.get("run") == run_id:
            return found
        if found.metadata.get("run", run_id) < run_id:
            return None
    return None
