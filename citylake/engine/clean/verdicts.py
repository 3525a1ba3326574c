"""A delivery's counts and what its rules make of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from citylake.contract.model import CollectedContract
from citylake.contract.rules import Action, Rule, row_rules
from citylake.delta.errors import AccountingError, GateError
from citylake.delta.sql_text import quoted
from citylake.engine.check import warnings_counted
from citylake.engine.clean.changes import changes_counted, told
from citylake.engine.clean.lines import OUTCOMES
from citylake.engine.clean.recognised import Recognised
from citylake.engine.derived.gates import out_of_range
from citylake.ledger.runs.runs import RuleResult
from citylake.standards import signs
from citylake.words import CHANGES, FATES, changes_of


@dataclass(frozen=True)
class Tally:
    """All counts of one delivery.

    Attributes:
        lines: data lines of the delivery.
        outcomes: lines per outcome.
        unkeyed: lines whose key cannot be read; while there are any, nothing counts as vanished.
        rewrites: clean rows that will be written.
        vanished: live rows no line of the snapshot bears.
        live_before: live clean rows before.
        held: lines per quarantine rule.
        warned: lines per warn rule.
        changed: how many values reading changed, per rule and column.
        notes: what the parser noticed and took all the same, a sentence each.
        repeated: live rows after the delivery that share the values of another, per ``unique`` rule.
    """

    lines: int
    outcomes: Mapping[str, int]
    unkeyed: int
    rewrites: int
    live_before: int
    held: Mapping[str, int]
    warned: Mapping[str, int]
    vanished: int = 0
    changed: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    repeated: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls, contract: CollectedContract, seen: Mapping[str, Any], live_before: int, recognised: Recognised | None
    ) -> "Tally":
        """Build from what was observed while the lines were staged, and from those that needed no staging."""
        outcomes = {name: int(seen[name]) for name in OUTCOMES}
        named = {rule.id: int(seen[f"warn:{rule.id}"]) for rule in row_rules(contract.rules.warn)}
        same = recognised.lines if recognised is not None else 0
        return cls(
            lines=int(seen["lines"]) + same,
            outcomes=outcomes | {"unchanged": outcomes["unchanged"] + same},
            unkeyed=int(seen["unkeyed"]),
            rewrites=int(seen["rewrites"]),
            live_before=live_before,
            held={rule.id: int(seen[f"held:{rule.id}"]) for rule in contract.rules.quarantine},
            warned=recognised.warned if recognised is not None else named,
            changed=recognised.changed if recognised is not None else told(seen),
        )

    def with_absent(self, vanished: int, rows: int) -> "Tally":
        """Return the tally with the clean rows that change although no good line bears their key."""
        return replace(self, vanished=vanished, rewrites=self.rewrites + rows)

    @property
    def tells_all(self) -> bool:
        """Whether a snapshot tells every live row: each of its lines that is unchanged or an update is about one of them."""
        return self.outcomes["unchanged"] + self.outcomes["updated"] == self.live_before

    @property
    def live_after(self) -> int:
        """Live clean rows after: before + inserted - deleted - vanished."""
        return self.live_before + self.outcomes["inserted"] - self.outcomes["deleted"] - self.vanished

    def check_lines(self, table: str) -> None:
        """Raise AccountingError unless every line has exactly one outcome."""
        if sum(self.outcomes.values()) != self.lines:
            raise AccountingError(
                table, f"{self.lines} lines, but {sum(self.outcomes.values())} outcomes; nothing was written"
            )

    def receipt(self) -> dict[str, int]:
        """Return the counts as the receipt holds them."""
        return {
            "lines": self.lines,
            **self.outcomes,
            "vanished": self.vanished,
            "live_before": self.live_before,
            "live_after": self.live_after,
            **self.changed,
        }

    def sentence(self, contract: CollectedContract) -> str:
        """Return the receipt's sentence: what became of the lines and of their keys, in a clerk's words."""
        parts = [f"{FATES[name]} {count} 行" for name, count in self.outcomes.items() if count]
        if self.vanished:
            parts.append(f"上期有而本期无 {self.vanished} 条")
        if self.unkeyed:
            nothing_vanishes = "，本次不判断消失" if contract.mode == "snapshot" else ""
            parts.append(f"{self.unkeyed} 行主键无法读取{nothing_vanishes}")
        return "；".join(
            (f"共 {self.lines} 行：" + ("，".join(parts) if parts else "无数据行"), *self._keys(contract), *self.notes)
        )

    def _keys(self, contract: CollectedContract) -> list[str]:
        return [
            f"主键{contract.columns[column].label}有 {count} 行{CHANGES[rule]}"
            for rule, column, count in changes_of(self.changed)
            if column in contract.key and rule in signs.CHANGES
        ]


def verdicts(contract: CollectedContract, tally: Tally, *, enforce: bool) -> tuple[RuleResult, ...]:
    """Return the verdict of every rule of the contract.

    Args:
        contract: the rules.
        tally: the delivery's counts.
        enforce: whether a failed gate stops the delivery; False after a person's decision.

    Raises:
        GateError: a gate failed and is enforced.
    """
    results = [_result(contract, rule, "quarantine", tally, tally.held[rule.id]) for rule in contract.rules.quarantine]
    for rule in contract.rules.warn:
        broken = tally.warned[rule.id] if rule.id in tally.warned else rule.judged_by(WHOLE)(rule, tally)
        results.append(_result(contract, rule, "warn", tally, broken))
    results += [
        _result(contract, rule, "gate", tally, rule.judged_by(WHOLE)(rule, tally)) for rule in contract.rules.gate
    ]
    results += [
        RuleResult(
            f"{rule}:{column}", "warn", "warn", tally.lines, count, f"{contract.columns[column].label}{CHANGES[rule]}"
        )
        for rule, column, count in changes_of(tally.changed)
    ]
    failed = tuple(item.message for item in results if item.verdict == "fail")
    if failed and enforce:
        raise GateError(contract.name, failed, tally.receipt())
    return tuple(results)


def _result(contract: CollectedContract, rule: Rule, action: Action, tally: Tally, broken: int) -> RuleResult:
    found = "fail" if action == "gate" else "warn"
    return RuleResult(rule.id, action, found if broken else "pass", tally.lines, broken, contract.sentence(rule))  # type: ignore[arg-type]


def _vanished(rule: Rule, tally: Tally) -> int:
    return int(tally.vanished * 100 > rule.arguments["max_percent"] * max(1, tally.live_before))


def _quarantined(rule: Rule, tally: Tally) -> int:
    stopped = tally.outcomes["quarantined"] + tally.outcomes["unreadable"]
    return int(stopped * 100 > rule.arguments["max_percent"] * max(1, tally.lines))


WHOLE: Mapping[str, Callable[[Rule, Tally], int]] = {
    "row_count": lambda rule, tally: int(out_of_range(rule, tally.lines)),
    "unique": lambda rule, tally: tally.repeated[rule.id],
    "vanished": _vanished,
    "quarantined": _quarantined,
}
"""Rules about a whole delivery: by how much it breaks them."""


def observed(contract: CollectedContract) -> list[Column]:
    """Return every count that ``Tally.of`` wants of staged lines, taken in the pass that writes them."""
    rules = [*contract.rules.quarantine]
    # Asked first: looking through an array costs more than all the rest of a count.
    has_reasons = F.size("_reasons") > 0
    unkeyed = F.lit(False)
    for name in contract.key:
        unkeyed = unkeyed | F.col(quoted(name)).isNull()
    return [
        F.count(F.lit(1)).alias("lines"),
        *[F.count_if(F.col("_outcome") == name).alias(name) for name in OUTCOMES],
        F.count_if(unkeyed).alias("unkeyed"),
        F.count_if("_rewrite").alias("rewrites"),
        *[
            F.count_if(has_reasons & F.exists("_reasons", _has_rule(rule.id))).alias(f"held:{rule.id}")
            for rule in rules
        ],
        *warnings_counted(contract),
        *changes_counted(contract),
    ]


def _has_rule(rule: str) -> Callable[[Column], Column]:
    return lambda item: item["rule"] == F.lit(rule)
