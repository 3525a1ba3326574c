"""What a SELECT promises: it fits its contract, and a unit's rows depend on input rows of that unit only.

Judged without Spark, from the text and the contracts. **Refused although it may be right**, because it cannot be judged:

- a subquery in an expression (scalar, IN, EXISTS) over a keyed input: join instead;
- LIMIT, ROLLUP, CUBE, GROUPING SETS, GROUP BY ALL, PIVOT, TABLESAMPLE, VERSION AS OF, NATURAL, BY NAME, functions in FROM;
- a unit carried by anything but a plain column, or a COALESCE of columns that are joined;
- a join whose equalities stand under OR, or between tuples.

**Not judged**, left to test cases and to the comparison of incremental with rebuilt tables:

- whether ``_recheck_on`` is the right day, and whether each unit of the driving input has a row;
- order where it decides a value: FIRST, ANY_VALUE, COLLECT_LIST, a ROW_NUMBER with ties;
- types, and columns an input does not have: Spark says so when the table runs;
- Python transforms.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from citylake.contract.catalog import Catalog
from citylake.contract.engine_columns import engine_columns
from citylake.contract.model import CollectedContract, Contract, DerivedContract
from citylake.contract.select_units import SelectError, UnitFlow

CHANGING = frozenset(
    {
        "now",
        "curdate",
        "current_date",
        "current_time",
        "current_timestamp",
        "localtimestamp",
        "current_timezone",
        "current_user",
        "current_database",
        "current_catalog",
        "current_schema",
        "session_user",
        "user",
        "rand",
        "random",
        "randn",
        "randstr",
        "uniform",
        "uuid",
        "shuffle",
        "java_method",
        "reflect",
        "monotonically_increasing_id",
        "spark_partition_id",
        "input_file_name",
        "input_file_block_start",
        "input_file_block_length",
        "version",
    }
)
"""Functions that say something else each time they are asked."""
DATE = "business_date"
RECHECK = "_recheck_on"


def refusals(contract: DerivedContract, text: str, columns: Mapping[str, Sequence[str]]) -> list[str]:
    """Return why a SELECT may not make a table; empty when it may.

    Args:
        contract: the derived table.
        text: its SELECT, in Spark SQL.
        columns: the columns of each input, by alias.
    """
    try:
        statements = sqlglot.parse(text, read="spark")
    except SqlglotError as error:
        detail = getattr(error, "errors", None) or [{}]
        told = f"{detail[0].get('description', type(error).__name__)} (line {detail[0].get('line', '?')})"
        return [f"{contract.name}: the SELECT cannot be read: {told}"]
    if len(statements) != 1 or not isinstance(query := statements[0], exp.Select | exp.SetOperation):
        return [f"{contract.name}: write exactly one SELECT"]
    found = [f"{contract.name}: {told}" for told in _surface(contract, query)]
    if not found:
        try:
            UnitFlow.over(contract, columns).check(query)
        except SelectError as error:
            found = [str(error)]
    return found


def check_transforms(catalog: Catalog, jobs: Path) -> list[str]:
    """Return why the transforms of all derived tables may not make them: one each, and SELECTs that keep their promises.

    Args:
        catalog: all contracts.
        jobs: folder below which ``<layer>/<domain>/<thing>.sql`` or ``.py`` lie.
    """
    return [told for contract in catalog.derived for told in _of_table(catalog, contract, jobs)]


def input_columns(catalog: Catalog, contract: DerivedContract) -> dict[str, tuple[str, ...]]:
    """Return the columns a SELECT may read of each input, engine columns of clean tables included."""
    return {alias: _columns(catalog.contract(item.table)) for alias, item in contract.inputs.items()}


def _of_table(catalog: Catalog, contract: DerivedContract, jobs: Path) -> Iterator[str]:
    if (text := catalog.generated_select(contract)) is not None:
        yield from refusals(contract, text, input_columns(catalog, contract))
    stem = jobs / contract.layer / contract.domain / contract.thing
    place = f"jobs/{contract.layer}/{contract.domain}/{contract.thing}"
    files = [path for path in (stem.with_suffix(".sql"), stem.with_suffix(".py")) if path.exists()]
    if contract.maker is not None or text is not None:
        yield from (f"{contract.name}: the resolver makes it: take {place}{path.suffix} out" for path in files)
    elif len(files) != 1:
        yield f"{contract.name}: needs exactly one of {place}.sql and {place}.py; there are {len(files)}"
    elif files[0].suffix == ".sql":
        yield from refusals(contract, files[0].read_text("utf-8"), input_columns(catalog, contract))


def _columns(contract: Contract) -> tuple[str, ...]:
    added = engine_columns(contract) if isinstance(contract, CollectedContract) else ()
    return (*contract.columns, *added)


def _surface(contract: DerivedContract, query: exp.Query) -> Iterator[str]:
    """What needs no thought about units."""
    yield from _names(contract, query)
    yield from _roles(contract, query)
    yield from _stars(query)
    yield from _changing(query)
    yield from _parameters(contract, query)
    yield from _outputs(contract, query)


def _names(contract: DerivedContract, query: exp.Query) -> Iterator[str]:
    known = {name.lower() for name in contract.inputs}
    ctes = {cte.alias.lower() for cte in query.find_all(exp.CTE)}
    read = set()
    for table in query.find_all(exp.Table):
        name = table.name.lower()
        if table.db or not isinstance(table.this, exp.Identifier) or name not in known | ctes:
            named = table.sql("spark")[:60]
            yield f"FROM {named}: neither an input nor a common table expression; inputs are {', '.join(contract.inputs)}"
        read.add(name)
    for alias in contract.inputs:
        if alias.lower() not in read:
            yield f"input {alias} is never read: use it in the SELECT or take it out of the contract"
    for cte in sorted(ctes - read):
        yield f"{cte} is never read: take it out"


def _roles(contract: DerivedContract, query: exp.Query) -> Iterator[str]:
    known = {name.lower() for name in contract.inputs}
    seen: set[str] = set()
    for cte in query.find_all(exp.CTE):
        name = cte.alias.lower()
        if name in known or name in seen:
            yield f"{name} is a common table expression and {'an input' if name in known else 'another one'}: rename it"
        seen.add(name)
    if any(clause.args.get("recursive") for clause in query.find_all(exp.With)):
        yield "WITH RECURSIVE cannot be judged: write a transform in Python"
    for source in query.find_all(exp.Table, exp.Subquery, exp.Values, exp.Lateral):
        name = source.alias.lower()
        if name in known | seen and not (isinstance(source, exp.Table) and source.name.lower() == name):
            yield f"{name} names an input or common table expression and something else as well: rename the latter"


def _stars(query: exp.Query) -> Iterator[str]:
    for star in query.find_all(exp.Star):
        if not isinstance(star.parent, exp.Count):
            of = star.parent.table if isinstance(star.parent, exp.Column) else ""
            yield f"SELECT {of + '.' if of else ''}*: name the columns"


def _changing(query: exp.Query) -> Iterator[str]:
    for call in query.find_all(exp.Func):
        names = [call.name] if isinstance(call, exp.Anonymous) else call.sql_names()
        if found := CHANGING & {name.lower() for name in names}:
            yield f"{min(found)}() says something else each time: use :{DATE}, or a hash of the key"


def _parameters(contract: DerivedContract, query: exp.Query) -> Iterator[str]:
    uses_date = False
    for node in query.find_all(exp.Placeholder, exp.Parameter, exp.SessionParameter):
        if isinstance(node, exp.Placeholder) and node.name == DATE and not node.args.get("widget"):
            uses_date = True
        else:
            yield f"parameter {node.sql('spark')}: the only one is :{DATE}"
    if any("${" in literal.name for literal in query.find_all(exp.Literal)):
        yield f"${{…}} is filled in from the session: the only parameter is :{DATE}"
    if uses_date and RECHECK not in contract.columns:
        yield f":{DATE} without {RECHECK}: give out the day on which the row changes by time alone, and declare the column"


def _outputs(contract: DerivedContract, query: exp.Query) -> Iterator[str]:
    made = [name.lower() for name in query.named_selects]
    wanted = [name.lower() for name in contract.columns]
    if missing := [name for name in wanted if name not in made]:
        yield f"the SELECT does not give out {', '.join(missing)}: add it, or take it out of the contract"
    if strange := [name or "an expression without a name" for name in made if name not in wanted]:
        yield f"the contract has no column {', '.join(strange)}: declare it with a label and a grade, or take it out"
    if twice := sorted({name for name in made if name and made.count(name) > 1}):
        yield f"the SELECT gives out {', '.join(twice)} twice: once is enough"
