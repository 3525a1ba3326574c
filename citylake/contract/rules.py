"""The rules a contract may state: one row each. What judges them, in whatever engine, has a predicate per name and nothing more."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, model_validator

from citylake.contract.patterns import is_pattern

Action = Literal["quarantine", "warn", "gate"]
Made = Literal["collected", "derived"]
Place = tuple[Made, Action]
T = TypeVar("T")

_LINES: frozenset[Place] = frozenset({("collected", "quarantine"), ("collected", "warn")})
_DELIVERY: frozenset[Place] = frozenset({("collected", "warn"), ("collected", "gate")})
_TABLE: frozenset[Place] = frozenset({("derived", "warn"), ("derived", "gate")})
_TEXT = frozenset({"string", "month"})
_DAYS = frozenset({"date", "timestamp"})
_NUMBERS = frozenset({"int", "bigint", "double", "decimal"})


@dataclass(frozen=True)
class Kind:
    """One row of the table of rules.

    Attributes:
        sentence: what a clerk is told when it is broken; in braces stand labels of columns, and arguments.
        places: where it can be judged; anywhere else a contract is refused.
        about: single rows, or a delivery or table as a whole.
        types: column types it can be asked of; empty: every type.
        needed: arguments without which it says nothing.
        others: arguments it may have.
        expectation: what Great Expectations calls it; without one it is asked of a column that Spark prepares.
    """

    sentence: str
    places: frozenset[Place]
    about: Literal["rows", "whole"] = "rows"
    types: frozenset[str] = frozenset()
    needed: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    expectation: str = ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """All arguments it takes beside ``column``."""
        return (*self.needed, *self.others)


_ROWS = _LINES | _TABLE
_WHOLE = _DELIVERY | _TABLE
RULES: Mapping[str, Kind] = {
    "not_null": Kind("{label}不能为空", _ROWS, expectation="ExpectColumnValuesToNotBeNull"),
    "valid_id_no": Kind("{label}不是有效的公民身份号码", _ROWS, types=_TEXT),
    "valid_uscc": Kind("{label}不是有效的统一社会信用代码", _ROWS, types=_TEXT),
    "not_in_future": Kind("{label}晚于业务日期", _ROWS, types=_DAYS),
    "in_range": Kind(
        "{label}超出允许范围（{range}）", _ROWS, types=_NUMBERS, others=("min", "max"), expectation="ExpectColumnValuesToBeBetween"
    ),
    "matches": Kind(
        "{label}的格式不符合约定", _ROWS, types=_TEXT, needed=("pattern",), expectation="ExpectColumnValuesToMatchRegex"
    ),
    "max_length": Kind(
        "{label}超过 {length} 个字符", _ROWS, types=_TEXT, needed=("length",), expectation="ExpectColumnValuesToMatchRegex"
    ),
    "not_before": Kind("{label}早于{other}", _ROWS, types=_DAYS | _NUMBERS | {"month"}, needed=("other",)),
    "in_codes": Kind(
        "{label}的值不在代码表 {codes} 内", _ROWS, types=_TEXT, needed=("codes",), expectation="ExpectColumnValuesToBeInSet"
    ),
    "agrees_with_id_no": Kind("{label}与{id_no}不一致", _ROWS, types=frozenset({"date"}), others=("id_no",)),
    "row_count": Kind(
        "行数不在允许范围（{range}）", _WHOLE, "whole", others=("min", "max"), expectation="ExpectTableRowCountToBeBetween"
    ),
    "unique": Kind(
        "重复：{columns}", _WHOLE, "whole", needed=("columns",),
        expectation="ExpectColumnProportionOfUniqueValuesToBeBetween",
    ),
    "vanished": Kind("上一快照中的记录消失比例超过 {max_percent}%", _DELIVERY, "whole", needed=("max_percent",)),
    "quarantined": Kind("问题行比例超过 {max_percent}%", _DELIVERY, "whole", needed=("max_percent",)),
}  # fmt: skip
"""All rules there are; the order is that of the documentation."""
TYPE_LABELS = {
    "string": "文本",
    "int": "整数",
    "bigint": "整数",
    "double": "数值",
    "boolean": "是否值",
    "date": "有效日期",
    "timestamp": "有效时间",
    "month": "有效月份",
    "decimal": "有效数值",
}
"""What a value of a type is called to a clerk."""


class UnjudgedError(LookupError):
    """A rule has come where nothing judges it: a defect of the platform, since contracts that say such a thing are refused."""


class Rule(BaseModel):
    """One promise: ``{not_null: certificate_no}``, ``{in_range: {column: pay_amount, min: 0, max: 50000}}``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    column: str | None = None
    arguments: dict[str, Any] = {}

    @property
    def id(self) -> str:
        """The rule's name in results and receipts, unique among those of one action of a contract."""
        target = self.column or "_".join(self.arguments.get("columns", ()))
        return f"{self.name}:{target}" if target else self.name

    @property
    def kind(self) -> Kind:
        """Its row of the table."""
        return self.judged_by(RULES)

    @property
    def id_no(self) -> str:
        """Column that holds the identity number it asks about."""
        return str(self.column if self.name == "valid_id_no" else self.arguments.get("id_no", "id_no"))

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns whose values it looks at."""
        more = (self.arguments.get("other"), self.id_no if self.name == "agrees_with_id_no" else None)
        return tuple(name for name in (self.column, *more, *self.arguments.get("columns", ())) if name is not None)

    def judged_by(self, predicates: Mapping[str, T]) -> T:
        """Return what an engine has for this rule.

        Raises:
            UnjudgedError: it has nothing.
        """
        if self.name not in predicates:
            raise UnjudgedError(f"rule {self.id} cannot be judged here; judged are: {', '.join(predicates)}")
        return predicates[self.name]

    def sentence(self, labels: Mapping[str, str]) -> str:
        """Return what a clerk is told when it is broken, without any value.

        Args:
            labels: column -> its label.
        """
        named = {"label": self.column, "other": self.arguments.get("other"), "id_no": self.id_no}
        said = {word: labels.get(str(name), "") for word, name in named.items()}
        columns = "、".join(labels.get(name, "") for name in self.arguments.get("columns", ()))
        return self.kind.sentence.format_map(
            self.arguments | said | {"columns": columns, "range": _range(self.arguments)}
        )

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, value: object) -> object:
        if not isinstance(value, dict) or "name" in value:
            return value
        if len(value) != 1:
            raise ValueError("a rule is one name with its argument, as in {not_null: certificate_no}")
        ((name, argument),) = value.items()
        return {"name": name, **_arguments(_kind(name), name, argument)}

    @model_validator(mode="after")
    def _says_something(self) -> "Rule":
        kind = _kind(self.name)
        if kind.about == "rows" and self.column is None:
            raise ValueError(f"rule '{self.name}' needs a column")
        if missing := [name for name in kind.needed if name not in self.arguments]:
            raise ValueError(f"rule '{self.name}' needs {', '.join(missing)}")
        for name, value in self.arguments.items():
            is_right, wanted = _WANTED[name]
            if not is_right(value):
                raise ValueError(f"rule '{self.name}': {name} is {wanted}")
        low, high = self.arguments.get("min"), self.arguments.get("max")
        if "min" in kind.others and low is None and high is None:
            raise ValueError(f"rule '{self.name}' needs min, max or both")
        if low is not None and high is not None and low > high:
            raise ValueError(f"rule '{self.name}': min is greater than max, so everything would break it")
        return self


def _kind(name: str) -> Kind:
    if name not in RULES:
        raise ValueError(f"unknown rule '{name}'; known: {', '.join(RULES)}")
    return RULES[name]


def _arguments(kind: Kind, name: str, argument: object) -> dict[str, object]:
    if name == "unique" and isinstance(argument, str | list):
        return {"arguments": {"columns": [argument] if isinstance(argument, str) else argument}}
    if isinstance(argument, str):
        return {"column": argument}
    takes = [*(["column"] if kind.about == "rows" else []), *kind.arguments]
    if not isinstance(argument, dict):
        raise ValueError(f"rule '{name}' takes a column or {{{', '.join(takes)}}}")
    if unknown := sorted(set(argument) - set(takes)):
        raise ValueError(f"rule '{name}' does not take {', '.join(unknown)}; it takes {', '.join(takes)}")
    given = {key: value for key, value in argument.items() if key != "column"}
    return {"column": argument.get("column"), "arguments": given}


def _range(arguments: Mapping[str, Any]) -> str:
    low, high = arguments.get("min"), arguments.get("max")
    if low is not None and high is not None:
        return f"{low}～{high}"
    return f"不小于 {low}" if high is None else f"不大于 {high}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_names(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value)


_WANTED: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "min": (_is_number, "a number"),
    "max": (_is_number, "a number"),
    "max_percent": (lambda value: _is_number(value) and 0 <= float(str(value)) <= 100, "a number from 0 to 100"),
    "length": (lambda value: isinstance(value, int) and not isinstance(value, bool) and value > 0, "a whole number from 1"),
    "pattern": (
        is_pattern,
        r"a regular expression of literals, classes, groups '(…)' and '(?:…)', \d, \w, repetitions and '|', "
        "which every engine reads alike",
    ),
    "other": (lambda value: isinstance(value, str), "a column"),
    "id_no": (lambda value: isinstance(value, str), "a column"),
    "codes": (lambda value: isinstance(value, str), "a code list"),
    "columns": (_is_names, "one column or a list of columns"),
}  # fmt: skip


class Rules(BaseModel):
    """What happens to what a rule finds: lines are held back, counted, or the table is stopped."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    quarantine: tuple[Rule, ...] = ()
    """Row rules; a line that breaks one is held back."""
    warn: tuple[Rule, ...] = ()
    """Rules that are counted only."""
    gate: tuple[Rule, ...] = ()
    """Rules that stop the delivery or table before anything is written."""

    def check(self, made: Made, columns: Mapping[str, str], key: Iterable[str]) -> None:
        """Make sure that each rule is judged where it stands.

        Args:
            made: how the table comes about.
            columns: column -> its type.
            key: columns of the key.

        Raises:
            ValueError: a rule cannot be judged there, or says nothing.
        """
        actions: tuple[Action, ...] = ("quarantine", "warn", "gate")
        stated = [(action, rule) for action in actions for rule in getattr(self, action)]
        for action, rule in stated:
            if (made, action) not in rule.kind.places:
                raise ValueError(f"{action}: {rule.id} is not judged there: {_elsewhere(rule.kind, made)}")
            _check_columns(rule, columns)
            if rule.name == "unique" and set(key) <= set(rule.arguments["columns"]):
                raise ValueError(f"{action}: {rule.id} says nothing: the key is unique by itself; leave the rule out")
            if [(of, one.id) for of, one in stated].count((action, rule.id)) > 1:
                raise ValueError(f"{action}: {rule.id} stands twice: results could not be told apart; keep one")


