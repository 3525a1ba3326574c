"""What a run of one table would read, check and write; said from the contract alone, without Spark."""

from typing import Any

from jobs.lake import Lake
from schemas.contract import CollectedContract, Contract, DerivedContract, Input


def explained(lake: Lake, contract: Contract) -> dict[str, Any]:
    """Return the reads, checks and writes of a table."""
    rules = contract.rules
    return {
        "table": contract.name,
        "title": contract.title,
        "grain": contract.grain,
        **(_collected(contract) if isinstance(contract, CollectedContract) else _derived(lake, contract)),
        "holds back": [rule.id for rule in rules.quarantine],
        "counts": [rule.id for rule in rules.warn],
        "stops at": [rule.id for rule in rules.gate],
        "writes": lake.location(contract.name),
        "key": list(contract.key),
        "read by": sorted(lake.catalog.dependants[contract.name]),
    }


def _collected(contract: CollectedContract) -> dict[str, Any]:
    source = contract.source
    where = source.files or source.table or source.path
    return {"reads": f"{source.form} {where} of {contract.domain}", "mode": contract.mode}


def _derived(lake: Lake, contract: DerivedContract) -> dict[str, Any]:
    reads = {alias: f"{item.table} {_way(item)}" for alias, item in contract.inputs.items()}
    return {"reads": reads, "unit": list(contract.unit), "made by": contract.made_by}


def _way(item: Input) -> str:
    said = item.model_dump(exclude_defaults=True, exclude={"table"})
    return ", ".join(f"{key}={value}" for key, value in said.items())
