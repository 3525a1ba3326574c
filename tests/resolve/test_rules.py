"""Rules of the project's own ``resolve.yml`` on a few subjects."""

from datetime import date

from tests.resolve.town import DAY, Row, Town, person, spec_of

BORN = date(2026, 1, 15)
HOME = "东关街一号"


def children(*registered: Row) -> Town:
    """Return a town of registered children and a certificate of one without a name, born that day in that home."""
    town = Town(spec_of("population"))
    certificate = person("certificate", birth=BORN, context=HOME, sex="1")
    town.night(DAY, {row["subject_id"]: row for row in (certificate, *registered)}, whole=True)
    return town


def test_a_child_without_a_name_is_the_one_born_that_day_in_that_home() -> None:
    town = children(person("registered", is_anchor=True, name_key="张伟", birth=BORN, context=HOME, sex="1"))
    assert town.of("certificate")["part_key"] == "registered"
    assert town.of("certificate")["rule"] == "birth_context"


def test_of_twins_none_is_the_child_without_a_name() -> None:
    twins = [
        person(f"twin{number}", is_anchor=True, name_key=name, birth=BORN, context=HOME, sex="1")
        for number, name in enumerate(("张伟", "张威"))
    ]
    assert all(row["rule"] != "birth_context" for row in children(*twins).rows)


def test_a_child_of_the_other_sex_is_another() -> None:
    town = children(person("registered", is_anchor=True, name_key="张伟", birth=BORN, context=HOME, sex="2"))
    assert all(row["rule"] != "birth_context" for row in town.rows)
