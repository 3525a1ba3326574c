"""The tables of the ledger. They hold numbers, names of tables and files, hashes and verdicts: no personal data."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from citylake.ledger.base import Base as Base

_OPEN_DELIVERY = text("verdict = 'received' AND retakes IS NULL")
_OPEN_RUN = text("state = 'open'")


class LedgerRow(Base):
    """The one row that every writer locks first: who this ledger is, and the head of the receipt chain."""

    __tablename__ = "ledger"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ledger_id: Mapped[str] = mapped_column(String(36))
    receipts: Mapped[int]
    head: Mapped[str] = mapped_column(String(64))


class DeliveryRow(Base):
    """A delivery and, once decided, its receipt."""

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint("verdict IN ('received', 'accepted', 'refused', 'unchanged')", name="verdict"),
        UniqueConstraint("receipt_number"),
        Index(
            "uq_delivery_open",
            "resource",
            "as_of",
            "sha256",
            "contract",
            unique=True,
            sqlite_where=_OPEN_DELIVERY,
            postgresql_where=_OPEN_DELIVERY,
        ),
        Index("ix_delivery_resource_verdict", "resource", "verdict"),
        Index("ix_delivery_business_date", "business_date"),
        Index("ix_delivery_retakes", "retakes"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    department: Mapped[str]
    resource: Mapped[str]
    as_of: Mapped[date | None]
    sha256: Mapped[str | None] = mapped_column(String(64))
    size: Mapped[int]
    name: Mapped[str]
    received_at: Mapped[datetime]
    business_date: Mapped[date]
    contract: Mapped[str]
    landing: Mapped[str | None]
    watermark: Mapped[str | None]
    decision: Mapped[str | None]
    verdict: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str]
    counts: Mapped[dict[str, Any]]
    run_id: Mapped[int | None]
    decided_at: Mapped[datetime | None]
    receipt_number: Mapped[int | None]
    receipt_hash: Mapped[str | None] = mapped_column(String(64))
    previous_hash: Mapped[str | None] = mapped_column(String(64))
    retakes: Mapped[int | None]
    whole: Mapped[bool] = mapped_column(server_default=false(), default=False)
    remarks: Mapped[str] = mapped_column(server_default="", default="")
    tail: Mapped[str | None]


class ProblemRow(Base):
    """A line that broke a rule: where, never what."""

    __tablename__ = "problem"

    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    line: Mapped[int]
    column: Mapped[str] = mapped_column("column_name")
    rule: Mapped[str]


class RunRow(Base):
    """An attempt to bring one table up to date."""

    __tablename__ = "run"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'done', 'refused', 'failed', 'abandoned')", name="state"),
        Index("uq_run_open", "table_name", unique=True, sqlite_where=_OPEN_RUN, postgresql_where=_OPEN_RUN),
        Index("ix_run_business_date", "business_date"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    table: Mapped[str] = mapped_column("table_name", index=True)
    kind: Mapped[str]
    business_date: Mapped[date]
    state: Mapped[str] = mapped_column(String(16))
    session_id: Mapped[str]
    steps: Mapped[int]
    inputs: Mapped[dict[str, Any]]
    meaning: Mapped[str]
    dress: Mapped[str]
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    version: Mapped[int | None]
    metrics: Mapped[dict[str, Any]]
    executor: Mapped[str] = mapped_column(String(16), default="", server_default="")
    reason: Mapped[str]
    host: Mapped[str]
    boot_id: Mapped[str]
    pid: Mapped[int]


class RuleResultRow(Base):
    """What one rule said in one run."""

    __tablename__ = "rule_result"

    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    rule: Mapped[str]
    action: Mapped[str] = mapped_column(String(16))
    verdict: Mapped[str] = mapped_column(String(16))
    checked: Mapped[int]
    bad: Mapped[int]
    message: Mapped[str]


class ContentRow(Base):
    """One content of a table; several Delta versions may hold it."""

    __tablename__ = "content"
    __table_args__ = (CheckConstraint("verdict IN ('written', 'accepted', 'refused')", name="verdict"),)

    table: Mapped[str] = mapped_column("table_name", primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]
    newest_version: Mapped[int]
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    consumed: Mapped[dict[str, Any]]
    parts: Mapped[dict[str, Any]]
    recheck_on: Mapped[date | None]
    rows: Mapped[int | None]
    meaning: Mapped[str]
    dress: Mapped[str]
    verdict: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str]
    decided_for: Mapped[date | None]
    created_at: Mapped[datetime]


class TableRow(Base):
    """Where a table stands now."""

    __tablename__ = "table_state"

    table: Mapped[str] = mapped_column("table_name", primary_key=True)
    version: Mapped[int | None]
    content: Mapped[int | None]
    accepted_version: Mapped[int | None]
    accepted_content: Mapped[int | None]
    meaning: Mapped[str]
    dress: Mapped[str]
    rows: Mapped[int | None]
    recheck_on: Mapped[date | None]
    consumed: Mapped[dict[str, Any]]
    parts: Mapped[dict[str, Any]]
    refused: Mapped[bool]
    reason: Mapped[str]


class LeaseRow(Base):
    """Who may write a table; the row stays when it is free, so that its number only grows."""

    __tablename__ = "lease"

    table: Mapped[str] = mapped_column("table_name", primary_key=True)
    number: Mapped[int]
    token: Mapped[str | None] = mapped_column(String(32))
    host: Mapped[str]
    boot_id: Mapped[str]
    pid: Mapped[int]
    process_started: Mapped[str]
    acquired_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class SettlementRow(Base):
    """How one resource stood when its department's collection of a date had ended."""

    __tablename__ = "settlement"

    business_date: Mapped[date] = mapped_column(primary_key=True)
    resource: Mapped[str] = mapped_column(primary_key=True)
    department: Mapped[str]
    outcome: Mapped[str] = mapped_column(String(16))
    delivery_ids: Mapped[list[Any]]
    reason: Mapped[str]
    settled_at: Mapped[datetime]


