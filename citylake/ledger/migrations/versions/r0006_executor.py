"""Who has evaluated a run: the task's own process or the Spark server."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("executor", sa.String(16), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("run", "executor")
