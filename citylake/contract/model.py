"""The contract language: one YAML file per table, read into one of these frozen models."""

import re
import unicodedata
from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from citylake.contract.names import check_alias, check_column
from citylake.contract.role import Model as Model
from citylake.contract.role import Name as Name
from citylake.contract.role import Resource as Resource
from citylake.contract.role import Role as Role
from citylake.contract.rules import Made, Rule, Rules
from citylake.contract.source import AsOf as AsOf
from citylake.contract.source import Source as Source
from citylake.spelling import parts_of, resource_of

Grade = Literal["L1", "L2", "L3", "L4"]
Mode = Literal["snapshot", "change", "event"]
Generated = Literal[
    "linked", "subject", "override", "crosswalk", "event", "review", "identity", "comparison", "agreement"
]  # fmt: skip

_TYPE = re.compile(r"string|int|bigint|double|boolean|date|timestamp|month|decimal\(\d+,\s*\d+\)")


def _is_never_read(sign: str) -> bool:
    """Return whether no text holds a sign once it is read."""
    return "\uff01" <= sign <= "\uff5e" or (sign != " " and unicodedata.category(sign) in {"Zs", "Cf", "Cc"})


class Column(Model):
    """One column, complete: what its data element says and what the contract says otherwise."""

    label: str = Field(min_length=1)
    type: str = "string"
    grade: Grade
    element: Name | None = None
    """Data element it takes its meaning from, when that is not its own name."""
    source: str | None = Field(default=None, alias="from")
    """The department's own name of the column; default: the column's name."""
    format: tuple[str, ...] = ()
    """Date or timestamp patterns, tried in order; ``excel_serial`` for Excel day numbers."""
    codes: str | None = None
    """Code list whose codes the values are."""
    mask: str | None = None
    direct: bool = False
    """A direct identifier: stays below ``linked``."""
    null_values: tuple[str, ...] = ()
    """Texts that mean that nothing was said."""

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        if not _TYPE.fullmatch(value):
            raise ValueError("allowed: string, int, bigint, double, boolean, date, timestamp, month, decimal(p,s)")
        return value.replace(" ", "")

    @field_validator("format", "null_values", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("null_values")
    @classmethod
    def _as_texts_are_read(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            if not text or text != text.strip() or any(_is_never_read(sign) for sign in text):
                raise ValueError(
                    f"null_values: {text!r} is never met: a text is read in half width, trimmed, without signs that nobody sees, "
                    f"and an empty one says nothing anyway; write what is left of it"
                )
        return value

    @property
    def spark_type(self) -> str:
        """Type in Spark DDL; a ``month`` is text such as 2026-11."""
        return "string" if self.type == "month" else self.type


class Change(Model):
    """How lines of a ``change`` resource say what happened, and which is newest."""

    operation: str | None = None
    """Source column with the operation; without one every line inserts or updates."""
    insert: tuple[str, ...] = ("I",)
    update: tuple[str, ...] = ("U",)
    delete: tuple[str, ...] = ("D",)
    order: tuple[Name, ...] = Field(min_length=1)
    """Columns of the contract; the greatest is newest, then the later line."""


class Due(Model):
    """When a delivery is expected."""

    every: Literal["hour", "day", "week", "month", "year"]
    time: str = Field(default="00:30", pattern=r"^\d{2}:\d{2}$")
    grace: str = Field(default="1d", pattern=r"^\d+[dh]$")
    silent: str | None = Field(default=None, pattern=r"^\d+d$")
    """How long a database or API may answer without a changed row before that is told; default: ten times ``every``."""


class Retention(Model):
    """How long what a department delivered is kept."""

    landing: str = Field(default="2y", pattern=r"^\d+[dmy]$")
    raw: str = Field(default="2y", pattern=r"^\d+[dmy]$")


class TableContract(Model):
    """What every table says of itself."""

    made: ClassVar[Made] = "derived"
    """How it comes about, as the rules ask."""
    name: str
    """``<layer>.<domain>__<thing>``, from the path."""
    title: str = Field(min_length=1)
    grain: str = Field(min_length=1)
    owner: Name
    description: str = ""
    key: tuple[str, ...] = Field(min_length=1)
    columns: dict[str, Column] = Field(min_length=1)
    rules: Rules = Rules()
    share: Literal["unconditional", "conditional", "none"] = "conditional"
    grade: Grade = "L3"

    @property
    def layer(self) -> str:
        """First part of the name."""
        return parts_of(self.name).layer

    @property
    def domain(self) -> str:
        """Department or library."""
        return parts_of(self.name).domain

    @property
    def thing(self) -> str:
        """What one row is."""
        return parts_of(self.name).thing

    def sentence(self, rule: Rule) -> str:
        """Return what a clerk is told of a rule that is broken, without any value."""
        return rule.sentence({name: column.label for name, column in self.columns.items()})

    @model_validator(mode="after")
    def _columns_exist(self) -> "TableContract":
        for name in self.columns:
            check_column(name, is_collected=self.made == "collected")
        if missing := sorted(set(self.key) - set(self.columns)):
            raise ValueError(f"not among the columns: {', '.join(missing)}")
        self.rules.check(self.made, {name: column.type for name, column in self.columns.items()}, self.key)
        if above := [name for name, column in self.columns.items() if column.grade > self.grade]:
            raise ValueError(
                f"grade: {self.grade} is below that of {', '.join(above)}: the table has its highest column's"
            )
        return self


class CollectedContract(TableContract):
    """A clean table: what a department delivers, typed, in its latest state."""

    made: ClassVar[Made] = "collected"
    source: Source
    mode: Mode
    change: Change | None = None
    corrections: Literal["quarantine", "replace"] = "quarantine"
    """Events only: what another content under a known key means."""
    due: Due
    identity: dict[Name, dict[Name, Role]] = {}
    """Kind -> role -> who is named; a role is named once, whatever its kind."""
    ignore: dict[str, str] = {}
    """Source columns that are not collected, each with the reason."""
    retention: Retention = Retention()

    @property
    def resource(self) -> str:
        """What its department hands over, ``<department>.<resource>``."""
        return resource_of(self.name)

    @property
    def stamp(self) -> str | None:
        """Column that holds the source's watermark where progress is taken from it, if the contract collects it."""
        mark = self.source.watermark if self.mode != "snapshot" else None
        named = (name for name, column in self.columns.items() if mark is not None and (column.source or name) == mark)
        return next(named, None)

    def with_stamps_judged(self) -> "CollectedContract":
        """Return this, a line whose stamp is ahead of the business date held back: it would outlast all later changes."""
        name = self.stamp
        if name is None or self.columns[name].type not in ("date", "timestamp"):
            return self
        rule = Rule(name="not_in_future", column=name)
        if rule.id in {one.id for one in self.rules.quarantine}:
            return self
        return self.model_copy(
            update={"rules": self.rules.model_copy(update={"quarantine": (*self.rules.quarantine, rule)})}
        )

    @model_validator(mode="after")
    def _mode_fits(self) -> "CollectedContract":
        if (self.mode == "change") != (self.change is not None):
            raise ValueError("'change:' goes with mode change, and mode change needs it")
        named = set(self.change.order) if self.change else set()
        called = [name for roles in self.identity.values() for name in roles]
        if twice := sorted({name for name in called if called.count(name) > 1}):
            raise ValueError(f"identity: two kinds have the role {', '.join(twice)}: give one of them another name")
        for roles in self.identity.values():
            for role in roles.values():
                named |= {*role.values().values(), *role.asked}
        if missing := sorted(named - set(self.columns)):
            raise ValueError(f"identity or change order names no column: {', '.join(missing)}")
        stamp = self.columns[self.stamp].type.partition("(")[0] if self.stamp else "string"
        self.source.check_stamps({"date": "moment", "timestamp": "moment", "string": None}.get(stamp, "number"))
        if self.mode != "snapshot" and any(rule.name == "vanished" for rule in (*self.rules.warn, *self.rules.gate)):
            raise ValueError(
                f"vanished is judged of snapshots only: nothing vanishes from mode {self.mode}; leave it out"
            )
        return self


class Input(Model):
    """One table a derived table reads, and how its rows belong to units."""

    table: str
    on: tuple[str, ...] = ()
    any: tuple[tuple[str, ...], ...] = ()
    via: str | None = None
    via_on: tuple[str, ...] = ()
    """Columns of the ``via`` input that carry ``on``, when they are named otherwise there."""
    all: bool = False
    part: Resource | None = None
    """One partition of the input: a resource, the ``source`` of the crosswalk."""

    @model_validator(mode="after")
    def _exactly_one_way(self) -> "Input":
        if sum([bool(self.on), bool(self.any), self.all]) != 1:
            raise ValueError("give exactly one of on, any, all: true")
        if self.via is not None and not self.on:
            raise ValueError("via needs on")
        return self


class DerivedContract(TableContract):
    """A table made from other tables by one SELECT, one transform, or the resolver."""

    made_by: Literal["transform", "resolver"] = "transform"
    generated: Generated | None = None
    """What it is of a clean contract or of a ``resolve.yml``, from which it follows; None: somebody has written it."""
    by: tuple[str, ...] = ()
    """The unit of recomputation; default: the key."""
    inputs: dict[str, Input] = {}
    partition: tuple[str, ...] = ()
    disjoint: bool = False
    """The rows of a unit come from one input only, so an input that did not move has none of the touched units."""
    restricted: bool = False
    """Holds direct identifiers; never published, read only below the border."""
    reveals: dict[str, str] = {}
    golden: tuple[Name, ...] = ()
    """Columns whose values the library's survivorship chooses; what stands beside them is among ``columns`` as well."""
    flags: dict[Name, str] = {}
    """Of a table with golden fields: boolean columns, each a condition in Spark SQL over the golden ones."""

    @property
    def maker(self) -> str | None:
        """Which of the resolver's own transforms makes it; None: a SELECT or a transform beside it."""
        if self.generated in ("linked", "review", "agreement"):
            return None
        return self.generated or ("golden" if self.golden else None)

    @property
    def unit(self) -> tuple[str, ...]:
        """Columns whose values name a unit of recomputation."""
        return self.by or self.key

    @model_validator(mode="after")
    def _inputs_fit(self) -> "DerivedContract":
        if self.made_by == "transform" and not self.inputs and not self.golden:
            raise ValueError("a transform needs inputs")
        if unknown := [name for name in self.flags if not self.golden or name not in self.columns]:
            raise ValueError(f"flags: {', '.join(unknown)}: only columns of a table with golden fields")
        for alias, item in self.inputs.items():
            check_alias(alias)
            if item.via is not None:
                self._reached(alias, item, item.via)
            widths = {len(item.on)} if item.on and item.via is None else {len(columns) for columns in item.any}
            if widths - {len(self.unit)}:
                raise ValueError(
                    f"input {alias}: needs {len(self.unit)} columns, those that carry {', '.join(self.unit)}"
                )
        if missing := sorted(set(self.unit) - set(self.columns)):
            raise ValueError(f"by: not among the columns: {', '.join(missing)}")
        if missing := sorted(set(self.partition) - set(self.columns)):
            raise ValueError(f"partition: not among the columns: {', '.join(missing)}")
        return self

    def _reached(self, alias: str, item: Input, via: str) -> None:
        carrier = self.inputs.get(via)
        if carrier is None or not carrier.on or carrier.via is not None:
            raise ValueError(f"input {alias}: via '{via}' must name an input that has on, and no via itself")
        if len(item.via_on or item.on) != len(item.on):
            raise ValueError(f"input {alias}: via_on needs as many columns as on: {', '.join(item.on)}")


Contract = CollectedContract | DerivedContract
