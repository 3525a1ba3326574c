"""Codes that are no longer given out stand for one of today."""

from pathlib import Path

import pytest

from citylake.contract.catalog import load_catalog
from citylake.contract.errors import ContractError


def code_list(root: Path, *lines: str) -> Path:
    (root / "codes").mkdir()
    (root / "codes" / "county.csv").write_text(
        "\n".join(["code,label,valid_from,valid_to,successor", *lines]) + "\n", "utf-8"
    )
    return root


def test_a_county_that_changed_twice_stands_for_what_it_is_today() -> None:
    division = load_catalog().successors["division"]
    assert (division["370728"], division["379007"], division["370729"]) == ("370782", "370782", "371121")
    assert "370782" not in division


def test_a_successor_has_to_be_a_code_of_the_list(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="county.csv: successor 9"):
        load_catalog(code_list(tmp_path, "1,甲县,,1986,9"))


def test_a_code_cannot_be_followed_by_itself(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="followed by itself"):
        load_catalog(code_list(tmp_path, "1,甲县,,1986,2", "2,乙县,,1990,1"))
