"""A row whose name may be a person's or a firm's names the one whose number stands beside it, the same in both engines."""

from datetime import date

from pyspark.sql import SparkSession

from citylake.contract.catalog import load_catalog
from citylake.contract.model import CollectedContract
from citylake.contract.resolve_spec import roles
from citylake.delta.tables import contract_columns
from citylake.engine.clean.identity import key_frame, with_ids
from citylake.resolve.subjects import subjects
from citylake.verify.identifiers import install
from citylake.verify.store import opened
from citylake.verify.subjects import with_ids as with_ids_once_more

KEY = b"key of this test"
NUMBERS = [(None, None), ("a person's", None), (None, "a firm's"), ("a person's", "a firm's")]
NAMED = [(True, True), (True, False), (False, True), (True, True)]
# By the code of whose name it is (1 a firm's, 2 a person's), with no number, and with a number that says otherwise.
CODED = [("1", None, None), ("2", None, None), ("1", "a person's", None), ("2", None, "a firm's"), ("9", None, None)]
SAID = [(False, True), (True, False), (True, False), (False, True), (False, False)]
FORMER = [("01", "旧名有限公司"), ("02", "测试甲"), (None, "旧名有限公司"), ("03", "MA3X12353")]


def test_a_number_of_the_other_kind_takes_the_name_away_and_one_of_its_own_brings_it_back(spark: SparkSession) -> None:
    contract = load_catalog().contract("clean.natural_resources__real_estate")
    assert isinstance(contract, CollectedContract)
    columns = ", ".join(f"`{column.name}` {column.type}" for column in contract_columns(contract))
    empty = dict.fromkeys(column.name for column in contract_columns(contract))
    given = [(None, *numbers) for numbers in NUMBERS] + CODED
    rows = [
        empty
        | {
            contract.key[0]: str(line),
            "owner_name": "测试甲",
            "owner_kind_code": kind,
            "owner_id_no": number,
            "owner_uscc": code,
        }
        for line, (kind, number, code) in enumerate(given)
    ]
    lines = spark.createDataFrame(rows, columns)
    ids = (contract.key[0], "_owner_subject", "_owner_entity_subject")
    told = with_ids(lines, contract, key_frame(spark, KEY)).select(*ids).orderBy(ids[0]).toArrow().to_pylist()
    assert [(row[ids[1]] is not None, row[ids[2]] is not None) for row in told] == NAMED + SAID
    with opened("Asia/Shanghai") as store:
        install(store)
        store.connection.register("rows", lines.toArrow())
        select = with_ids_once_more(store, contract, "rows", KEY)
        again = store.run(f"SELECT {', '.join(ids)} FROM ({select}) ORDER BY ALL").fetchall()
    assert again == [tuple(row.values()) for row in told]


def test_an_old_value_is_a_former_name_or_number_only_where_the_change_says_so(spark: SparkSession) -> None:
    catalog = load_catalog()
    spec = catalog.spec("legal_entity")
    role = next(
        one for one in roles(spec, catalog.collected) if one.source.endswith("entity_change") and one.role == "self"
    )
    columns = ", ".join(
        f"`{name}` string" for name in (*role.columns.values().values(), "change_item_code") if name != "old_value"
    )
    rows = [
        {
            "_self_subject": str(line),
            "entity_name": "新名有限公司",
            "uscc": "91370702MA3X123451",
            "change_item_code": item,
            "old_value": old,
            "_deleted": False,
        }
        for line, (item, old) in enumerate(FORMER)
    ]
    said = spark.createDataFrame(
        rows, f"{columns}, old_value string, _self_subject string, _deleted boolean, _as_of date"
    )
    found = subjects({role.alias: said}, [role], date(2026, 11, 22), spec).orderBy("subject_id")
    told = [(row["former_key"] is not None, row["former_no"] is not None) for row in found.toArrow().to_pylist()]
    assert told == [(True, False), (False, False), (False, False), (False, True)]
