"""What a table means: what decides its rows, and nothing of other tables."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from citylake.contract.catalog import load_catalog
from citylake.contract.files import ContractLoader
from citylake.contract.model import DerivedContract
from citylake.engine.run.meaning import meaning
from citylake.engine.transforms import transform_module
from citylake.lake import Lake, open_lake
from citylake.ledger.people.overrides import add_override
from citylake.settings import PROJECT_ROOT, Settings
from citylake.spelling import parts_of, table_of

VEHICLES = "transport.operating_vehicle"
KIND: dict[str, Any] = {
    "kind": "vehicle", "noun": "车辆", "counter": "辆", "owner": "transport",
    "id": {"prefix": "V", "digits": 24, "number": "[0-9A-HJ-NPR-Z]{17}"},
    "anchors": [{"source": VEHICLES, "role": "self"}], "guard": [["registration_no"]],
}  # fmt: skip
GIVEN = {"source": VEHICLES, "column": "county_code"}
GOLDEN: dict[str, Any] = {
    "title": "车辆基础信息", "grain": "一辆车一行", "owner": "transport", "key": ["vehicle_id"],
    "columns": {"vehicle_id": {"label": "车辆标识", "grade": "L2"}}, "golden": {"county_code": {}},
}  # fmt: skip


class Copy:
    """The project's contracts and transforms, to be changed."""

    def __init__(self, settings: Settings, root: Path) -> None:
        shutil.copytree(PROJECT_ROOT / "schemas", root / "schemas")
        for layer in ("base", "topic", "special"):
            shutil.copytree(PROJECT_ROOT / "jobs" / layer, root / "jobs" / layer)
        self.root, self.settings = root, settings.model_copy(update={"project": root})

    def meanings(self) -> dict[str, str]:
        lake = self.lake()
        try:
            return {contract.name: meaning(lake, contract) for contract in lake.catalog.contracts.values()}
        finally:
            lake.ledger.dispose()

    def lake(self) -> Lake:
        load_catalog.cache_clear()
        return open_lake(self.settings)

    def say(self, path: str, **more: Any) -> None:
        """Add keys to a file; dictionaries that are there already get the new ones beside theirs."""
        file = self.root / "schemas" / path
        said = yaml.load(file.read_text("utf-8"), Loader=ContractLoader) if file.exists() else {}
        for key, value in more.items():
            said[key] = {**said[key], **value} if isinstance(said.get(key), dict) else value
        file.parent.mkdir(exist_ok=True)
        file.write_text(yaml.safe_dump(said, allow_unicode=True, sort_keys=False), "utf-8")


@pytest.fixture
def copy(settings: Settings, tmp_path: Path) -> Iterator[Copy]:
    yield Copy(settings, tmp_path / "project")
    load_catalog.cache_clear()


def others(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """Return the tables of before that mean something else now."""
    return {name for name, said in before.items() if after[name] != said}


def add_vehicles(copy: Copy) -> None:
    copy.say(
        "clean/transport/operating_vehicle.yml",
        identity={"vehicle": {"self": {"id_no": "vin", "registration_no": "plate_no"}}},
    )
    given = [{"field": "county_code", "given": [GIVEN], "choices": [{"pick": "most_recent"}]}]
    copy.say("base/vehicle/resolve.yml", **KIND, survivorship={"vehicle": given})
    copy.say("base/vehicle/vehicle.yml", **GOLDEN)


def test_an_identity_of_one_kind_rebuilds_nothing_of_the_other_kinds(copy: Copy) -> None:
    before = copy.meanings()
    add_vehicles(copy)
    after = copy.meanings()
    assert others(before, after) == {table_of(VEHICLES), table_of(VEHICLES, "linked")}
    made = {parts_of(name).thing for name in set(after) - set(before)}
    assert made == {"subject", "override", "crosswalk", "event", "review", "vehicle", "vehicle_comparison", "agreement"}


def test_another_role_of_a_kind_rebuilds_its_subjects_and_no_other_kinds(copy: Copy) -> None:
    add_vehicles(copy)
    before = copy.meanings()
    copy.say("clean/public_security/driving_licence.yml", identity={"vehicle": {"driven": {"id_no": "file_no"}}})
    moved = others(before, copy.meanings())
    assert moved == {
        "clean.public_security__driving_licence",
        "linked.public_security__driving_licence",
        "base.vehicle__subject",
    }


def test_survivorship_rebuilds_what_it_chooses_and_not_who_is_who(copy: Copy) -> None:
    before = copy.meanings()
    path = copy.root / "schemas/base/population/resolve.yml"
    text = path.read_text("utf-8")
    path.write_text(
        text.replace("- {pick: majority}\n        - {pick: most_recent}", "- {pick: most_recent}", 1), "utf-8"
    )
    assert others(before, copy.meanings()) == {"base.population__person", "base.population__person_comparison"}


def test_a_rule_rebuilds_the_crosswalk_and_a_word_nothing(copy: Copy) -> None:
    before = copy.meanings()
    path = copy.root / "schemas/base/population/resolve.yml"
    path.write_text(path.read_text("utf-8").replace("noun: 人员", "noun: 居民").replace("# ", "#  "), "utf-8")
    assert others(before, copy.meanings()) == set()
    path.write_text(path.read_text("utf-8").replace("birth_distance: 2", "birth_distance: 1"), "utf-8")
    assert others(before, copy.meanings()) == {"base.population__crosswalk"}


def test_what_people_decide_moves_the_decisions_of_their_library(copy: Copy) -> None:
    before, lake = copy.meanings(), copy.lake()
    add_override(
        lake.ledger,
        library="population",
        subject_id="s1",
        other_subject_id="s2",
        decision="must_link",
        actor="clerk",
        reason="x",
    )
    lake.ledger.dispose()
    assert others(before, copy.meanings()) == {"base.population__override"}


def test_a_successor_of_a_code_rebuilds_what_follows_it(copy: Copy) -> None:
    before = copy.meanings()
    path = copy.root / "schemas/codes/division.csv"
    text = path.read_text("utf-8")
    old = next(row for row in text.splitlines()[1:] if row.rsplit(",", 1)[1])
    path.write_text(text.replace(old, f"{old.rsplit(',', 1)[0]},370102"), "utf-8")
    assert others(before, copy.meanings()) == {"base.population__person", "base.population__person_comparison"}


def test_a_transform_in_python_is_loaded_from_its_place_and_anew_when_it_changes(copy: Copy) -> None:
    (copy.root / "jobs/topic/social_security/person_benefit.sql").unlink()
    path = copy.root / "jobs/topic/social_security/person_benefit.py"
    path.write_text("def transform(inputs, run):\n    return 1\n", "utf-8")
    lake = copy.lake()
    contract = lake.catalog.contract("topic.social_security__person_benefit")
    assert isinstance(contract, DerivedContract)
    assert transform_module(contract, lake.transforms).transform({}, None) == 1
    before = copy.meanings()
    path.write_text("def transform(inputs, run):\n    # two are more\n    return 22\n", "utf-8")
    assert transform_module(contract, lake.transforms).transform({}, None) == 22
    assert others(before, copy.meanings()) == {contract.name}
    lake.ledger.dispose()