class NightRow(Base):
    """A pinned vector of clean contents."""

    __tablename__ = "night"

    business_date: Mapped[date] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    vector: Mapped[dict[str, Any]]
    missing: Mapped[list[Any]]
    created_at: Mapped[datetime]
    withdrawn: Mapped[bool] = mapped_column(server_default=false(), default=False)


class PublicationRow(Base):
    """A published night."""

    __tablename__ = "publication"

    business_date: Mapped[date] = mapped_column(primary_key=True)
    night: Mapped[int]
    published_at: Mapped[datetime]
    withdrawn: Mapped[bool] = mapped_column(server_default=false(), default=False)


class EntryRow(Base):
    """One table of a publication."""

    __tablename__ = "publication_entry"

    business_date: Mapped[date] = mapped_column(ForeignKey("publication.business_date"), primary_key=True)
    table: Mapped[str] = mapped_column("table_name", primary_key=True)
    version: Mapped[int]
    content: Mapped[int]
    stale: Mapped[bool]


class RestorationRow(Base):
    """The lake going back to a published night; ``last_run`` is the newest run there was when it began."""

    __tablename__ = "restoration"
    __table_args__ = ({"sqlite_autoincrement": True},)

    number: Mapped[int] = mapped_column(primary_key=True)
    business_date: Mapped[date]
    actor: Mapped[str]
    reason: Mapped[str]
    last_run: Mapped[int]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class AuditRow(Base):
    """What a person decided."""

    __tablename__ = "audit"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    reason: Mapped[str]


class OverrideRow(Base):
    """What a person decided of two subjects: that they are one thing, or that they are not."""

    __tablename__ = "override"
    __table_args__ = (
        CheckConstraint("decision IN ('must_link', 'cannot_link')", name="decision"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    library: Mapped[str]
    subject_id: Mapped[str]
    other_subject_id: Mapped[str]
    decision: Mapped[str]
    actor: Mapped[str]
    reason: Mapped[str]
    until: Mapped[date | None]
    at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
