"""Contracts compiled to one JSON file at deploy, so that who only asks what tables there are reads no YAML.

Airflow reads it every time it parses its DAG files. It holds nothing that is not in the contracts.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from citylake.contract.catalog import Catalog
from citylake.contract.model import CollectedContract, Contract
from citylake.contract.rules import Rules

FILE = "compiled.json"
"""Name of the file below the home of a lake."""


def compile_catalog(catalog: Catalog) -> str:
    """Return all contracts as JSON text; equal contracts give equal text.

    Args:
        catalog: what was read from the YAML files, already checked as a whole.
    """
    body = {
        "departments": [
            {"id": item.id, "name": item.name, "cron": item.cron, "contact": item.contact}
            for _, item in sorted(catalog.departments.items())
        ],
        "libraries": [
            {
                "id": item.id,
                "name": item.name,
                "owner_name": catalog.departments[item.owner].name,
                "purpose": item.purpose,
            }
            for _, item in sorted(catalog.libraries.items())
        ],
        "tables": [_table(contract, catalog) for contract in catalog.contracts.values()],
    }
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    return json.dumps({"digest": digest, **body}, ensure_ascii=False, indent=1) + "\n"


def write_compiled(catalog: Catalog, home: Path) -> Path:
    """Write ``home/compiled.json`` if it would change; a reader sees the old file or the new one, never a part."""
    path, text = home / FILE, compile_catalog(catalog)
    if not path.exists() or path.read_text("utf-8") != text:
        home.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{FILE}.{os.getpid()}")
        fresh.write_text(text, "utf-8")
        fresh.replace(path)
    return path


def _table(contract: Contract, catalog: Catalog) -> dict[str, Any]:
    return {
        "name": contract.name,
        "layer": contract.layer,
        "domain": contract.domain,
        "title": contract.title,
        "grain": contract.grain,
        "description": contract.description,
        "owner": contract.owner,
        "owner_name": catalog.departments[contract.owner].name,
        "key": list(contract.key),
        "grade": contract.grade,
        "columns": [
            {"name": name, "label": column.label, "type": column.type, "grade": column.grade, "direct": column.direct}
            for name, column in contract.columns.items()
        ],
        "rules": _rules(contract.rules),
        **(_collected(contract) if isinstance(contract, CollectedContract) else _derived(contract)),
    }


def _collected(contract: CollectedContract) -> dict[str, Any]:
    return {
        "mode": contract.mode,
        "form": contract.source.form,
        "due": contract.due.model_dump(),
        "ignore": dict(contract.ignore),
    }


def _derived(contract: Contract) -> dict[str, Any]:
    assert not isinstance(contract, CollectedContract)
    return {
        "made_by": contract.made_by,
        "restricted": contract.restricted,
        "inputs": sorted({item.table for item in contract.inputs.values()}),
    }


def _rules(rules: Rules) -> Mapping[str, list[str]]:
    said = {action: [rule.id for rule in getattr(rules, action)] for action in ("quarantine", "warn", "gate")}
    return {action: names for action, names in said.items() if names}
