"""Cases of derived tables: a few rows of its inputs, and the rows the real transform must make of them.

``given/<alias>.yml`` lists rows of an input (columns left out are NULL; no file: no rows). ``expect.yml`` has ``business_date``
and ``rows``: each names the columns that matter and must fit exactly one result row; there may be no other rows unless
the case says ``partial: true``.
All cases of a table with one business date run as one query: values of the columns that carry units are kept apart by a
prefix with the case's name, which is taken off again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from citylake.contract.catalog import Catalog
from citylake.contract.model import DerivedContract, Input
from citylake.delta.tables import columns_of, derived_columns, quoted
from citylake.engine.derived.evaluate import with_date
from citylake.engine.transforms import select_text, transform_module

Row = dict[str, Any]
JOBS = Path(__file__).parents[2] / "jobs"
_MARK = "\u001f"


@dataclass(frozen=True)
class Case:
    """One folder."""

    table: str
    name: str
    given: Mapping[str, Sequence[Row]]
    business_date: date
    rows: Sequence[Row]
    is_partial: bool
    """Rows that nobody expected may come out as well."""


def all_cases(root: Path) -> list[Case]:
    """Return every case below a folder, in the order of their paths."""
    return [_read(path.parent) for path in sorted(root.glob("*/*/*/*/expect.yml"))]


def _read(folder: Path) -> Case:
    layer, domain, thing, name = folder.parts[-4:]
    expected = yaml.safe_load((folder / "expect.yml").read_text("utf-8"))
    given = {
        path.stem: yaml.safe_load(path.read_text("utf-8")) or [] for path in sorted((folder / "given").glob("*.yml"))
    }
    return Case(
        f"{layer}.{domain}__{thing}",
        name,
        given,
        expected["business_date"],
        expected["rows"] or [],
        expected.get("partial", False),
    )


class Results:
    """What every table makes of its cases."""

    def __init__(self, spark: SparkSession, catalog: Catalog, cases: Sequence[Case]) -> None:
        self._spark, self._catalog, self._cases = spark, catalog, cases
        self._made: dict[tuple[str, date], list[Row]] = {}

    def of(self, case: Case) -> list[Row]:
        """Return the rows a table makes of one case."""
        batch = (case.table, case.business_date)
        if batch not in self._made:
            mates = [item for item in self._cases if (item.table, item.business_date) == batch]
            self._made[batch] = self._run(mates)
        contract = self._contract(case.table)
        unit = contract.unit[0]
        own = f"{case.name}{_MARK}"
        return [_unmarked(row, own) for row in self._made[batch] if str(row[unit]).startswith(own)]

    def _contract(self, table: str) -> DerivedContract:
        contract = self._catalog.contract(table)
        assert isinstance(contract, DerivedContract)
        return contract

    def _run(self, cases: Sequence[Case]) -> list[Row]:
        contract = self._contract(cases[0].table)
        unknown = {alias for case in cases for alias in case.given} - set(contract.inputs)
        assert not unknown, f"{contract.name} has no input {', '.join(sorted(unknown))}"
        frames = {alias: self._frame(alias, item, contract, cases) for alias, item in contract.inputs.items()}
        return [row.asDict() for row in self._transformed(contract, frames, cases[0].business_date).collect()]

    def _frame(self, alias: str, item: Input, contract: DerivedContract, cases: Sequence[Case]) -> DataFrame:
        types = {column.name: column.type for column in columns_of(self._catalog.contract(item.table))}
        carriers = {name for columns in (item.on, *item.any) for name in columns[:1]}
        reached = [other.via_on or other.on for other in contract.inputs.values() if other.via == alias]
        carriers |= {name for columns in reached for name in columns}
        rows = []
        for case in cases:
            for row in case.given.get(alias, ()):
                strange = set(row) - set(types)
                assert not strange, f"{case.table} {case.name}: {alias} has no column {', '.join(sorted(strange))}"
                marked = {name: f"{case.name}{_MARK}{row[name]}" for name in carriers if row.get(name) is not None}
                rows.append([_text({**row, **marked}.get(name)) for name in types])
        texts = ", ".join(f"{quoted(name)} string" for name in types)
        frame = self._spark.createDataFrame(rows, texts)
        return frame.select(*[F.col(quoted(name)).cast(kind).alias(name) for name, kind in types.items()])

    def _transformed(
        self, contract: DerivedContract, frames: Mapping[str, DataFrame], business_date: date
    ) -> DataFrame:
        text = select_text(self._catalog, contract, JOBS)
        if text is not None:
            for alias, frame in frames.items():
                frame.createOrReplaceTempView(alias)
            made = self._spark.sql(with_date(text, business_date))
        else:
            run = SimpleNamespace(
                spark=self._spark, business_date=business_date, contract=contract, catalog=self._catalog
            )
            made = transform_module(contract, JOBS).transform(frames, run)
        return made.select(*[F.col(quoted(item.name)).cast(item.type) for item in derived_columns(contract)])


def check(case: Case, rows: Sequence[Row]) -> None:
    """Compare expected rows with those made.

    Raises:
        AssertionError: an expected row is met by none or several, or a row nobody expected came out.
    """
    left = list(rows)
    for wanted in case.rows:
        fitting = [row for row in left if all(_same(row[name], value) for name, value in wanted.items())]
        near = [{name: row[name] for name in wanted} for row in left]
        assert len(fitting) == 1, f"{len(fitting)} rows fit {wanted}; there are {near}"
        left.remove(fitting[0])
    assert case.is_partial or not left, f"nobody expected {left}"


def _same(made: object, wanted: object) -> bool:
    if isinstance(made, Decimal) and wanted is not None:
        return made == Decimal(str(wanted))
    return made == wanted


def _text(value: object) -> str | None:
    if value is None:
        return None
    return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)


def _unmarked(row: Row, own: str) -> Row:
    return {name: value.removeprefix(own) if isinstance(value, str) else value for name, value in row.items()}