def _elsewhere(kind: Kind, made: Made) -> str:
    there = [action for of, action in sorted(kind.places, reverse=True) if of == made]
    if not there:
        return "it judges deliveries only; leave it out"
    return f"move it to {' or '.join(sorted(there))}"


def _check_columns(rule: Rule, columns: Mapping[str, str]) -> None:
    if missing := [name for name in rule.reads if name not in columns]:
        raise ValueError(f"{rule.id}: not among the columns: {', '.join(missing)}")
    kinds = {name: columns[name].partition("(")[0] for name in rule.reads}
    types = rule.kind.types
    if rule.column is not None and types and kinds[rule.column] not in types:
        raise ValueError(f"{rule.id}: {kinds[rule.column]} cannot be judged by it; it takes {', '.join(sorted(types))}")
    if rule.name == "not_before" and len(set(kinds.values())) > 1:
        raise ValueError(f"{rule.id}: both columns need the same type")
    if rule.name == "agrees_with_id_no" and kinds[rule.id_no] != "string":
        raise ValueError(f"{rule.id}: {rule.id_no} holds no identity numbers")


def row_rules(rules: Iterable[Rule]) -> list[Rule]:
    """Return those rules that judge single rows."""
    return [rule for rule in rules if rule.kind.about == "rows"]
