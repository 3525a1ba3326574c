"""collect: what a department offers is landed, received, parsed and taken, one delivery after the other."""

import tempfile
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import structlog

from citylake.contract.model import CollectedContract
from citylake.delta.errors import GateError
from citylake.delta.shape import check_follows
from citylake.engine.clean.delivered import is_few, lines_of, parsed_lines
from citylake.engine.clean.replay import Replay
from citylake.engine.clean.take import Taking, judge
from citylake.engine.clean.whole import is_due
from citylake.engine.run.context import Context, TableResult
from citylake.engine.run.meaning import meaning
from citylake.engine.run.record import RunRecord, running, sole_writer
from citylake.engine.run.standing import means_something_else
from citylake.ledger.deliveries import deliveries
from citylake.ledger.deliveries.deliveries import Delivery
from citylake.ledger.nights.nights import SettledOutcome
from citylake.ledger.runs.leases import Lease
from citylake.ledger.runs.tables import TableState, table_state
from citylake.sources import landing
from citylake.sources.errors import DeliveryError, UnreachableError
from citylake.sources.fetch import fetch
from citylake.sources.offer import AHEAD, Fetched, Rejected
from citylake.sources.parse import Parsed, parse
from citylake.words import change_key, changes_told

log = structlog.get_logger()


@dataclass
class Collected:
    """What became of one resource tonight.

    Attributes:
        outcome: the best that happened: accepted, unchanged, refused, unreachable or nothing offered.
        results: one per delivery, in the order taken.
        delivery_ids: ledger ids of those deliveries.
        reason: for a log, when something went wrong: it quotes nothing of a delivery, neither its name nor its cells.
    """

    table: str
    outcome: SettledOutcome = "nothing"
    results: list[TableResult] = field(default_factory=list)
    delivery_ids: list[int] = field(default_factory=list)
    reason: str = ""

    def add(
        self,
        delivery: Delivery | None,
        result: TableResult,
        outcome: SettledOutcome,
        error: DeliveryError | GateError | None = None,
    ) -> None:
        """Add one delivery; an accepted one outweighs an unchanged one, and any of them a refused one."""
        rank: dict[str, int] = {"nothing": 0, "unreachable": 1, "refused": 2, "unchanged": 3, "accepted": 4}
        self.results.append(result)
        if delivery is not None:
            self.delivery_ids.append(delivery.id)
        if rank[outcome] > rank[self.outcome]:
            self.outcome = outcome
        if delivery is not None and isinstance(error, DeliveryError):
            self.reason = f"交付号 {delivery.id} 退回（{error.code}），原因见 citylake receipts"
        elif outcome in {"refused", "unreachable"}:
            self.reason = result.reason


def collect(context: Context, contract: CollectedContract) -> Collected:
    """Take everything a department offers of one resource tonight, what an earlier attempt left open first.

    A refused delivery is a result, not an error; the rest goes on.
    """
    found = Collected(contract.name)
    # A killed run may have committed a delivery that is still open in the ledger: it is settled first.
    with sole_writer(context, contract.name) as held:
        collector = _Collector(context, contract, held, found)
        state = table_state(context.lake.ledger, contract.name)
        if context.rebuild or means_something_else(state, collector.meaning):
            check_follows(context.lake, contract)
            found.results.append(collector.replay())
            found.outcome = "accepted"
        for left in deliveries.open_deliveries(context.lake.ledger, contract.resource):
            collector.resume(left)
        try:
            collector.take_offers()
        except UnreachableError as error:
            result = TableResult(contract.name, "failed", reason=str(error))
            found.add(None, result, "unreachable")
            found.reason = str(error)
    return found


