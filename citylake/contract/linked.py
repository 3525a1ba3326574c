"""The linked table of a clean one: its contract and SELECT follow from the clean contract; nobody writes them."""

from collections.abc import Mapping

from citylake.contract.kind import Kind
from citylake.contract.model import CollectedContract, Column, DerivedContract, Input
from citylake.spelling import table_of

RECORD_ID = Column(label="记录标识", grade="L2")
AS_OF = Column(label="数据日期", type="date", grade="L2")


def linked_name(clean: CollectedContract) -> str:
    """Return the name of the linked table of ``clean``."""
    return table_of(clean.resource, "linked")


def subject_column(role: str) -> str:
    """Return the engine column of a clean table that carries a role's subject id."""
    return f"_{role}_subject"


def linked_contract(clean: CollectedContract, kinds: Mapping[str, Kind]) -> DerivedContract:
    """Derive the linked contract: the clean columns without direct identifiers, and an id per role.

    Args:
        clean: the collected table.
        kinds: every kind that is resolved, by name.
    """
    inputs = {"c": Input(table=clean.name, on=("_record_id",))}
    columns = {"_record_id": RECORD_ID, "_as_of": AS_OF}
    columns |= {name: column for name, column in clean.columns.items() if not column.direct}
    for kind, role in resolved_roles(clean, kinds):
        inputs[f"x_{role}"] = Input(
            table=kinds[kind].crosswalk,
            part=clean.resource,
            via="c",
            via_on=(subject_column(role),),
            on=("subject_id",),
        )
        columns[id_column(kind, role)] = Column(label=f"{kinds[kind].noun}标识({role})", grade="L2")
    return DerivedContract(
        name=linked_name(clean),
        title=clean.title,
        grain=clean.grain,
        owner=clean.owner,
        description=clean.description,
        generated="linked",
        key=("_record_id",),
        columns=columns,
        inputs=inputs,
        share=clean.share,
        grade=clean.grade,
    )


def linked_select(clean: CollectedContract, kinds: Mapping[str, Kind]) -> str:
    """Return the SELECT of the linked table over the aliases of its inputs; tombstones are dropped."""
    kept = [name for name, column in clean.columns.items() if not column.direct]
    selected = [f"c.`{name}`" for name in ("_record_id", "_as_of", *kept)]
    joins = []
    for kind, role in resolved_roles(clean, kinds):
        selected.append(f"x_{role}.`{kind_id(kind)}` AS `{id_column(kind, role)}`")
        joins.append(f"LEFT JOIN x_{role} ON x_{role}.subject_id = c.`{subject_column(role)}`")
    return "\n".join([f"SELECT {', '.join(selected)}", "FROM c", *joins, "WHERE NOT c._deleted"])


def resolved_roles(clean: CollectedContract, kinds: Mapping[str, Kind]) -> list[tuple[str, str]]:
    """Return the (kind, role) pairs of ``clean`` whose kind has a resolver, in the contract's order."""
    return [(kind, role) for kind, roles in clean.identity.items() if kind in kinds for role in roles]


def kind_id(kind: str) -> str:
    """Return the id column of a kind, as crosswalk and base tables name it."""
    return "entity_id" if kind == "legal_entity" else f"{kind}_id"


def id_column(kind: str, role: str) -> str:
    """Return the column that takes the place of a role's identifiers."""
    return kind_id(kind) if role == "self" else f"{role}_id"
