"""The promise of a derived table, held against histories: incremental equals rebuilt, and a second run finds nothing to do."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from citylake.contract.model import DerivedContract
from tests.promises.histories import Step
from tests.promises.plan import Evaluate, Night, Plan, Row, Tables, Unit, named
from tests.promises.values import is_direct


class PromiseBrokenError(AssertionError):
    """A table's rows of a unit depend on more than the contract says."""


@dataclass(frozen=True)
class Promise:
    """One table's promise."""

    contract: DerivedContract
    evaluate: Evaluate

    def check(self, history: Sequence[Step]) -> None:
        """Play a history night by night.

        Raises:
            PromiseBrokenError: the incremental table differs from the rebuilt one; names table, unit and business date.
        """
        plan, other = Plan(self.contract, self.evaluate), Plan(self.contract, self._turned)
        before: Tables = {table: {} for table in history[0].tables}
        present: list[Row] = []
        for number, step in enumerate(history):
            night = plan.night(before, step.tables, present, step.day) if number else None
            rebuilt = other.rebuild(step.tables, step.day)
            if night is not None:
                self._compare(plan, night, rebuilt, step)
            self._check_key(rebuilt, step.day)
            self._check_settled(rebuilt, step.day)
            before, present = step.tables, rebuilt

    def _turned(self, inputs: Mapping[str, list[Row]], day: date) -> list[Row]:
        """Evaluate over the same rows in another order."""
        return self.evaluate({alias: rows[::-1] for alias, rows in inputs.items()}, day)

    def _compare(self, plan: Plan, night: Night, rebuilt: list[Row], step: Step) -> None:
        made, wanted = _by_unit(plan, night.rows), _by_unit(plan, rebuilt)
        for unit in sorted(made.keys() | wanted.keys(), key=repr):
            if _bag(made.get(unit, ())) != _bag(wanted.get(unit, ())):
                differing = "; ".join(self._differences(made.get(unit, ()), wanted.get(unit, ())))
                raise PromiseBrokenError(
                    f"{self.contract.name}: unit {self._shown(unit)} on {step.day}: {self._why(plan, night, unit, step)}. "
                    f"Incremental against rebuilt: {differing}"
                )

    def _why(self, plan: Plan, night: Night, unit: Unit, step: Step) -> str:
        turned = Plan(self.contract, self._turned).rebuild(step.tables, step.day)
        if _bag(turned) != _bag(plan.rebuild(step.tables, step.day)):
            return "the order in which rows come decides a value"
        if night.units is not None and unit in night.units:
            return "with the rows of the touched units alone it comes out otherwise than with all: it reads rows of other units"
        return (
            "no input row of this unit changed and its _recheck_on has not come, yet it comes out otherwise: "
            "it reads rows of other units, or the day without saying so in _recheck_on"
        )

    def _check_key(self, rows: list[Row], day: date) -> None:
        """Rows that the inputs' rules let through must never stop the whole table at its gate."""
        seen: set[Unit] = set()
        for row in rows:
            key = named(row, self.contract.key)
            if None in key or key in seen:
                raise PromiseBrokenError(
                    f"{self.contract.name}: unit {self._shown(named(row, self.contract.unit))} on {day}: its key "
                    f"{self._shown(key, self.contract.key)} is {'repeated' if key in seen else 'not whole'}: the gate would stop "
                    "the table for rows that its inputs may hold; leave them out, or forbid them where they are delivered"
                )
            seen.add(key)

    def _check_settled(self, rows: list[Row], day: date) -> None:
        for row in rows:
            if (due := row.get("_recheck_on")) is not None and due <= day:
                raise PromiseBrokenError(
                    f"{self.contract.name}: unit {self._shown(named(row, self.contract.unit))} on {day}: _recheck_on is {due}, "
                    "so that every further run of the same night would make it again; give out a later day or NULL"
                )

    def _differences(self, made: Sequence[Row], wanted: Sequence[Row]) -> Iterator[str]:
        key = self.contract.key
        left, right = ({named(row, key): row for row in rows} for rows in (made, wanted))
        for of_key in sorted(left.keys() | right.keys(), key=repr):
            if of_key not in left or of_key not in right:
                yield f"{self._shown(of_key, key)} only in the {'rebuilt' if of_key in right else 'incremental'} one"
                continue
            one, other = left[of_key], right[of_key]
            columns = [name for name in self.contract.columns if one[name] != other[name]]
            if columns:
                yield f"{self._shown(of_key, key)} in {', '.join(self._column(name, one, other) for name in columns)}"

    def _column(self, name: str, one: Row, other: Row) -> str:
        return name if is_direct(self.contract, name) else f"{name} ({one[name]} | {other[name]})"

    def _shown(self, values: Unit, names: Sequence[str] | None = None) -> str:
        said = zip(names or self.contract.unit, values, strict=True)
        return ", ".join(name if is_direct(self.contract, name) else f"{name}={value}" for name, value in said)


def _by_unit(plan: Plan, rows: Sequence[Row]) -> dict[Unit, list[Row]]:
    found: dict[Unit, list[Row]] = {}
    for row in rows:
        found.setdefault(plan.unit_of(row), []).append(row)
    return found


def _bag(rows: Sequence[Row]) -> Counter[Unit]:
    return Counter(tuple(row.values()) for row in rows)
