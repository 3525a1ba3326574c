"""The project's own tables on real Spark and Delta: a first night, and a nasty one through every contract there is.

A month later records have moved to other people, changed, been deleted, come back and been added; people lose all that was known of
them, and dates have passed. After that every derived table equals the rebuilt one, and nothing is left to do.
"""

import os
from collections import defaultdict
from collections.abc import Iterable
from types import SimpleNamespace

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from citylake.contract.catalog import load_catalog
from citylake.contract.linked import kind_id
from citylake.contract.model import DerivedContract
from citylake.delta.difference import changed_units
from citylake.delta.input_version import of_part
from citylake.delta.sql_text import quoted
from citylake.delta.tables import at_version, derived_columns
from citylake.engine.derived.evaluate import with_date
from citylake.engine.run.context import Context
from citylake.lake import open_lake
from citylake.ledger.runs.tables import table_state
from citylake.resolve.tables import crosswalk
from citylake.settings import PROJECT_ROOT, Settings
from tests.promises.city import NIGHTS, City, Resource
from tests.promises.selects import select_of, tables_with_select, transforms
from tests.promises.untouched import Untouched

ASKED = "CITYLAKE_NASTY_NIGHT" in os.environ
CATALOG = load_catalog()
SELECTS = tables_with_select(CATALOG, PROJECT_ROOT)
TRANSFORMS = transforms(CATALOG, PROJECT_ROOT)


@pytest.mark.skipif(not ASKED, reason="costs minutes of both cores: ask for it with CITYLAKE_NASTY_NIGHT=1")
def test_every_table_equals_the_rebuilt_one_after_a_nasty_night(lake_of_module: Settings, spark: SparkSession) -> None:
    city = City(open_lake(lake_of_module), spark)
    written = {contract.name: Resource(city.catalog, contract).nights() for contract in city.catalog.collected}
    for number, city.day in enumerate(NIGHTS):
        for contract in city.catalog.collected:
            city.write(contract, written[contract.name][number])
        made = city.make_all()
        _check_second_run(city)
    still = [name for name, result in made.items() if result.state == "unchanged"]
    assert not still, f"the nasty night does not move {', '.join(still)}: make city.py nastier"
    _check_rebuild(city)
    _check_same_people(city)


def _check_second_run(city: City) -> None:
    """Nothing moved: every table says so, and Spark is not asked at all."""
    idle = City(city.lake, Untouched.session(), city.day)
    states = {contract.name: idle.run(contract.name).state for contract in city.catalog.derived}
    assert {name for name, state in states.items() if state != "unchanged"} == set()


def _check_rebuild(city: City) -> None:
    """Everything is evaluated anew: no unit differs; rebuilding for good, where a query cannot say it, writes nothing."""
    wrong = {name: f"{count} units" for name in SELECTS if (count := _differing_units(city, name))}
    for name in [*TRANSFORMS, SELECTS[-1]]:
        result = city.run(name, rebuild=True)
        if result.state != "unchanged":
            wrong[name] = str(result.counts)
    assert not wrong, f"on {city.day} the incremental tables differ from the rebuilt ones: {wrong}"


def _differing_units(city: City, table: str) -> int:
    contract, text = select_of(city.catalog, PROJECT_ROOT, table)
    for alias, item in contract.inputs.items():
        of_part(_present(city, item.table), item).createOrReplaceTempView(alias)
    columns = [F.col(quoted(column.name)).cast(column.type) for column in derived_columns(contract)]
    made = city.spark.sql(with_date(text, city.day)).select(*columns).dropna(subset=list(contract.unit))
    present = _present(city, table).select(*[quoted(column.name) for column in derived_columns(contract)])
    return changed_units(made, present, contract.unit).count()


def _check_same_people(city: City) -> None:
    """Resolved from nothing, with no previous crosswalk, the same subjects are the same people under other ids."""
    for name in city.catalog.crosswalks.values():
        contract = city.catalog.contract(name)
        assert isinstance(contract, DerivedContract)
        present, id_name = _present(city, name), contract.key[0]
        context = Context(city.lake, city.spark, city.day)
        run = SimpleNamespace(
            spark=city.spark,
            business_date=city.day,
            contract=contract,
            catalog=city.catalog,
            lake=city.lake,
            versions=context.standing_of(contract).inputs,
            present=None,
            scratch=f"{city.lake.settings.lake_uri}/_staging/from_nothing",
        )
        columns = (id_name, kind_id(next(kind for kind, table in city.catalog.crosswalks.items() if table == name)))
        anew = crosswalk.transform({}, run)  # type: ignore[arg-type]
        assert _groups(anew.select(*columns).collect()) == _groups(present.select(*columns).collect())


def _present(city: City, table: str) -> DataFrame:
    state = table_state(city.lake.ledger, table)
    assert state is not None
    assert state.version is not None
    return at_version(city.spark, city.lake.location(table), state.version)


def _groups(rows: Iterable[tuple[str, str]]) -> set[frozenset[str]]:
    """Return the subjects of each person, whatever the person is called."""
    found: dict[str, set[str]] = defaultdict(set)
    for subject, person in rows:
        found[person].add(subject)
    return {frozenset(subjects) for subjects in found.values()}
