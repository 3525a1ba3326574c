"""Runs the migrations on the connection that ``citylake.ledger.database.migrate`` hands over, inside its transaction."""

from alembic import context

from citylake.ledger.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    # The caller's transaction holds the lock; every migration belongs to it, on SQLite too.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
