"""What was asked of a source: everything or only what is newer, what was said of how, and what comes again."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delivery", sa.Column("whole", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("delivery", sa.Column("remarks", sa.String(), server_default="", nullable=False))
    op.add_column("delivery", sa.Column("tail", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("delivery", "tail")
    op.drop_column("delivery", "remarks")
    op.drop_column("delivery", "whole")
