"""What may be published, at which version, and whether it is as fresh as it should be."""

from collections.abc import Mapping

from citylake.contract.catalog import Catalog
from citylake.contract.model import Contract, DerivedContract
from citylake.engine.run.standing import standing
from citylake.lake import Lake
from citylake.ledger.nights.nights import Entry, Night
from citylake.ledger.runs.tables import TableState

LAYERS = ("linked", "base", "topic", "office", "special")
"""Layers above the border; what lies below holds direct identifiers and is never published."""


def candidates(lake: Lake, states: Mapping[str, TableState], night: Night) -> dict[str, Entry]:
    """Return an entry, by table, for all that is accepted and that its contract lets out."""
    found = {}
    for contract in publishable(lake.catalog):
        state = states.get(contract.name)
        if state is None or state.accepted_version is None or state.accepted_content is None:
            continue
        stands = standing(lake, contract, night.business_date, night.vector, states)
        version, content = state.accepted_version, state.accepted_content
        found[contract.name] = Entry(contract.name, version, content, stale=stands.is_behind)
    return found


def publishable(catalog: Catalog) -> list[DerivedContract]:
    """Return the tables above the border that hold nothing restricted and no direct identifier."""
    return [item for item in catalog.derived if item.layer in LAYERS and not private_columns(item)]


def private_columns(contract: Contract) -> list[str]:
    """Return the columns that keep a table from being published; all of them when it is restricted."""
    if isinstance(contract, DerivedContract) and contract.restricted:
        return list(contract.columns)
    return [name for name, column in contract.columns.items() if column.direct]


def left_out(catalog: Catalog, states: Mapping[str, TableState], entries: Mapping[str, Entry]) -> dict[str, str]:
    """Return the tables above the border that a night lacks although their contract lets them out, with the reason."""
    reasons = {}
    for contract in publishable(catalog):
        if contract.name in entries:
            continue
        state = states.get(contract.name)
        if state is None:
            reasons[contract.name] = "尚未生成"
        else:
            reasons[contract.name] = f"未通过：{state.reason}" if state.refused else "尚未通过验收"
    return reasons
