"""A row whose name may be a person's or a firm's names the one whose number stands beside it, the same in both engines."""

from pyspark.sql import SparkSession

from citylake.contract.catalog import load_catalog
from citylake.contract.model import CollectedContract
from citylake.delta.tables import contract_columns
from citylake.engine.clean.identity import key_frame, with_ids
from citylake.verify.identifiers import install
from citylake.verify.store import opened
from citylake.verify.subjects import with_ids as with_ids_once_more

KEY = b"key of this test"
NUMBERS = [(None, None), ("a person's", None), (None, "a firm's"), ("a person's", "a firm's")]
NAMED = [(True, True), (True, False), (False, True), (True, True)]


def test_a_number_of_the_other_kind_takes_the_name_away_and_one_of_its_own_brings_it_back(spark: SparkSession) -> None:
    contract = load_catalog().contract("clean.natural_resources__real_estate")
    assert isinstance(contract, CollectedContract)
    columns = ", ".join(f"`{column.name}` {column.type}" for column in contract_columns(contract))
    empty = dict.fromkeys(column.name for column in contract_columns(contract))
    rows = [
        empty | {contract.key[0]: str(line), "owner_name": "测试甲", "owner_id_no": number, "owner_uscc": code}
        for line, (number, code) in enumerate(NUMBERS)
    ]
    lines = spark.createDataFrame(rows, columns)
    ids = (contract.key[0], "_owner_subject", "_owner_entity_subject")
    told = with_ids(lines, contract, key_frame(spark, KEY)).select(*ids).orderBy(ids[0]).toArrow().to_pylist()
    assert [(row[ids[1]] is not None, row[ids[2]] is not None) for row in told] == NAMED
    with opened("Asia/Shanghai") as store:
        install(store)
        store.connection.register("rows", lines.toArrow())
        select = with_ids_once_more(store, contract, "rows", KEY)
        again = store.run(f"SELECT {', '.join(ids)} FROM ({select}) ORDER BY ALL").fetchall()
    assert again == [tuple(row.values()) for row in told]