@dataclass
class _Collector:
    context: Context
    contract: CollectedContract
    lease: Lease
    found: Collected
    resumed: set[tuple[str, str | None]] = field(default_factory=set)
    """Name and content of what an earlier attempt had received."""

    @property
    def meaning(self) -> str:
        return meaning(self.context.lake, self.contract)

    def take_offers(self) -> None:
        last = deliveries.latest_accepted(self.context.lake.ledger, self.contract.resource)
        department = self.context.lake.catalog.departments[self.contract.domain]
        whole = deliveries.newest_whole(self.context.lake.ledger, self.contract.resource)
        if is_due(self.contract, whole, self.context.business_date):
            last = None
        offers = fetch(
            self.contract,
            self.context.lake.settings,
            department,
            self.context.business_date,
            watermark=last.watermark if last is not None else None,
            tail=last.tail if last is not None else None,
        )
        try:
            for offer in offers:
                if isinstance(offer, Rejected):
                    self._refuse_unread(offer)
                elif (offer.name, offer.sha256) in self.resumed:
                    # The attempt was killed before it let go of the file: it has its receipt.
                    offer.release()
                elif (day := self._as_of(offer)) is not None:
                    self.take(self._receive(offer, day))
        except DeliveryError as error:
            self._refuse_unread(Rejected(self.contract.resource, error))

    def _as_of(self, offer: Fetched) -> date | None:
        """Return the day an offer speaks of, read from its lines where a column says it; None when it was refused.

        A day far ahead would make every later snapshot the older one.
        """
        if offer.as_of is not None:
            return offer.as_of
        today = self.context.business_date
        with tempfile.TemporaryDirectory(prefix="citylake-") as folder:
            try:
                found = parse(offer.path, self.contract, Path(folder) / "lines.parquet").as_of
            except DeliveryError:
                return today  # what is wrong with it is said when it is taken, with its bytes in landing
        if found is not None and found > today + AHEAD:
            error = DeliveryError("as_of", f"数据日期 {found} 远在业务日期 {today} 之后，可能写错。请改正后重新报送。")
            self._refuse_unread(Rejected(offer.name, error, offer.path, offer.sha256, offer.size, offer.release))
            return None
        return found or today

    def _receive(self, offer: Fetched, day: date) -> Delivery:
        """Land the bytes, tell the ledger, and only then let go of the department's file."""
        lake = self.context.lake
        stored = landing.store(lake.settings, offer.path, offer.sha256)
        received = deliveries.receive(
            lake.ledger,
            resource=self.contract.resource,
            as_of=day,
            sha256=offer.sha256,
            size=offer.size,
            name=offer.name,
            business_date=self.context.business_date,
            contract=self.meaning,
            landing=stored,
            watermark=offer.watermark,
            whole=offer.whole,
            tail=offer.tail,
            remarks="；".join(offer.remarks),
        )
        offer.release()
        return received

    def _refuse_unread(self, offer: Rejected) -> None:
        """Give an offer that cannot be received its receipt; what bytes there are go to landing as evidence."""
        lake = self.context.lake
        stored = None
        if offer.path is not None and offer.sha256 is not None:
            stored = landing.store(lake.settings, offer.path, offer.sha256)
        refused = deliveries.refuse_unread(
            lake.ledger,
            resource=self.contract.resource,
            name=offer.name,
            business_date=self.context.business_date,
            contract=self.meaning,
            reason=str(offer.error),
            sha256=offer.sha256,
            size=offer.size,
            landing=stored,
        )
        offer.release()
        result = TableResult(self.contract.name, "refused", reason=str(offer.error))
        self.found.add(refused, result, "refused", offer.error)

    def resume(self, delivery: Delivery) -> None:
        """Take a delivery that an earlier attempt had received."""
        self.resumed.add((delivery.name, delivery.sha256))
        self.take(delivery)

    def take(self, delivery: Delivery) -> None:
        """Take one received delivery to its verdict."""
        began = time.monotonic()
        ledger = self.context.lake.ledger
        if reason := self._nothing_new(delivery):
            reason = "；".join(part for part in (reason, delivery.remarks) if part)
            deliveries.skip(ledger, delivery.id, reason)
            self.found.add(delivery, TableResult(self.contract.name, "unchanged", reason=reason), "unchanged")
            return
        if reason := self._out_of_order(delivery):
            deliveries.refuse(ledger, delivery.id, reason=reason, counts={})
            self.found.add(delivery, TableResult(self.contract.name, "refused", reason=reason), "refused")
            return
        try:
            result = self._take_lines(delivery)
        except (DeliveryError, GateError) as error:
            reason = "；".join(error.failed) if isinstance(error, GateError) else str(error)
            counts = error.counts if isinstance(error, GateError) else {}
            deliveries.refuse(ledger, delivery.id, reason=reason, counts=counts)
            result = TableResult(self.contract.name, "refused", reason=reason, counts=counts)
            self.found.add(delivery, result, "refused", error)
            log.info("refused", resource=self.contract.resource, delivery=delivery.id)
            return
        self.found.add(delivery, result, "accepted")
        log.info(
            "taken", resource=self.contract.resource, delivery=delivery.id, seconds=round(time.monotonic() - began, 1)
        )

    def _nothing_new(self, delivery: Delivery) -> str:
        last = deliveries.latest_accepted(self.context.lake.ledger, self.contract.resource)
        same = last is not None and last.sha256 == delivery.sha256 and last.contract == delivery.contract
        return "与上一次已接收的交付内容完全相同，未重复处理" if same else ""

    def _out_of_order(self, delivery: Delivery) -> str:
        newest = deliveries.newest_as_of(self.context.lake.ledger, self.contract.resource)
        if self.contract.mode != "snapshot" or delivery.decision is not None:
            return ""
        if newest is None or delivery.as_of is None or delivery.as_of >= newest:
            return ""
        return f"快照日期 {delivery.as_of} 早于已接收的 {newest}，旧快照不能覆盖新快照"

    def _take_lines(self, delivery: Delivery) -> TableResult:
        began = time.monotonic()
        with (
            parsed_lines(self.context, self.contract, delivery, earlier=delivery.retakes is not None) as parsed,
            running(self.context, self.contract, "delivery", {}, self.meaning, delivery_id=delivery.id) as record,
        ):
            few = is_few(parsed)
            judged = judge(self.context, record, lambda chosen: self._taking(chosen, delivery, record, parsed), few=few)
            outcome, tally = judged.write(), judged.tally
            deliveries.add_problems(self.context.lake.ledger, delivery.id, judged.problems())
            state = record.close(outcome, self.lease)
        return TableResult(
            self.contract.name,
            "unchanged" if outcome.version is None else "written",
            state.version,
            state.content,
            state.rows,
            reason=tally.sentence(self.contract),
            counts=tally.receipt(),
            seconds=time.monotonic() - began,
        )

    def replay(self) -> TableResult:
        """Make the clean table anew from its accepted deliveries, since the contract means something else now."""
        with running(self.context, self.contract, "replay", {}, self.meaning) as record:
            state = record.close(Replay(self.context, self.contract, record).run(), self.lease)
        return TableResult(self.contract.name, "written", state.version, state.content, state.rows)

    @property
    def _labels(self) -> dict[str, str]:
        return {name: column.label for name, column in self.contract.columns.items()}

    def _taking(self, context: Context, delivery: Delivery, record: RunRecord, parsed: Parsed) -> Taking:
        state: TableState | None = table_state(self.context.lake.ledger, self.contract.name)
        return Taking(
            context=context,
            contract=self.contract,
            delivery=delivery,
            record=record,
            lines=lines_of(context, parsed, record.run.id),
            line_count=parsed.lines,
            is_few=is_few(parsed),
            uri=self.context.lake.location(self.contract.name),
            live_before=(state.rows or 0) if state is not None else 0,
            is_first=state is None or state.version is None,
            as_of=parsed.as_of or delivery.as_of or self.context.business_date,
            ungated=delivery.decision is not None,
            changed={change_key(rule, name): n for name, told in parsed.changes.items() for rule, n in told.items()},
            notes=(*parsed.notes, *changes_told(parsed.changes, self._labels), *filter(None, [delivery.remarks])),
        )
