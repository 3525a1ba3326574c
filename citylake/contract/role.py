"""Who is named by a row: the columns that identify a person or a legal entity."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from citylake.spelling import check_resource

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Resource = Annotated[str, AfterValidator(check_resource)]
"""A collected resource, ``<department>.<resource>``."""


class Model(BaseModel):
    """Base of every model here: frozen, and no key it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Role(Model):
    """The columns of a row that say who somebody, or which legal entity, is."""

    id_no: Name | None = None
    id_kind: Name | None = None
    """Column with the kind of document that ``id_no`` is the number of (code list ``id_kind``)."""
    name: Name | None = None
    birth_date: Name | None = None
    sex: Name | None = None
    phone: Name | None = None
    address: Name | None = None
    village: Name | None = None
    uscc: Name | None = None
    """Unified social credit code (统一社会信用代码)."""
    org_code: Name | None = None
    """Organisation code of nine characters (组织机构代码)."""
    registration_no: Name | None = None
    """Registration number (注册号) from before the credit codes."""
    representative: Name | None = None
    """Name of the legal representative."""
    established: Name | None = None
    context: Name | None = None
    """What somebody is named beside (a home, a firm) where it is not their own address: people of one name there are one."""
    former_name: Name | None = None
    """Name borne before, where the record says one."""
    former_no: Name | None = None
    """Identifier borne before ``id_no`` or ``uscc``, where the record says one; another text in the column is no obstacle."""
    unless: Name | None = None
    """Column whose value says that the row's name is that of one of the other kind; a number of this role's own outweighs it."""
    only: dict[Name, tuple[str, ...]] = {}
    """Column with a kind -> codes: with another code the row's name is not of this role; a number of this role's own outweighs it."""
    when: dict[Name, dict[Name, tuple[str, ...]]] = {}
    """What a column means may hang on another: value of the role -> column -> codes; in other rows it is no such value."""
    subject: Literal["record", "identity"] = "record"
    """What is resolved: the record itself, or (events) each distinct set of identifying values once."""

    @property
    def identifying(self) -> list[str]:
        """Columns whose values make up a subject that is no single record."""
        return [column for name, column in self.values().items() if name != "address"]

    def values(self) -> dict[str, str]:
        """Return the columns of a row that hold what is said of whom it names, by what they hold."""
        return self.model_dump(exclude_none=True, exclude={"subject", "unless", "only", "when"})

    @property
    def asked(self) -> set[str]:
        """Columns that decide whether the row names somebody, or what another column holds."""
        return {*filter(None, [self.unless]), *self.only, *(column for asked in self.when.values() for column in asked)}

    @model_validator(mode="after")
    def _when_is_of_a_value(self) -> "Role":
        if unknown := sorted(self.when.keys() - self.values()):
            raise ValueError(f"when: the role says no {', '.join(unknown)}; it says {', '.join(self.values())}")
        return self

    @property
    def numbers(self) -> list[str]:
        """Columns with numbers, of which one is enough to know whom the row names."""
        return [one for one in (self.id_no, self.uscc, self.org_code, self.registration_no) if one is not None]

    @property
    def naming(self) -> list[str]:
        """Columns of which at least one must be there for the row to name anybody."""
        return [
            one for one in (self.id_no, self.name, self.uscc, self.org_code, self.registration_no) if one is not None
        ]
