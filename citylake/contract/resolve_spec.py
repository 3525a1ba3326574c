"""How one kind of thing is resolved: what anchors it, which rules link the rest, how ids look, which value wins.

One file per kind, ``schemas/base/<library>/resolve.yml``. Sources and roles are not listed here: they are the
``identity:`` of the clean contracts, found by :func:`roles`. The tables follow from it, see :mod:`citylake.contract.who_is_who`.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from citylake.contract.errors import ContractError
from citylake.contract.files import read_yaml, validated
from citylake.contract.kind import Kind
from citylake.contract.linked import subject_column
from citylake.contract.model import CollectedContract, Model, Name, Resource, Role
from citylake.contract.survivorship import Golden
from citylake.spelling import alias_of, table_name

Field_ = Literal[
    "name_key", "surname", "birth", "birth_digits", "sex", "phone", "village",
    "context", "name", "representative", "registration_no", "established", "address",
]  # fmt: skip
FIELDS: Mapping[str, tuple[str, ...]] = {
    "person": ("name_key", "surname", "birth", "birth_digits", "sex", "phone", "village", "context"),
    "legal_entity": (
        "name",
        "name_key",
        "representative",
        "registration_no",
        "established",
        "phone",
        "address",
        "village",
    ),
}
"""Fields of a kind's subjects that rules may compare, where the standards say how they are read."""
OF_THINGS = (
    "name", "name_key", "registration_no", "representative", "established", "phone", "address", "village", "context",
)  # fmt: skip
"""Those of every other kind."""


class Anchor(Model):
    """Records that are, each by itself, one of the things."""

    source: Resource
    role: Name


class Cancelled(Model):
    """Records that are there and stand no longer, as tombstones do."""

    source: Resource
    column: str
    codes: tuple[str, ...] = Field(min_length=1)
    """Values of the column that say so."""


class LinkRule(Model):
    """A subject belongs to the one candidate for which all of this holds; with two candidates the rule says nothing."""

    name: Name
    score: Decimal = Field(gt=0, le=1)
    """Share of links expected to be right."""
    block: tuple[Field_, ...] = Field(min_length=1)
    """Fields that are equal; candidates are found by them."""
    equal: tuple[Field_, ...] = ()
    """Further fields that are equal."""
    not_different: tuple[Field_, ...] = ()
    """Fields that must not be known on both sides and differ."""
    id_distance: int | None = Field(default=None, ge=0, le=3)
    """Largest edit distance between the identifiers."""
    birth_distance: int | None = Field(default=None, ge=0, le=3)
    """Largest edit distance between birth dates as eight digits; no birth date is no obstacle."""


class Residue(Model):
    """What is done with subjects that no rule linked to a thing."""

    rules: tuple[Name, ...] = ()
    """Rules that hold without a look at other candidates: two such subjects are one thing."""
    model: str | None = None
    """File with a Splink model, beside this one; it scores pairs by themselves."""
    link: float = Field(default=0.999, gt=0, lt=1)
    """Smallest match probability that links."""
    review: float = Field(default=0.9, gt=0, lt=1)
    """Smallest match probability that a person is asked about."""


class Identifier(Model):
    """How an entity id looks."""

    prefix: str = Field(pattern=r"^[A-Z]$")
    digits: int = Field(ge=16, le=32)
    number: str | None = None
    """Pattern of a usable number (``id_no``), in capitals and without blanks and dashes, of a kind that has no standard."""


