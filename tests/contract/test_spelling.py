"""How a resource and its tables are spelt."""

import pytest

from citylake.contract.catalog import load_catalog
from citylake.spelling import alias_of, check_resource, parts_of, resource_of, table_name, table_of

CATALOG = load_catalog()


def test_every_table_has_one_resource_and_every_resource_its_tables() -> None:
    for contract in CATALOG.contracts.values():
        layer, domain, thing = parts_of(contract.name)
        assert table_name(layer, domain, thing) == table_of(resource_of(contract.name), layer) == contract.name
    for clean in CATALOG.collected:
        assert table_of(clean.resource) == clean.name
        assert check_resource(clean.resource) == clean.resource == resource_of(table_of(clean.resource, "quarantine"))


def test_an_input_called_after_a_resource_has_no_dot() -> None:
    assert alias_of("civil_affairs.marriage") == "civil_affairs__marriage"
    assert alias_of("civil_affairs.marriage", "wife") == "civil_affairs__marriage__wife"


@pytest.mark.parametrize("name", ["tax__taxpayer", "clean.tax__taxpayer", "linked.tax__taxpayer"])
def test_a_tables_name_is_refused_with_the_right_spelling(name: str) -> None:
    with pytest.raises(ValueError, match=r"spelt <department>\.<resource>: write tax\.taxpayer$"):
        check_resource(name)


@pytest.mark.parametrize("name", ["", "tax", "tax.", ".taxpayer", "Tax.taxpayer", "tax.tax-payer", "a.b.c"])
def test_what_names_no_resource_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"spelt <department>\.<resource>$"):
        check_resource(name)
