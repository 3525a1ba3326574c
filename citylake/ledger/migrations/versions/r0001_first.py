"""The first tables of the ledger, and who this ledger is."""

import uuid

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "delivery",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("landing", sa.String(), nullable=True),
        sa.Column("watermark", sa.String(), nullable=True),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("run_id", NUMBER, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("receipt_number", NUMBER, nullable=True),
        sa.Column("receipt_hash", sa.String(length=64), nullable=True),
        sa.Column("previous_hash", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "verdict IN ('received', 'accepted', 'refused', 'unchanged')", name=op.f("ck_delivery_verdict")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("receipt_number", name=op.f("uq_delivery_receipt_number")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_delivery_business_date", "delivery", ["business_date"], unique=False)
    op.create_index("ix_delivery_resource_verdict", "delivery", ["resource", "verdict"], unique=False)
    op.create_index(
        "uq_delivery_open",
        "delivery",
        ["resource", "as_of", "sha256", "contract"],
        unique=True,
        sqlite_where=sa.text("verdict = 'received'"),
        postgresql_where=sa.text("verdict = 'received'"),
    )
    op.create_table(
        "lease",
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("token", sa.String(length=32), nullable=True),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("boot_id", sa.String(), nullable=False),
        sa.Column("pid", NUMBER, nullable=False),
        sa.Column("process_started", sa.String(), nullable=False),
        sa.Column("acquired_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("table_name", name=op.f("pk_lease")),
    )
    op.create_table(
        "ledger",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("ledger_id", sa.String(length=36), nullable=False),
        sa.Column("receipts", NUMBER, nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_ledger_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger")),
    )
    op.create_table(
        "night",
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("vector", JSON, nullable=False),
        sa.Column("missing", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("business_date", "number", name=op.f("pk_night")),
    )
    op.create_table(
        "publication",
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("night", NUMBER, nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("business_date", name=op.f("pk_publication")),
    )
    op.create_table(
        "settlement",
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("delivery_ids", JSON, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("business_date", "resource", name=op.f("pk_settlement")),
    )
    op.create_table(
        "table_state",
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("version", NUMBER, nullable=True),
        sa.Column("content", NUMBER, nullable=True),
        sa.Column("accepted_version", NUMBER, nullable=True),
        sa.Column("accepted_content", NUMBER, nullable=True),
        sa.Column("meaning", sa.String(), nullable=False),
        sa.Column("dress", sa.String(), nullable=False),
        sa.Column("rows", NUMBER, nullable=True),
        sa.Column("recheck_on", sa.Date(), nullable=True),
        sa.Column("consumed", JSON, nullable=False),
        sa.Column("parts", JSON, nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("table_name", name=op.f("pk_table_state")),
    )
    op.create_table(
        "problem",
        sa.Column("delivery_id", NUMBER, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("line", NUMBER, nullable=False),
        sa.Column("column_name", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_problem_delivery_id_delivery")),
        sa.PrimaryKeyConstraint("delivery_id", "number", name=op.f("pk_problem")),
    )
    op.create_table(
        "publication_entry",
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("content", NUMBER, nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["business_date"],
            ["publication.business_date"],
            name=op.f("fk_publication_entry_business_date_publication"),
        ),
        sa.PrimaryKeyConstraint("business_date", "table_name", name=op.f("pk_publication_entry")),
    )
    op.create_table(
        "run",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("steps", NUMBER, nullable=False),
        sa.Column("inputs", JSON, nullable=False),
        sa.Column("meaning", sa.String(), nullable=False),
        sa.Column("dress", sa.String(), nullable=False),
        sa.Column("delivery_id", NUMBER, nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", NUMBER, nullable=True),
        sa.Column("metrics", JSON, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("boot_id", sa.String(), nullable=False),
        sa.Column("pid", NUMBER, nullable=False),
        sa.CheckConstraint("state IN ('open', 'done', 'refused', 'failed', 'abandoned')", name=op.f("ck_run_state")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_run_delivery_id_delivery")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_run_business_date", "run", ["business_date"], unique=False)
    op.create_index(op.f("ix_run_table_name"), "run", ["table_name"], unique=False)
    op.create_index(
        "uq_run_open",
        "run",
        ["table_name"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "content",
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("newest_version", NUMBER, nullable=False),
        sa.Column("run_id", NUMBER, nullable=False),
        sa.Column("consumed", JSON, nullable=False),
        sa.Column("parts", JSON, nullable=False),
        sa.Column("recheck_on", sa.Date(), nullable=True),
        sa.Column("rows", NUMBER, nullable=True),
        sa.Column("meaning", sa.String(), nullable=False),
        sa.Column("dress", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decided_for", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("verdict IN ('written', 'accepted', 'refused')", name=op.f("ck_content_verdict")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_content_run_id_run")),
        sa.PrimaryKeyConstraint("table_name", "number", name=op.f("pk_content")),
    )
    op.create_table(
        "rule_result",
        sa.Column("run_id", NUMBER, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("checked", NUMBER, nullable=False),
        sa.Column("bad", NUMBER, nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_rule_result_run_id_run")),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_rule_result")),
    )

    ledger = sa.table("ledger", sa.column("id"), sa.column("ledger_id"), sa.column("receipts"), sa.column("head"))
    op.execute(ledger.insert().values(id=1, ledger_id=str(uuid.uuid4()), receipts=0, head="0" * 64))


def downgrade() -> None:
    op.drop_table("rule_result")
    op.drop_table("content")
    op.drop_table("run")
    op.drop_table("publication_entry")
    op.drop_table("problem")
    op.drop_table("table_state")
    op.drop_table("settlement")
    op.drop_table("publication")
    op.drop_table("night")
    op.drop_table("ledger")
    op.drop_table("lease")
    op.drop_table("delivery")
    op.drop_table("audit")
