"""Linked tables follow the crosswalk: who a record is about may change although the record does not."""

import pytest

from tests.engine.small_lake import SmallLake, contract, line

CROSSWALK = "base.population__crosswalk"


@pytest.fixture
def assigned(small: SmallLake) -> SmallLake:
    """A lake whose crosswalk is a plain table: a second resource says whose each record is."""
    identity = {"person": {"self": {"name": "name"}}}
    columns = contract("change")["columns"] | {"name": {"from": "MC", "direct": True}}
    small.write("clean/office/change.yml", contract("change", columns=columns, identity=identity))
    small.resolve_by_owner()
    small.drop("change_20260301.csv", [line("1"), line("2")])
    small.drop("snapshot_20260301.csv", [line("1", GSBH="P1"), line("2", GSBH="P2")])
    for table in ("clean.office__change", "clean.office__snapshot"):
        small.collect(table)
    for table in (CROSSWALK, "linked.office__change"):
        assert small.run(table).state == "written"
    return small


def test_a_record_follows_its_person_when_only_the_crosswalk_moves(assigned: SmallLake) -> None:
    linked = "linked.office__change"
    assert assigned.rows(linked, "record_no", "person_id") == [("1", "P1"), ("2", "P2")]
    assigned.drop("snapshot_20260302.csv", [line("1", GSBH="P1"), line("2", GSBH="P9")])
    assigned.collect("clean.office__snapshot")
    assert assigned.run(CROSSWALK).counts["written"] == 1
    result = assigned.run(linked)
    assert result.counts == {"units": 1, "changed_units": 1, "written": 1}
    assert assigned.rows(linked, "record_no", "person_id") == [("1", "P1"), ("2", "P9")]
    assert assigned.run(linked, rebuild=True).state == "unchanged"
