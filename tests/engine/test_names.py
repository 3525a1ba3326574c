"""Columns named like words of SQL, and department's names that need quotes everywhere, from the file to a made table."""

import csv
import io

from tests.engine.small_lake import SmallLake, contract

PLAIN = {"label": "值", "grade": "L2", "type": "string"}
FROM = {"order": "a.b", "select": 'x "y"', "count": "行 号", "end": "it's", "from": "`z`", "left": "LEFT,右"}
"""Column -> the department's own name of it."""


def delivered(numbers: range, value: str) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(FROM.values())
    rows.writerows([f"R{number}", *[value] * (len(FROM) - 1)] for number in numbers)
    return text.getvalue().encode()


def test_names_that_need_quotes_somewhere_are_carried_through(small: SmallLake) -> None:
    columns = {name: {**PLAIN, "from": source} for name, source in FROM.items()}
    rules = {"quarantine": [{"not_null": "select"}], "warn": [{"unique": ["count", "from", "left"]}]}
    said = contract("snapshot", key=["order", "count"], columns=columns, rules=rules)
    del said["ignore"]
    small.write("clean/office/snapshot.yml", said)
    made = {"title": "名称", "grain": "一行", "owner": "office", "key": ["order", "count"], "by": ["order"]}
    inputs = {"r": {"table": "clean.office__snapshot", "on": ["order"]}}
    small.write("topic/money/named.yml", made | {"inputs": inputs, "columns": dict.fromkeys(FROM, PLAIN)})
    selected = ", ".join(f"r.`{name}`" for name in FROM)
    small.select("topic/money/named.sql", f"SELECT {selected} FROM r WHERE NOT r._deleted")
    for day, numbers, value, rows in (("01", range(1_500), "甲", 1_500), ("02", range(1_400), "乙", 1_400)):
        small.drop_bytes(f"snapshot_202603{day}.csv", delivered(numbers, value))
        taken = small.collect("clean.office__snapshot").results[0].counts
        assert (taken["quarantined"], taken["live_after"]) == (0, rows)
        assert small.run("topic.money__named").rows == rows
    names = [f"`{name}`" for name in FROM]
    assert small.rows("topic.money__named", *names, where="`order` = 'R7'") == [("R7", *["乙"] * 5)]
