"""Plays random histories against a table's promise, until one breaks it or none of many does."""

import os

from hypothesis import HealthCheck, Phase, given, settings

from citylake.contract.catalog import Catalog
from citylake.contract.model import DerivedContract
from tests.promises.duck import DuckEvaluation
from tests.promises.histories import Histories, Step
from tests.promises.promise import Promise
from tests.promises.values import Values

ASKED = int(os.environ.get("CITYLAKE_EXAMPLES", "0"))
"""Histories a table, drawn anew each time; unset: a few, the same in each run."""
FEW = 15


def play(
    catalog: Catalog, contract: DerivedContract, text: str, *, examples: int = ASKED or FEW, shrinks: bool = True
) -> None:
    """Hold a SELECT to its contract over random histories of its inputs.

    Raises:
        PromiseBrokenError: a history breaks it, the simplest one that was found.
    """
    values = Values(catalog, contract, text)
    columns = {alias: values.columns(item.table) for alias, item in contract.inputs.items()}
    promise = Promise(contract, DuckEvaluation(contract, text, columns))

    @settings(
        max_examples=examples,
        derandomize=not ASKED,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink] if shrinks else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(Histories(values).drawn())
    def holds(history: list[Step]) -> None:
        promise.check(history)

    holds()
