"""Contracts as suites: what Great Expectations is asked about a table, all of it in one bundled aggregate.

Only expectation types that share one pass over the table are used. A rule that none of them can say becomes a boolean
column of the frame, true where a row is bad, and the expectation that it is false. Nothing here needs Spark, pandas or
Great Expectations.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from citylake.contract.model import DerivedContract
from citylake.contract.patterns import whole_value
from citylake.contract.rules import Action, Rule

Kind = Literal["values", "rows", "unique"]
Codes = Mapping[str, Mapping[str, str]]

MONTH = r"\d{4}-(?:0[1-9]|1[0-2])"
LISTED_CODES = 1000
"""Codes that an expectation carries itself; a longer list goes into a column of the frame."""
UNIQUE_ROWS = 5_000_000
"""Rows up to which distinct keys are counted here, the only check with a shuffle; beyond, the engine's check before the write counts."""


@dataclass(frozen=True)
class Check:
    """One question about a table.

    ``number`` is its place in the suite. ``expectation`` is a class of ``great_expectations.expectations`` and
    ``arguments`` what it takes. ``kind`` says what its answer counts: bad values, rows, distinct keys. ``column`` is the
    column to be prepared for it: of ``distinct``, one value for each distinct key, otherwise whether the row is bad.
    """

    number: int
    stated: Rule
    action: Action
    message: str
    kind: Kind
    expectation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    column: str = ""

    @property
    def rule(self) -> str:
        """The rule's name in results."""
        return self.stated.id

    @property
    def distinct(self) -> tuple[str, ...]:
        """Columns that must name one row."""
        return tuple(self.stated.arguments["columns"]) if self.kind == "unique" else ()

    @property
    def bad(self) -> Rule | None:
        """The rule that ``column`` is to say of each row, None if it says something else."""
        return self.stated if self.column and self.kind == "values" else None

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns of the table that it looks at."""
        return () if self.kind == "rows" else self.stated.reads

    def prepared(self) -> "Check":
        """Return the same question about rows, asked of a column that says which are bad."""
        name = f"_bad_{self.number}"
        told = {"column": name, "value_set": [False]}
        return replace(self, expectation="ExpectColumnValuesToBeInSet", arguments=told, column=name)


@dataclass(frozen=True)
class Suite:
    """All checks of one table, in the contract's order; ``columns`` are exactly those the table must have."""

    table: str
    columns: tuple[str, ...]
    checks: tuple[Check, ...]


def compile_suite(contract: DerivedContract, codes: Codes, *, rows: int | None = None) -> Suite:
    """Compile a contract.

    Beside its gate and warn rules a table promises: key columns are there and unique, coded columns hold codes of
    their list, months are months. Where the contract states the very same, what it does about it counts.

    Args:
        contract: the table.
        codes: code lists by name.
        rows: how many the table is known to have; above ``UNIQUE_ROWS`` distinct keys are not counted here.

    Raises:
        UnjudgedError: a rule judges no made table; contracts that state one are refused.
    """
    stated: list[tuple[Action, Rule]] = [("gate", rule) for rule in contract.rules.gate]
    stated += [("warn", rule) for rule in contract.rules.warn]
    promised = [rule for rule in _promised(contract) if rule not in [one for _, one in stated]]
    if rows is not None and rows > UNIQUE_ROWS:
        promised = [rule for rule in promised if rule.name != "unique"]
    asked = [*[("gate", rule) for rule in promised], *stated]
    checks = (_check(number, action, rule, contract, codes) for number, (action, rule) in enumerate(asked))
    return Suite(contract.name, tuple(contract.columns), tuple(checks))


def _promised(contract: DerivedContract) -> Iterator[Rule]:
    for name in contract.key:
        yield Rule(name="not_null", column=name)
    yield Rule(name="unique", arguments={"columns": list(contract.key)})
    for name, column in contract.columns.items():
        if column.codes is not None:
            yield Rule(name="in_codes", column=name, arguments={"codes": column.codes})
        if column.type == "month":
            yield Rule(name="matches", column=name, arguments={"pattern": MONTH})


def _check(number: int, action: Action, rule: Rule, contract: DerivedContract, codes: Codes) -> Check:
    arguments = rule.judged_by(PREDICATES)(rule, codes)
    kind: Kind = "rows" if rule.name == "row_count" else "unique" if rule.name == "unique" else "values"
    check = Check(number, rule, action, contract.sentence(rule), kind, rule.kind.expectation, arguments or {})
    if kind == "rows":
        return check
    if kind == "unique":
        name = f"_unique_{number}"
        return replace(check, arguments={"column": name, **arguments}, column=name)
    return check.prepared() if arguments is None else replace(check, arguments={"column": rule.column, **arguments})


def _limits(rule: Rule, codes: Codes) -> dict[str, Any]:
    return {"min_value": rule.arguments.get("min"), "max_value": rule.arguments.get("max")}


def _in_codes(rule: Rule, codes: Codes) -> dict[str, Any] | None:
    listed = codes[rule.arguments["codes"]]
    return {"value_set": sorted(listed)} if len(listed) <= LISTED_CODES else None


def _matches(rule: Rule, codes: Codes) -> dict[str, Any]:
    return {"regex": whole_value(rule.arguments["pattern"])}


def _max_length(rule: Rule, codes: Codes) -> dict[str, Any]:
    # The expectation about lengths needs a pass of its own.
    return {"regex": rf"(?s)\A.{{0,{int(rule.arguments['length'])}}}\z"}


def _prepared(rule: Rule, codes: Codes) -> None:
    """Say that a column is prepared for it: no expectation says it."""


PREDICATES: Mapping[str, Callable[[Rule, Codes], Any]] = {
    "not_null": lambda rule, codes: {},
    "valid_id_no": _prepared,
    "valid_uscc": _prepared,
    "not_in_future": _prepared,
    "in_range": _limits,
    "matches": _matches,
    "max_length": _max_length,
    "not_before": _prepared,
    "in_codes": _in_codes,
    "agrees_with_id_no": _prepared,
    "row_count": _limits,
    "unique": lambda rule, codes: {"min_value": 1.0},
}
"""What the expectation of a rule is asked with; None where a prepared column is asked instead."""
