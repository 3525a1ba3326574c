"""What inputs are called."""

import pytest

from citylake.contract.aliases import aliases
from citylake.contract.model import Input

REGISTER, MARRIAGE = "linked.police__register", "linked.affairs__marriage"


def read(table: str, *on: str, **said: str | tuple[str, ...]) -> Input:
    return Input.model_validate({"table": table, "on": on, **said})


@pytest.mark.parametrize(
    ("inputs", "called"),
    [
        ([read(REGISTER, "person_id"), read(MARRIAGE, "husband_id")], ["register", "marriage"]),
        (
            [read(REGISTER, "person_id"), read("clean.court__register", "person_id")],
            ["police_register", "court_register"],
        ),
        ([read(MARRIAGE, "husband_id"), read(MARRIAGE, "wife_id")], ["marriage_husband", "marriage_wife"]),
        (
            [read(REGISTER, "_self_subject"), read(REGISTER, "_father_subject"), read("clean.court__register", "person_id")],
            ["police_register_self", "police_register_father", "court_register"],
        ),
        (
            [read(REGISTER, "a", via="x", via_on=("_self_subject",)), read(REGISTER, "a", via="x", via_on=("owner_id",))],
            ["register_self", "register_owner"],
        ),
        ([read(REGISTER, "person_id", "pay_month"), Input(table=REGISTER, all=True)], ["register_person_pay_month", "register_all"]),
        (
            [Input(table=MARRIAGE, any=(("husband_id",), ("wife_id",))), read(MARRIAGE, "wife_id")],
            ["marriage_husband_wife", "marriage_wife"],
        ),
        (
            [read(REGISTER, "person_id", part="police.town"), read(REGISTER, "person_id", part="police.village")],
            ["register_person_police_town", "register_person_police_village"],
        ),
        ([read(REGISTER, "person_id", part="police.town")], ["register"]),
    ],
)  # fmt: skip
def test_an_input_is_called_what_it_is(inputs: list[Input], called: list[str]) -> None:
    assert aliases(inputs) == called
