"""What may be published, at which version, and whether it is as fresh as it should be."""

from collections.abc import Mapping

from citylake.contract.catalog import Catalog
from citylake.contract.model import Contract, DerivedContract
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
        stale = is_stale(contract, state, states, night)
        found[contract.name] = Entry(contract.name, state.accepted_version, state.accepted_content, stale)
    return found


def publishable(catalog: Catalog) -> list[DerivedContract]:
    """Return the tables above the border that hold nothing restricted and no direct identifier."""
    return [item for item in catalog.derived if item.layer in LAYERS and not private_columns(item)]


def private_columns(contract: Contract) -> list[str]:
    """Return the columns that keep a table from being published; all of them when it is restricted."""
    if isinstance(contract, DerivedContract) and contract.restricted:
        return list(contract.columns)
    return [name for name, column in contract.columns.items() if column.direct]


def is_stale(contract: DerivedContract, state: TableState, states: Mapping[str, TableState], night: Night) -> bool:
    """Return whether what is accepted of a table is older than this night's inputs allow.

    It is when its last attempt was refused or never judged, when it could not be made from what its inputs now are,
    or when a day has come on which its rows change by time alone and it was not run.
    """
    if state.refused or state.content != state.accepted_content:
        return True
    if state.recheck_on is not None and state.recheck_on <= night.business_date:
        return True
    return any(
        alias not in state.consumed or state.consumed[alias].content < present
        for alias, present in _present(contract, states, night).items()
    )


def _present(contract: DerivedContract, states: Mapping[str, TableState], night: Night) -> dict[str, int]:
    """Return the content that each input has in this night; inputs that never were accepted are left out."""
    found = {}
    for alias, item in contract.inputs.items():
        state = states.get(item.table)
        pin = night.vector.get(item.table)
        content = pin.content if pin is not None else state.accepted_content if state is not None else None
        if content is not None and item.part is not None and state is not None:
            content = min(content, state.parts.get(item.part, 0))
        if content is not None:
            found[alias] = content
    return found


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
            reasons[contract.name] = f"未通过门禁：{state.reason}" if state.refused else "尚未通过验收"
    return reasons