class ResolveSpec(Kind):
    """One kind's file."""

    owner: Name
    """Department that answers for the tables."""
    counter: str = "个"
    """Measure word of the things: 人, 家, 辆."""
    folder: Path = Path()
    """Where the file lies; models lie beside it."""
    id: Identifier
    anchors: tuple[Anchor, ...] = Field(min_length=1)
    guard: tuple[tuple[Field_, ...], ...] = Field(min_length=1)
    """An identifier links if in one of these groups every field agrees with the holder's."""
    rules: tuple[LinkRule, ...] = ()
    cancelled: tuple[Cancelled, ...] = ()
    """Records whose words count as golden values only where no standing record says anything."""
    successions: tuple[Anchor, ...] = ()
    """Records by which an authority gives another identifier: whoever bore the former one and agrees bears it now."""
    joins: dict[Name, tuple[Name, ...]] = {}
    """Class of identifier -> classes of those that its holder may bear as well; a rule has to say that it is the same."""
    residue: Residue = Residue()
    proposals: tuple[LinkRule, ...] = ()
    """Two things with usable identifiers of their own for which this holds go to review, never merged by machine."""
    survivorship: dict[Name, tuple[Golden, ...]] = {}
    """Golden fields per table: the one that a contract is written for, and the restricted one."""
    restricted: Name | None = None
    """Which of ``survivorship`` is the table of direct identifiers."""

    @property
    def golden_table(self) -> str | None:
        """Thing of the table of golden values, for which a contract is written; None without one."""
        return next((name for name in self.survivorship if name != self.restricted), None)

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields of its subjects that rules may compare."""
        return FIELDS.get(self.kind, OF_THINGS)

    @property
    def name_field(self) -> str:
        """Field that a former name is another value of."""
        return "name_key" if self.kind == "person" else "name"

    @property
    def subjects(self) -> str:
        """Name of the table of subjects."""
        return table_name("base", self.library, "subject")

    @property
    def compared(self) -> tuple[str, ...]:
        """Fields that some rule compares."""
        return tuple(name for name in self.fields if name in self.compared_by_any)

    @property
    def blocks(self) -> tuple[tuple[str, ...], ...]:
        """Combinations of fields by which candidates are found."""
        return tuple(sorted({rule.block for rule in (*self.rules, *self.proposals)}))

    @model_validator(mode="after")
    def _fields_are_those_of_the_kind(self) -> "ResolveSpec":
        guarded = {name for group in self.guard for name in group}
        if foreign := sorted((guarded | set(self.compared_by_any)) - set(self.fields)):
            raise ValueError(f"a {self.kind} has no {', '.join(foreign)}; it has {', '.join(self.fields)}")
        if self.kind != "person" and any(rule.birth_distance is not None for rule in (*self.rules, *self.proposals)):
            raise ValueError(f"birth_distance: a {self.kind} has no birth")
        if (self.kind in FIELDS) == (self.id.number is not None):
            told = (
                "standards say what a usable number of this kind is" if self.id.number else "needs the pattern 'number'"
            )
            raise ValueError(f"id: {told}")
        if unknown := sorted(set(self.residue.rules) - {rule.name for rule in self.rules}):
            raise ValueError(f"residue.rules: no such rule: {', '.join(unknown)}")
        return self

    @property
    def compared_by_any(self) -> tuple[str, ...]:
        """Every field that a rule names, whether or not the kind has it."""
        rules = (*self.rules, *self.proposals)
        return tuple({name for rule in rules for name in (*rule.block, *rule.equal, *rule.not_different)})

    @model_validator(mode="after")
    def _names_are_unique(self) -> "ResolveSpec":
        names = [rule.name for rule in (*self.rules, *self.proposals)]
        if len(set(names)) != len(names):
            raise ValueError("two rules have one name")
        return self

    @model_validator(mode="after")
    def _tables_are_two_at_most(self) -> "ResolveSpec":
        if self.restricted is not None and self.restricted not in self.survivorship:
            raise ValueError(f"restricted: survivorship has no {self.restricted}")
        written = [name for name in self.survivorship if name != self.restricted]
        if len(written) > 1:
            raise ValueError(
                f"survivorship: one table of golden values, and one restricted; there are {', '.join(written)}"
            )
        if any(item.role_value for name in written for item in self.survivorship[name]):
            raise ValueError("role_value: only in the restricted table, see 'restricted'")
        return self


class ResolvedRole(Model):
    """One role of one clean table that is resolved."""

    table: str
    source: str
    """The resource."""
    role: str
    columns: Role
    subject: str
    """Engine column with the subject id."""
    is_anchor: bool
    cancelled: tuple[Cancelled, ...] = ()
    """What says that a record of the table stands no longer."""

    @property
    def alias(self) -> str:
        """Name among the inputs of the table of subjects."""
        return alias_of(self.source, self.role)


def load_resolve_spec(path: Path) -> ResolveSpec:
    """Read one kind's file.

    Raises:
        ContractError: the file is wrong; the message names key and allowed values.
    """
    return validated(path, ResolveSpec, {"library": path.parent.name, "folder": path.parent, **read_yaml(path)})


def roles(spec: ResolveSpec, collected: Iterable[CollectedContract]) -> list[ResolvedRole]:
    """Return every role of every clean table that names one of the spec's kind, by table and role.

    Raises:
        ContractError: ``cancelled`` names a column that its table does not have.
    """
    anchors = {(anchor.source, anchor.role) for anchor in spec.anchors}
    found = []
    for contract in sorted(collected, key=lambda item: item.name):
        source = contract.resource
        cancelled = tuple(item for item in spec.cancelled if item.source == source)
        if unknown := [item.column for item in cancelled if item.column not in contract.columns]:
            raise ContractError(f"resolve.yml of {spec.library}: cancelled: {contract.name} has no column {unknown[0]}")
        for name, columns in sorted(contract.identity.get(spec.kind, {}).items()):
            found.append(
                ResolvedRole(
                    table=contract.name,
                    source=source,
                    role=name,
                    columns=columns,
                    subject=subject_column(name),
                    is_anchor=(source, name) in anchors,
                    cancelled=cancelled,
                )
            )
    return found
