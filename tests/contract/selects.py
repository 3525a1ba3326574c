"""SELECTs over made-up inputs of every kind, and those that may make a table."""

from typing import Any

from citylake.contract.model import DerivedContract
from citylake.contract.select import refusals

COLUMNS = {
    "p": ("person_id", "entity_id", "month", "amount"),
    "r": ("person_id", "kind", "entity_id"),
    "m": ("husband_id", "wife_id", "day"),
    "e": ("entity_id", "title"),
    "c": ("code", "label"),
}
INPUTS: dict[str, dict[str, Any]] = {
    "p": {"on": ["person_id"]},
    "r": {"on": ["person_id"]},
    "m": {"any": [["husband_id"], ["wife_id"]]},
    "e": {"on": ["entity_id"], "via": "p"},
    "c": {"all": True},
}


def judged(text: str, inputs: str, outputs: str = "person_id n") -> list[str]:
    """Return the refusals of a SELECT over the named inputs, whose unit is ``person_id``."""
    contract = DerivedContract.model_validate(
        {
            "name": "topic.test__made",
            "title": "试验",
            "grain": "一人一行",
            "owner": "bureau",
            "key": ["person_id"],
            "inputs": {alias: {"table": "linked.bureau__record", **INPUTS[alias]} for alias in inputs.split()},
            "columns": {name: {"label": "列", "grade": "L2"} for name in outputs.split()},
        }
    )
    return refusals(contract, text, {alias: COLUMNS[alias] for alias in inputs.split()})


RIGHT = {
    "a plain read": ("p", "SELECT p.person_id, p.amount AS n FROM p"),
    "names in another case": ("p", "select P.PERSON_ID, sum(P.amount) as N from P group by P.Person_Id"),
    "a group by the unit and more": ("p", "SELECT person_id, COUNT(*) AS n FROM p GROUP BY person_id, month"),
    "a group by position": ("p", "SELECT person_id, COUNT(*) AS n FROM p GROUP BY 1"),
    "a group by the name of what is given out": (
        "m",
        "SELECT m.husband_id AS person_id, COUNT(*) AS n FROM m GROUP BY person_id",
    ),
    "a join on the unit": ("p r", "SELECT p.person_id, r.kind AS n FROM p LEFT JOIN r ON r.person_id = p.person_id"),
    "a join through USING": ("p r", "SELECT person_id, kind AS n FROM p JOIN r USING (person_id)"),
    "a join in WHERE": ("p r", "SELECT p.person_id, r.kind AS n FROM p, r WHERE p.person_id = r.person_id"),
    "a full join given out by COALESCE": (
        "p r",
        "SELECT COALESCE(p.person_id, r.person_id) AS person_id, r.kind AS n FROM p FULL JOIN r ON p.person_id <=> r.person_id",
    ),
    "three full joins, the third on a COALESCE": (
        "p r m",
        "SELECT COALESCE(p.person_id, r.person_id) AS person_id, m.day AS n FROM p FULL JOIN r ON r.person_id = p.person_id "
        "JOIN m ON m.wife_id = COALESCE(p.person_id, r.person_id)",
    ),
    "a join through a common table expression": (
        "p r",
        "WITH a AS (SELECT person_id AS who, SUM(amount) AS n FROM p GROUP BY person_id), b AS (SELECT who, n FROM a) "
        "SELECT r.person_id, b.n FROM r JOIN b ON b.who = r.person_id",
    ),
    "a subquery in FROM": ("p", "SELECT x.person_id, x.n FROM (SELECT person_id, amount AS n FROM p) AS x"),
    "three joined through the one in the middle": (
        "p r m",
        "SELECT p.person_id, m.day AS n FROM p JOIN r ON r.person_id = p.person_id JOIN m ON m.wife_id = r.person_id",
    ),
    "anti and semi joins": (
        "p r m",
        "SELECT p.person_id, 1 AS n FROM p LEFT SEMI JOIN r ON r.person_id = p.person_id "
        "LEFT ANTI JOIN m ON m.wife_id = p.person_id",
    ),
    "both roles of a row, one below the other": (
        "m",
        "SELECT husband_id AS person_id, day AS n FROM m UNION ALL SELECT wife_id, day FROM m",
    ),
    "a window by the unit": (
        "p",
        "SELECT person_id, SUM(amount) OVER (PARTITION BY month, person_id ORDER BY month) AS n FROM p",
    ),
    "a named window by the unit": (
        "p",
        "SELECT person_id, SUM(amount) OVER w AS n FROM p WINDOW w AS (PARTITION BY person_id)",
    ),
    "a table that is read whole, however it is joined": (
        "p c",
        "SELECT p.person_id, c.label AS n FROM p CROSS JOIN c WHERE p.amount > (SELECT MAX(code) FROM c)",
    ),
    "an input reached through another": (
        "p e",
        "SELECT p.person_id, e.title AS n FROM p LEFT JOIN e ON e.entity_id = p.entity_id",
    ),
    "an input reached through another after both were shaped": (
        "p e",
        "WITH t AS (SELECT entity_id, MAX(title) AS n FROM e GROUP BY entity_id), a AS (SELECT person_id, entity_id FROM p) "
        "SELECT a.person_id, t.n FROM a JOIN t ON a.entity_id = t.entity_id",
    ),
    "a short list of values": (
        "p",
        "SELECT p.person_id, x.n FROM p JOIN VALUES ('a', 1) AS x(month, n) ON x.month = p.month",
    ),
    "a lateral view": ("p", "SELECT person_id, v AS n FROM p LATERAL VIEW EXPLODE(p.amount) x AS v"),
}
