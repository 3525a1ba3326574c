"""A contract whose promise is false is caught, in words that name table, unit and business date."""

import re
from pathlib import Path

import pytest

from tests.promises.false_promises import HONEST, LIES, TABLE, catalog_of
from tests.promises.play import play
from tests.promises.promise import PromiseBrokenError

MANY = 200


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_select_is_left_alone(name: str, tmp_path: Path) -> None:
    play(*catalog_of(tmp_path, HONEST[name]), HONEST[name].text)


@pytest.mark.parametrize("name", LIES)
def test_a_false_promise_is_caught_and_its_unit_named(name: str, tmp_path: Path) -> None:
    said, why = LIES[name]
    with pytest.raises(PromiseBrokenError) as caught:
        play(*catalog_of(tmp_path, said), said.text, examples=MANY, shrinks=False)
    unit = rf"{said.key[0]}=[abc]"
    assert re.match(rf"{re.escape(TABLE)}: unit {unit} on 202\d-\d\d-\d\d: ", str(caught.value))
    assert why in str(caught.value)
