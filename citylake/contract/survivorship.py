"""How the one value of a golden field is chosen among all that its sources say: the words of ``survivorship`` in ``resolve.yml``."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from citylake.contract.model import Model, Name, Resource
from citylake.spelling import alias_of

Picker = Literal[
    "source_rank", "value_rank", "most_recent", "majority", "earliest", "latest", "most_complete", "never_null_overwrite"
]  # fmt: skip
Age = Annotated[str, Field(pattern=r"^\d+[dmy]$")]


class Choice(Model):
    """One way of choosing among the values of a field; ways are tried in order until one value is left."""

    pick: Picker
    sources: tuple[Resource, ...] = ()
    """For ``source_rank``: best first; a source that is not named comes last."""
    values: tuple[str, ...] = ()
    """For ``value_rank``: values that win whoever says them, best first; a value that is not named comes last."""

    @model_validator(mode="after")
    def _a_rank_says_of_what(self) -> "Choice":
        for pick, named, said in (("source_rank", "sources", self.sources), ("value_rank", "values", self.values)):
            if (self.pick == pick) != bool(said):
                raise ValueError(f"'{named}' goes with pick: {pick}, and {pick} needs it")
        return self


class Given(Model):
    """Which records say a field: their column, the day it was so, and when it counts."""

    source: Resource
    role: Name = "self"
    """Whom of those that a record names the value is about."""
    column: Name
    date: str | None = "_as_of"
    """Column with the day from which the value holds; null when the record does not say: anything that is dated is newer."""
    where: str | None = None
    """Spark SQL condition over the input's columns."""
    prefix: int | None = Field(default=None, ge=1, le=12)
    """Only the first characters of the value."""
    value: str | None = None
    """A fixed value said by the mere row."""
    today: Name | None = None
    """Code list whose ``successor`` says what the value's code is called today."""
    usable: Literal["uscc"] | None = None
    """Only a value that is a unified social credit code says anything."""

    @property
    def input(self) -> str:
        """Alias among the inputs of the table that it is golden in."""
        return alias_of(self.source, None if self.role == "self" else self.role)


class Golden(Model):
    """One golden field: who says it and who wins."""

    field: Name
    given: tuple[Given, ...] = ()
    role_value: Literal["id_no", "name", "phone", "address"] | None = None
    """Instead of ``given``: every resolved role that has this value says it (restricted tables only)."""
    choices: tuple[Choice, ...] = Field(min_length=1)
    maximum_age: Age | None = None
    """Older values count only if there is nothing newer."""
    answers: Resource | None = None
    """Source that answers for the field (数源); default: the best of the first ``source_rank``."""

    @property
    def authority(self) -> str | None:
        """Source the others are compared with, None when nobody answers for the field."""
        return self.answers or next(iter(self.ranked), None)

    @property
    def ranked(self) -> tuple[str, ...]:
        """Sources that are ranked by name, best first."""
        return next((choice.sources for choice in self.choices if choice.sources), ())

    @model_validator(mode="after")
    def _somebody_says_it(self) -> "Golden":
        if bool(self.given) == (self.role_value is not None):
            raise ValueError("a golden field has either 'given' or 'role_value'")
        return self
