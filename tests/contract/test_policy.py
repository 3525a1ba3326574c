"""What every contract, code list, department, transform and case of the project has to be."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from citylake.contract.aliases import aliases
from citylake.contract.catalog import LAYERS, SCHEMAS, contract_path, load_catalog
from citylake.contract.model import CollectedContract, Contract, DerivedContract
from citylake.contract.select import check_transforms
from citylake.delta.tables import columns_of
from citylake.settings import PROJECT_ROOT

JOBS = PROJECT_ROOT / "jobs"
CASES = PROJECT_ROOT / "tests" / "tables"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
NAMES_SOMEBODY = re.compile(r"(?:^|_)(?:id_no|name|phone|address|account_no|card_no)$")
WHO_IS_WHO = re.compile(
    r"^linked\.|__(subject|override|crosswalk|event|review|identity|contact|agreement|\w+_comparison)$"
    r"|^base\.(population__person|legal_entity__entity)$"
)
"""Tables whose inputs are generated or named by ``resolve.yml``."""
CATALOG = load_catalog()
BESIDE = {"resolve", "library"}
FILES = sorted(path for layer in LAYERS for path in (SCHEMAS / layer).glob("*/*.yml") if path.stem not in BESIDE)

NO_PERSON = frozenset({
    "allergy_name", "bank_name", "batch_name", "clinic_name", "court_name", "death_cause_name", "department_name", "diagnosis_name",
    "employer_name", "entity_name", "fund_account_no", "previous_employer_name", "skill_name", "unit_name",
    "funeral_home_name", "governing_unit_name", "institution_name", "investor_name", "issuer_name", "line_name", "niche_product_name",
    "police_station_name", "position_name", "prison_name", "stop_name", "tax_office_name",
})  # fmt: skip
"""Columns whose names are of firms, offices, places, things, illnesses and records of one office: the one list of what may break
the policy below, and a name that nothing needs fails."""


def title_grain_and_labels_are_chinese(contract: Contract) -> Iterator[str]:
    said = {"title": contract.title, "grain": contract.grain}
    said |= {name: column.label for name, column in contract.columns.items()}
    yield from (f"{contract.name}.{name}" for name, text in said.items() if not CHINESE.search(text))


def no_column_is_graded_above_its_table(contract: Contract) -> Iterator[str]:
    for name, column in contract.columns.items():
        if column.grade > contract.grade:
            yield f"{contract.name}.{name}"


def a_unit_is_part_of_the_key(contract: Contract) -> Iterator[str]:
    if isinstance(contract, DerivedContract):
        yield from (f"{contract.name}.{name}" for name in contract.unit if name not in contract.key)


def a_key_is_exact(contract: Contract) -> Iterator[str]:
    for name in contract.key:
        if contract.columns[name].type in ("double", "boolean"):
            yield f"{contract.name}.{name}"


def what_names_somebody_is_direct(contract: Contract) -> Iterator[str]:
    for name, column in contract.columns.items():
        somebody = NAMES_SOMEBODY.search(name) and name not in NO_PERSON
        if (somebody or column.element in DIRECT) and not column.direct:
            yield f"{contract.name}.{name}"


def a_record_can_still_be_named_above_the_border(contract: Contract) -> Iterator[str]:
    if isinstance(contract, CollectedContract):
        yield from (f"{contract.name}.{name}" for name in contract.key if contract.columns[name].direct)


def nothing_direct_stands_above_the_border(contract: Contract) -> Iterator[str]:
    if isinstance(contract, DerivedContract) and not contract.restricted:
        for name, column in contract.columns.items():
            if column.direct or name in DIRECT:
                yield f"{contract.name}.{name}"


def what_is_restricted_is_not_shared(contract: Contract) -> Iterator[str]:
    if isinstance(contract, DerivedContract) and contract.restricted and contract.share != "none":
        yield contract.name


def what_is_direct_is_graded_l3_at_least(contract: Contract) -> Iterator[str]:
    direct = {name: column.grade for name, column in contract.columns.items() if column.direct}
    yield from (f"{contract.name}.{name}" for name, grade in direct.items() if grade < "L3")
    if direct and contract.grade < "L3":
        yield contract.name


def what_is_left_out_has_a_chinese_reason(contract: Contract) -> Iterator[str]:
    if isinstance(contract, CollectedContract):
        yield from (f"{contract.name}.{name}" for name, why in contract.ignore.items() if not CHINESE.search(why))


def no_source_column_is_taken_twice_or_taken_and_left_out(contract: Contract) -> Iterator[str]:
    if isinstance(contract, CollectedContract):
        taken = [column.source or name for name, column in contract.columns.items()]
        yield from (f"{contract.name}.{name}" for name in {*taken} if taken.count(name) > 1 or name in contract.ignore)


def it_is_delivered_by_the_department_of_its_domain(contract: Contract) -> Iterator[str]:
    if isinstance(contract, CollectedContract) and contract.domain not in CATALOG.departments:
        yield contract.name


def only_the_resolver_linked_and_restricted_tables_read_below_the_border(contract: Contract) -> Iterator[str]:
    below = isinstance(contract, DerivedContract) and (contract.made_by == "resolver" or contract.restricted)
    if isinstance(contract, DerivedContract) and not below and contract.layer != "linked":
        for alias, item in contract.inputs.items():
            read = CATALOG.contract(item.table)
            if read.layer == "clean" or (isinstance(read, DerivedContract) and read.restricted):
                yield f"{contract.name}.{alias}"


def what_carries_units_is_a_column_of_its_input(contract: Contract) -> Iterator[str]:
    if isinstance(contract, DerivedContract) and contract.layer != "linked":
        for alias, item in contract.inputs.items():
            named = {name for columns in (item.on, *item.any) for name in columns}
            present = {column.name for column in columns_of(CATALOG.contract(item.table))}
            yield from (f"{contract.name}.{alias}.{name}" for name in named - present)


def inputs_are_called_what_they_are(contract: Contract) -> Iterator[str]:
    if isinstance(contract, DerivedContract) and not WHO_IS_WHO.search(contract.name):
        called = aliases([*contract.inputs.values()])
        yield from (
            f"{contract.name}.{alias}: {name}"
            for alias, name in zip(contract.inputs, called, strict=True)
            if alias != name
        )


DIRECT = {name for name, element in CATALOG.elements.items() if element.direct}
POLICIES: tuple[Callable[[Contract], Iterator[str]], ...] = (
    title_grain_and_labels_are_chinese,
    no_column_is_graded_above_its_table,
    a_unit_is_part_of_the_key,
    a_key_is_exact,
    what_names_somebody_is_direct,
    a_record_can_still_be_named_above_the_border,
    nothing_direct_stands_above_the_border,
    what_is_restricted_is_not_shared,
    what_is_direct_is_graded_l3_at_least,
    what_is_left_out_has_a_chinese_reason,
    no_source_column_is_taken_twice_or_taken_and_left_out,
    it_is_delivered_by_the_department_of_its_domain,
    only_the_resolver_linked_and_restricted_tables_read_below_the_border,
    what_carries_units_is_a_column_of_its_input,
    inputs_are_called_what_they_are,
)


def test_there_are_contracts_of_both_kinds_and_code_lists_to_look_at() -> None:
    assert FILES
    assert CATALOG.collected
    assert CATALOG.derived
    assert CATALOG.codes


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(SCHEMAS)) for path in FILES])
def test_every_contract_file_is_a_table_of_the_catalog(path: Path) -> None:
    layer, domain = path.parts[-3:-1]
    assert contract_path(CATALOG.contract(f"{layer}.{domain}__{path.stem}").name) == path


@pytest.mark.parametrize("policy", POLICIES, ids=[policy.__name__.replace("_", " ") for policy in POLICIES])
@pytest.mark.parametrize("table", CATALOG.contracts)
def test_every_contract_keeps(table: str, policy: Callable[[Contract], Iterator[str]]) -> None:
    assert list(policy(CATALOG.contract(table))) == []


def test_every_name_of_no_person_is_needed() -> None:
    shown = {name for item in CATALOG.contracts.values() for name, column in item.columns.items() if not column.direct}
    assert NO_PERSON - shown == set()


def test_a_direct_column_in_a_shown_table_would_be_seen() -> None:
    shown = CATALOG.contract("base.population__person")
    sex = CATALOG.contract("clean.public_security__household_register").columns["sex_code"]
    leaking = shown.model_copy(update={"columns": {**shown.columns, "name": sex}})
    assert list(nothing_direct_stands_above_the_border(leaking)) == ["base.population__person.name"]
    assert list(what_names_somebody_is_direct(leaking)) == ["base.population__person.name"]


def test_tables_come_after_all_they_read() -> None:
    order = list(CATALOG.contracts)
    late = [
        (contract.name, item.table)
        for contract in CATALOG.derived
        for item in contract.inputs.values()
        if order.index(item.table) > order.index(contract.name)
    ]
    assert late == []


def test_every_derived_table_has_one_transform_that_keeps_its_promises() -> None:
    assert check_transforms(CATALOG, JOBS) == []


def test_every_select_and_transform_makes_a_table() -> None:
    found = [path for layer in LAYERS for path in (JOBS / layer).glob("*/*") if path.suffix in (".sql", ".py")]
    found = [path for path in found if not path.stem.endswith(".reference")]
    tables = {table_of(path.parent / path.stem) for path in found}
    assert tables
    written = {contract.name for contract in CATALOG.derived if contract.generated is None and contract.maker is None}
    assert tables == written


def test_every_written_table_has_a_case_and_every_case_a_table() -> None:
    tested = {table_of(path.parent) for path in CASES.glob("*/*/*/*.yml")}
    written = {item.name for item in CATALOG.derived if item.generated is None}
    assert written <= tested <= {item.name for item in CATALOG.derived}


def test_what_is_generated_has_a_case_of_every_sort_that_is_made_of_rows_alone() -> None:
    tested = {table_of(path.parent) for path in CASES.glob("*/*/*/*.yml")}
    sorts = {item.generated for item in CATALOG.derived if item.name in tested}
    assert sorts - {None} == {"review", "comparison", "agreement", "identity"}


def test_a_case_is_one_file_beside_the_others_of_its_table() -> None:
    assert [str(path) for path in CASES.rglob("*.yml") if len(path.relative_to(CASES).parts) != 4] == []


def test_every_code_list_has_codes_with_chinese_labels_and_is_used() -> None:
    empty = [name for name, codes in CATALOG.codes.items() if not codes]
    assert empty == []
    unlabelled = [(name, code) for name, codes in CATALOG.codes.items() for code, label in codes.items() if not label]
    assert unlabelled == []
    used = {column.codes for contract in CATALOG.contracts.values() for column in contract.columns.values()}
    assert set(CATALOG.codes) - used == set()


def test_every_department_delivers_something_before_the_cutoff() -> None:
    minute, hour = (int(part) for part in cutoff().split()[:2])
    assert (hour, minute) > (0, 0)
    for department in CATALOG.departments.values():
        at = [int(part) for part in department.cron.split()[:2]]
        assert (0, 0) <= (at[1], at[0]) < (hour, minute), department.id
        assert CATALOG.of_department(department.id), department.id


def table_of(path: Path) -> str:
    return f"{path.parts[-3]}.{path.parts[-2]}__{path.parts[-1]}"


def cutoff() -> str:
    """Return the cron of the cut-off without importing Airflow."""
    tree = ast.parse((PROJECT_ROOT / "plugins" / "citylake_airflow" / "policy.py").read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "CUTOFF":
            return str(ast.literal_eval(node.value))
    raise AssertionError("the policy of the plugin names no CUTOFF")
