"""The score over whole deliveries: a stand-in night in which the lake knows everything, then one in which it errs."""

from collections.abc import Callable
from datetime import date
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from city.delivery.deliver import truth_folder
from city.delivery.truth import PERSON
from city.score import Score, score
from city.score.cases import score_cases
from city.score.truth import NoTruthError, load_truth
from city.world.planting import libraries
from citylake.contract.catalog import load_catalog
from citylake.contract.linked import id_column, linked_name
from citylake.settings import Settings


class Night:
    """A published night made from the truth itself, in DuckDB."""

    def __init__(self, settings: Settings, day: date) -> None:
        self.day = day
        self.connection = duckdb.connect()
        self.folder = truth_folder(settings)
        for schema in ("linked", "base", "special"):
            self.connection.execute(f"CREATE SCHEMA {schema}")
        for contract in load_catalog().collected:
            if {"person", "legal_entity"} & set(contract.identity):
                self._linked(contract)
        self._libraries()

    def paths(self, folder: Path) -> dict[str, tuple[str, int]]:
        """Write the tables as Delta and return where they lie."""
        rows = self.connection.execute(
            "SELECT table_schema || '.' || table_name FROM information_schema.tables"
        ).fetchall()
        for (name,) in rows:
            write_deltalake(str(folder / name), self.connection.sql(f"FROM {name}").to_arrow_table())
        return {name: (str(folder / name), 0) for (name,) in rows}

    def _linked(self, contract: Any) -> None:
        resource = f"{contract.domain}.{contract.thing}"
        keys = ", ".join(
            f"split_part(record_key, '|', {place}) AS {name}" for place, name in enumerate(contract.key, start=1)
        )
        ids = ", ".join(
            f"any_value('{kind[0].upper()}' || person) FILTER (kind = '{kind}' AND role = '{role}') AS {id_column(kind, role)}"
            for kind in ("person", "legal_entity")
            for role in contract.identity.get(kind, {})
        )
        self.connection.execute(
            f"CREATE TABLE {linked_name(contract)} AS SELECT {keys}, {ids} FROM '{self.folder}/link/{resource}/*.parquet'"
            f" WHERE business_date <= '{self.day}' GROUP BY record_key"
        )

    def _libraries(self) -> None:
        self.connection.execute(
            "CREATE TABLE base.population__person AS SELECT 'P' || person AS person_id, sex_code, birth_date, death_date,"
            " life_state_code, marital_code"
            f" FROM '{self.folder}/person/*.parquet' QUALIFY row_number() OVER (PARTITION BY person ORDER BY business_date DESC) = 1"
        )
        self.connection.execute(
            "CREATE TABLE base.legal_entity__entity AS SELECT 'L' || firm AS entity_id, uscc, translate(name, '（）', '()') AS entity_name,"
            f" state AS entity_state_code FROM '{self.folder}/firm/*.parquet' WHERE business_date <= '{self.day}'"
            " QUALIFY row_number() OVER (PARTITION BY firm ORDER BY business_date DESC) = 1"
        )
        self.connection.execute(
            "CREATE TABLE special.silent_certification__evidence AS SELECT 'P' || number AS person_id, '2026-' || month AS pay_month,"
            " status AS certification_state_code, CASE WHEN status = 'dead' THEN event_date END AS death_date,"
            " CASE WHEN status = 'in_prison' THEN event_date END AS prison_from_date, end_date AS prison_to_date,"
            " latest_trace AS last_trace_date, source AS last_trace_source,"
            " CASE WHEN \"case\" = 'dead_with_later_traces' THEN '2026-11-01' END AS contradicting_trace_date,"
            " CASE WHEN month > 10 - months THEN amount::DECIMAL(18, 2) / months ELSE 0 END AS overpaid_amount,"
            " CASE WHEN months > 0 AND status = 'dead' THEN 'after_death' WHEN months > 0 THEN 'in_prison' END AS overpaid_reason_code"
            f" FROM '{self.folder}/case/silent_certification/*.parquet', range(1, 11) AS t(month) WHERE business_date = '{self.day}'"
        )

    def break_(self, statement: str) -> "Night":
        self.connection.execute(statement)
        return self


@pytest.fixture(autouse=True)
def only_libraries_that_the_night_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = {name: libraries()[name] for name in ("silent_certification", "legal_entity")}
    for module in ("score", "published", "truth"):
        monkeypatch.setattr(import_module(f"city.score.{module}"), "libraries", lambda: answered)


@pytest.fixture(scope="module")
def settings(make_city: Callable[..., Settings]) -> Settings:
    return make_city(1500, 2)


@pytest.fixture
def night(settings: Settings) -> Night:
    return Night(settings, date(2026, 11, 23))


def scored(settings: Settings, night: Night) -> Score:
    with TemporaryDirectory() as folder:
        return score(night.paths(Path(folder)), load_catalog(), truth_folder(settings), night.day)


def test_a_night_that_knows_everything_meets_every_target(settings: Settings, night: Night) -> None:
    found = scored(settings, night)
    assert (found.persons.precision, found.persons.recall, found.persons.missing_records) == (1.0, 1.0, 0)
    assert found.fine
    assert set(found.cases) == {"silent_certification", "legal_entity"}
    for one in found.cases.values():
        assert all(kind.exact == kind.found == kind.planted for kind in one.kinds.values() if not kind.decoy)
        assert one.precision == 1.0
    assert {field.share for field in found.golden.values()} == {1.0}
    assert set(found.persons.by_mistake) >= {"typo_id", "missing", "fifteen_digit_id", "borrowed_valid_id"}


