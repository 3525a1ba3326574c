"""A table whose files were given another shape: what the ledger knows of its present rows no longer holds."""

from sqlalchemy import Engine

from citylake.ledger.database import writing
from citylake.ledger.errors import UnknownTableError
from citylake.ledger.models import ContentRow, TableRow
from citylake.ledger.runs.tables import TableState, state_of


def reshaped(engine: Engine, table: str, *, version: int, emptied: bool) -> TableState:
    """Record that a table has a new shape, so that its next run makes it anew.

    What was accepted of an emptied table last stays accepted: it is read and published at its old version. One that was
    carried over holds the same content in a new version.

    Args:
        engine: the ledger.
        table: name.
        version: Delta version of the new shape.
        emptied: whether its rows are gone.

    Raises:
        UnknownTableError: the table was never recorded.
    """
    with writing(engine) as session:
        state = session.get(TableRow, table)
        if state is None:
            raise UnknownTableError(f"the ledger knows no run of {table}: run it first, or check the name")
        state.version, state.meaning = version, ""
        if emptied:
            state.content, state.rows, state.recheck_on, state.consumed = None, 0, None, {}
            state.refused, state.reason = False, ""
        elif state.content is not None:
            session.get_one(ContentRow, (table, state.content)).newest_version = version
            if state.content == state.accepted_content:
                state.accepted_version = version
        return state_of(state)
