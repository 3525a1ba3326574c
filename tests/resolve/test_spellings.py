"""A name whose signs are written with other code points is the same person, and stays written as it was delivered."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from citylake.settings import Settings
from tests.engine.small_lake import SmallLake
from tests.resolve.small_city import deliver, line, people, small_city
from tests.resolve.test_identifiers import number

NUMBERS = [number(f"3707021980011{place}302") for place in range(4)]
PLAIN = ["王\u9fb4明", "士伟", "王小明", "買買提·艾力"]
STRANGE = ["王\ue81e明", "\u2f20伟", "王小\ufe00明", "買買提•艾力"]


@pytest.fixture(scope="module")
def small(lake_of_module: Settings, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> SmallLake:
    return small_city(lake_of_module, spark, tmp_path_factory.mktemp("project"))


def test_a_name_in_another_spelling_is_the_person_and_no_number_is_borrowed(small: SmallLake, tmp_path: Path) -> None:
    register = [
        line(str(place), XM=name, ZJHM=id_no, CSRQ=f"1980011{place}")
        for place, (name, id_no) in enumerate(zip(PLAIN, NUMBERS, strict=True))
    ]
    # Without a number only the name links; with one, a name that is another makes it a borrowed number.
    named = [line(str(place), XM=name, CSRQ=f"1980011{place}") for place, name in enumerate(STRANGE)]
    numbered = [
        line(str(4 + place), XM=name, ZJHM=id_no)
        for place, (name, id_no) in enumerate(zip(STRANGE, NUMBERS, strict=True))
    ]
    deliver(small, register=register, list=[*named, *numbered])
    found = people(small)
    for place in range(len(PLAIN)):
        assert found[f"register {place}"] == found[f"list {place}"] == found[f"list {4 + place}"], STRANGE[place]
    assert len(set(found.values())) == len(PLAIN)
    assert small.rows("base.population__review", "review_reason") == []
    # A variant's selector is a sign that nobody sees: reading takes it off, and says so.
    kept = [name.replace("\ufe00", "") for name in STRANGE]
    names = dict(small.rows("clean.office__list", "CAST(record_no AS INT)", "name"))
    assert [names[place] for place in range(8)] == [*kept, *kept]
