"""What differs between the contracts and the tables' files: read from contracts, logs and ledger alone, without Spark."""

from dataclasses import dataclass

from citylake.contract.model import CollectedContract, Contract
from citylake.delta.shape import Difference, Shape, compare_columns, differences, dress_differences, shape_of
from citylake.delta.tables import Physical, lines_of
from citylake.lake import Lake
from citylake.ledger.runs.tables import table_states


@dataclass(frozen=True)
class TablePlan:
    """One table that is not what its contract says.

    ``contract`` is the contract it follows from, None when there is none any more; raw and quarantine tables follow from
    a clean contract, gain columns and labels only, and keep what it no longer names.
    """

    table: str
    title: str
    contract: Contract | None
    differences: tuple[Difference, ...]

    @property
    def destructive(self) -> bool:
        """Whether a person has to decide."""
        return self.contract is None or any(one.destructive for one in self.differences)

    @property
    def sentences(self) -> list[str]:
        """What differs, in plain Chinese; a table without a contract is to be emptied."""
        return [one.text for one in self.differences] or ["契约已删除，表中的行将清空"]


def plan(lake: Lake) -> list[TablePlan]:
    """Return every table that differs from its contract, in the order of the data flow; those without one last."""
    found = []
    for contract in lake.catalog.contracts.values():
        shape = shape_of(lake.location(contract.name))
        if shape is not None:
            found.append(TablePlan(contract.name, contract.title, contract, tuple(differences(contract, shape))))
        if isinstance(contract, CollectedContract):
            found += _lines(lake, contract)
    return [one for one in found if one.differences] + _without_contract(lake)


def _lines(lake: Lake, contract: CollectedContract) -> list[TablePlan]:
    found = []
    for table, columns in lines_of(contract).items():
        shape = shape_of(lake.location(table))
        if shape is not None:
            found.append(TablePlan(table, contract.title, contract, tuple(_gained(columns, contract, shape))))
    return found


def _gained(columns: list[Physical], contract: CollectedContract, shape: Shape) -> list[Difference]:
    added = [one for one in compare_columns(columns, shape) if one.kind == "add"]
    return [*added, *dress_differences(columns, contract.title, shape)]


def _without_contract(lake: Lake) -> list[TablePlan]:
    states = table_states(lake.ledger)
    left = sorted(name for name, state in states.items() if name not in lake.catalog.contracts)
    return [TablePlan(name, name, None, ()) for name in left if states[name].content is not None]
