"""Who evaluates: this process (Sail), or the Connect server. Size decides, ``CITYLAKE_ENGINE`` overrides.

Both are given the same plans. What this process cannot do, or is not proven to do as Spark does, goes to the server; whoever
evaluates has written nothing by then, so that nothing is done twice.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import structlog

from citylake.delta.errors import GateError
from citylake.delta.small_write import takes
from citylake.engine.run.context import Context
from citylake.engine.run.record import RunRecord
from citylake.spark.local import NotHereError, local_session, reading

log = structlog.get_logger()

Made = TypeVar("Made")


def evaluated(
    context: Context,
    record: RunRecord,
    make: Callable[[Context], Made],
    *,
    small: bool,
    types: frozenset[str] | None = None,
) -> Made:
    """Return what ``make`` makes, in this process where it can, else on the Connect server.

    Args:
        context: the task's surroundings.
        record: the open run; it is told who has evaluated.
        make: evaluates with the session of the context it is given. Here it raises NotHereError, before it has written
            anything, when the work turns out to be too much for this process.
        small: whether the work is likely to be little.
        types: those of all columns that a SELECT reads.
    """
    if (here := _here(context, small=small)) is not None:
        record.executor = "local"
        try:
            with reading(types):
                return make(here)
        except GateError:
            raise
        except Exception as error:  # whatever it is, nothing was written yet, and the server has the last word
            if record.has_written:
                raise
            said = str(error) if isinstance(error, NotHereError) else type(error).__name__
            log.info("left to Spark", table=record.contract.name, reason=said)
    record.executor = "spark"
    return make(context)


def _here(context: Context, *, small: bool) -> Context | None:
    settings = context.lake.settings
    if settings.engine == "spark" or not (small or settings.engine == "local") or not takes(settings.lake_uri):
        return None
    try:
        return replace(context, spark=local_session(settings))
    except NotHereError as error:
        log.info("left to Spark", reason=str(error))
        return None
