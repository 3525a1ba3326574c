"""What people decided of two subjects: one thing, or not."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "override",
        sa.Column("id", NUMBER, nullable=False),
        *[sa.Column(name, sa.String(), nullable=False) for name in ("library", "subject_id", "other_subject_id")],
        *[sa.Column(name, sa.String(), nullable=False) for name in ("decision", "actor", "reason")],
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("decision IN ('must_link', 'cannot_link')", name=op.f("ck_override_decision")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_override")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("override")
