"""Going back to a published night: restorations, withdrawn nights, deliveries that are taken again."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BEFORE, NOW = "verdict = 'received'", "verdict = 'received' AND retakes IS NULL"


def upgrade() -> None:
    op.create_table(
        "restoration",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("last_run", NUMBER, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_restoration")),
        sqlite_autoincrement=True,
    )
    # Columns are only added: SQLite would have to make a table anew for more, and others point to these rows.
    op.add_column("delivery", sa.Column("retakes", NUMBER, nullable=True))
    for table in ("night", "publication"):
        op.add_column(table, sa.Column("withdrawn", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index("ix_delivery_retakes", "delivery", ["retakes"])
    _open_deliveries_are_unique(NOW)


def downgrade() -> None:
    _open_deliveries_are_unique(BEFORE)
    op.drop_index("ix_delivery_retakes", table_name="delivery")
    for table in ("publication", "night"):
        op.drop_column(table, "withdrawn")
    op.drop_column("delivery", "retakes")
    op.drop_table("restoration")


def _open_deliveries_are_unique(where: str) -> None:
    op.drop_index("uq_delivery_open", table_name="delivery")
    op.create_index(
        "uq_delivery_open",
        "delivery",
        ["resource", "as_of", "sha256", "contract"],
        unique=True,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )
