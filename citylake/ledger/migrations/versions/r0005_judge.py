"""A run that says what judging a table came to is of the kind judge; a gate is a rule only."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE run SET kind = 'judge' WHERE kind = 'gate'")


def downgrade() -> None:
    op.execute("UPDATE run SET kind = 'gate' WHERE kind = 'judge'")