def test_what_was_delivered_after_a_night_does_not_count_against_it(settings: Settings) -> None:
    assert scored(settings, Night(settings, date(2026, 11, 22))).fine


def test_visits_under_a_borrowed_number_put_to_its_holder_cost_precision(settings: Settings, night: Night) -> None:
    night.break_(
        "UPDATE linked.health__medical_visit SET person_id = 'P2' WHERE person_id <> 'P2' AND hash(visit_no) % 50 = 0"
    )
    found = scored(settings, night)
    assert not found.persons.fine
    assert found.persons.by_source["health.medical_visit"].precision < 0.99
    assert found.persons.by_source["hrss.pension_payment"].precision == 1.0


def test_a_night_without_a_table_is_not_fine(settings: Settings, night: Night) -> None:
    found = scored(settings, night.break_("DROP TABLE linked.civil_affairs__cremation"))
    assert (found.missing, found.fine) == (("linked.civil_affairs__cremation",), False)


def test_the_document_has_a_line_for_each_part(settings: Settings, night: Night) -> None:
    document = scored(settings, night).document()
    assert document["fine"]
    assert len(document["lines"]) == 8
    assert set(document["cases"]["silent_certification"]["kinds"]) >= {"jailed", "released"}
    assert set(document["cases"]["legal_entity"]["kinds"]) >= {"renamed", "branch_and_parent"}


def test_a_firm_under_its_old_name_is_a_case_that_was_missed(settings: Settings, night: Night) -> None:
    found = scored(settings, night.break_("UPDATE base.legal_entity__entity SET entity_name = '某某公司'"))
    kinds = found.cases["legal_entity"].kinds
    assert (kinds["renamed"].found, kinds["revoked_or_cancelled"].found) == (0, kinds["revoked_or_cancelled"].planted)
    assert kinds["revoked_or_cancelled"].exact == 0
    assert not found.fine


def test_a_firm_whose_line_in_the_register_is_held_back_cannot_be_asked_for(settings: Settings, night: Night) -> None:
    before = scored(settings, night).cases["legal_entity"].kinds["renamed"].planted
    connection = duckdb.connect()
    truth = truth_folder(settings)
    number = connection.execute(
        f"SELECT number FROM '{truth}/case/legal_entity/*.parquet' WHERE \"case\" = 'renamed' LIMIT 1"
    ).fetchall()[0][0]
    key = connection.execute(
        f"SELECT record_key FROM '{truth}/link/market_regulation.enterprise/*.parquet' WHERE role = 'self' AND person = {number}"
    ).fetchall()[0][0]
    cases = libraries()["legal_entity"]
    connection.execute(f"CREATE TABLE truth_legal_entity AS FROM '{truth}/case/legal_entity/20261123.parquet'")
    connection.execute(f"CREATE TABLE truth_link AS SELECT *, FROM '{truth}/link/*/*.parquet'")
    connection.execute(
        f"CREATE TABLE truth_error AS SELECT 'market_regulation.enterprise' AS resource, '{key}' AS record_key,"
        " 'code_outside_list' AS kind"
    )
    connection.execute("CREATE TABLE holder_of (kind VARCHAR, number BIGINT, found VARCHAR)")
    connection.execute(
        "CREATE TABLE legal_entity__entity (entity_id VARCHAR, uscc VARCHAR, name VARCHAR, state VARCHAR)"
    )
    found = score_cases(connection, "legal_entity", cases).kinds["renamed"]
    assert (found.planted, found.found) == (before - 1, 0)


def test_a_branch_put_to_its_company_is_a_decoy_that_was_reported(settings: Settings, night: Night) -> None:
    truth = night.folder / "case" / "legal_entity" / "*.parquet"
    (branch, company) = night.connection.execute(
        f"SELECT number, other FROM '{truth}' WHERE \"case\" = 'branch_and_parent' LIMIT 1"
    ).fetchall()[0]
    for table in ("enterprise", "entity_member", "annual_report", "entity_change"):
        night.break_(
            f"UPDATE linked.market_regulation__{table} SET entity_id = 'L{company}' WHERE entity_id = 'L{branch}'"
        )
    for table in ("tax__taxpayer", "development_reform__credit_penalty", "development_reform__credit_list"):
        night.break_(f"UPDATE linked.{table} SET entity_id = 'L{company}' WHERE entity_id = 'L{branch}'")
    found = scored(settings, night)
    assert found.cases["legal_entity"].kinds["branch_and_parent"].reported == 1
    assert not found.fine


def test_before_the_first_delivery_there_is_nothing_to_score(settings: Settings, night: Night) -> None:
    night.day = date(2026, 1, 1)
    with pytest.raises(NoTruthError, match="choose a later night"):
        scored(settings, night)


def test_what_has_not_come_to_light_is_an_empty_table(tmp_path: Path) -> None:
    (tmp_path / "person").mkdir()
    known = pa.Table.from_pylist([{"person": 1, "business_date": "2026-03-01"}], schema=PERSON)
    pq.write_table(known, tmp_path / "person/2026-03-01.parquet")
    connection = duckdb.connect()
    load_truth(connection, tmp_path, date(2026, 3, 1))
    tables = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
    counted = {name: connection.table(name).shape[0] for name in tables}
    assert counted.pop("truth_person") == 1
    assert {f"truth_{library}" for library in libraries()} < set(counted)
    assert set(counted.values()) == {0}
