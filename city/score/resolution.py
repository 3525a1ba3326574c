"""Who is who, of one kind: pairs of records, kinds of mistakes, borrowed identifiers, what went wrong and by which rule.

Reads ``record`` (see :mod:`city.score.lake`), ``truth_link`` and ``mistake``; makes ``judged`` (of the kind scored last) and
``holder_of`` (kind, number, found).
"""

from dataclasses import dataclass, field

import duckdb

from city.score.persons import Rate, pairs

FATES = ("wrong", "apart", "nobody")
"""Put to somebody else; under an id of its own or of few records; under none."""


@dataclass(frozen=True)
class Borrowed:
    """Identifiers that are valid and somebody else's."""

    records: int
    caught: int
    own: int
    """Records with their own usable identifier."""
    false_alarms: int

    @property
    def share_caught(self) -> float:
        """Share of the borrowed that did not lead to their holder."""
        return self.caught / self.records if self.records else 1.0

    @property
    def share_false(self) -> float:
        """Share of the own that were taken for borrowed."""
        return self.false_alarms / self.own if self.own else 0.0


@dataclass(frozen=True)
class Example:
    """One record that was not put where it belongs."""

    mistake: str
    fate: str
    resource: str
    role: str
    rule: str | None
    guard: str | None
    number: int
    """The true person or firm."""
    other: int | None
    """Whose id it got."""


@dataclass(frozen=True)
class Resolution:
    """How one kind was resolved."""

    kind: str
    records: int
    things: int
    precision: float
    """Pairs: of those the lake calls one, the share that are."""
    recall: float
    """Pairs: of those that are one, the share the lake finds."""
    by_source: dict[str, Rate]
    by_mistake: dict[str, Rate]
    by_trait: dict[str, Rate]
    borrowed: Borrowed
    fates: dict[str, int]
    """Records that are not where they belong, by what became of them."""
    rules: dict[str, Rate]
    review: dict[str, int]
    silent: int
    """Records of the truth that name nobody: no subject was made of them."""
    absent: int
    """Records of the truth that are not in the lake: held back, or deleted since."""
    examples: tuple[Example, ...] = field(default=())


def score_kind(connection: duckdb.DuckDBPyConnection, kind: str) -> Resolution:
    """Score one kind; a subject counts once, however many events bear its very identifying values.

    Args:
        connection: with the tables above.
        kind: person or legal_entity.
    """
    _judge(connection, kind)
    both = pairs(connection, "number, found", "found IS NOT NULL")
    said = pairs(connection, "found", "found IS NOT NULL")
    true = pairs(connection, "number", "true")
    rows, things = _row(connection, "SELECT count(*), count(DISTINCT number) FROM judged")
    link = f"(SELECT * FROM truth_link WHERE kind = '{kind}')"
    on = "r.resource = t.resource AND r.record_key = t.record_key AND r.kind = t.kind AND r.role = t.role"
    silent, absent = _row(
        connection,
        f"SELECT count(*) FILTER (r.resource IS NOT NULL AND r.subject_id IS NULL), count(*) FILTER (r.resource IS NULL)"
        f" FROM {link} t LEFT JOIN record r ON {on}",
    )
    return Resolution(
        kind, rows, things, both / said if said else 1.0, both / true if true else 1.0,
        _rates(connection, "SELECT resource AS of, fate FROM judged"),
        _rates(connection, "SELECT m.mistake AS of, fate FROM judged JOIN mistake_of m USING (resource, role, subject_id)"),
        _traits(connection, kind),
        _borrowed(connection),
        dict(connection.execute(
            "SELECT fate, count(*) FROM judged WHERE fate <> 'right' GROUP BY fate ORDER BY fate").fetchall()),
        _rates(connection, "SELECT rule AS of, fate FROM judged WHERE rule IS NOT NULL"),
        dict(connection.execute(
            f"SELECT review_reason, count(DISTINCT subject_id) FROM record WHERE kind = '{kind}' AND review_reason IS NOT NULL"
            " GROUP BY ALL ORDER BY ALL").fetchall()),
        silent, absent, _examples(connection),
    )  # fmt: skip


def _judge(connection: duckdb.DuckDBPyConnection, kind: str) -> None:
    connection.execute(
        "CREATE OR REPLACE TABLE resolved AS SELECT DISTINCT r.resource, r.role, r.subject_id, t.person AS number, r.found, r.rule,"
        " r.guard, r.id_state FROM truth_link t JOIN record r USING (resource, record_key, kind, role)"
        f" WHERE kind = '{kind}' AND r.subject_id IS NOT NULL"
    )
    # Of whom the truth says nothing in this role: each is a thing of its own that bears another's id.
    connection.execute(
        "INSERT INTO resolved SELECT DISTINCT resource, role, subject_id, -dense_rank() OVER (ORDER BY subject_id), found, rule, guard,"
        " id_state FROM record r ANTI JOIN truth_link t USING (resource, record_key, kind, role)"
        " SEMI JOIN truth_link k USING (resource, record_key) ANTI JOIN resolved s USING (resource, role, subject_id)"
        f" SEMI JOIN resolved o USING (found) WHERE r.kind = '{kind}'"
    )
    # An id is that of the thing whose anchor, else most of whose records, bear it; a thing's id is the best of its own.
    order = "anchors DESC, records DESC"
    connection.execute(
        "CREATE OR REPLACE TABLE bearing AS SELECT number, found, count(*) AS records,"
        " count(*) FILTER (rule = 'anchor') AS anchors FROM resolved WHERE found IS NOT NULL GROUP BY number, found"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE owner AS SELECT * FROM bearing"
        f" QUALIFY row_number() OVER (PARTITION BY found ORDER BY {order}, number) = 1"
    )
    connection.execute("CREATE TABLE IF NOT EXISTS holder_of (kind VARCHAR, number BIGINT, found VARCHAR)")
    connection.execute(f"DELETE FROM holder_of WHERE kind = '{kind}'")
    connection.execute(
        f"INSERT INTO holder_of SELECT '{kind}', number, found FROM owner"
        f" QUALIFY row_number() OVER (PARTITION BY number ORDER BY {order}, found) = 1"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE judged AS SELECT r.*, o.number AS other, CASE WHEN r.found IS NULL THEN 'nobody'"
        " WHEN r.found = h.found THEN 'right' WHEN o.number <> r.number THEN 'wrong' ELSE 'apart' END AS fate"
        f" FROM resolved r LEFT JOIN holder_of h ON h.kind = '{kind}' AND h.number = r.number LEFT JOIN owner o ON o.found = r.found"
    )
    connection.execute(
        "CREATE OR REPLACE TABLE mistake_of AS SELECT DISTINCT r.resource, r.role, r.subject_id, m.mistake"
        f" FROM record r JOIN mistake m USING (resource, record_key, kind, role) WHERE r.kind = '{kind}'"
    )


def _borrowed(connection: duckdb.DuckDBPyConnection) -> Borrowed:
    lent = "EXISTS (SELECT 1 FROM mistake_of m WHERE m.resource = j.resource AND m.role = j.role AND m.subject_id = j.subject_id AND {})"
    mine = lent.format("m.mistake LIKE 'borrowed%'")
    # A number that was given to two people is neither the one's alone nor the other's.
    shared = lent.format("m.mistake LIKE 'two_people%'")
    row = _row(
        connection,
        f"SELECT count(*) FILTER ({mine}), count(*) FILTER ({mine} AND fate <> 'wrong'),"
        f" count(*) FILTER (NOT {mine} AND NOT {shared} AND id_state IN ('ok', 'upgraded')),"
        f" count(*) FILTER (NOT {mine} AND NOT {shared} AND id_state IN ('ok', 'upgraded') AND guard = 'borrowed') FROM judged j",
    )
    return Borrowed(*row)


def _traits(connection: duckdb.DuckDBPyConnection, kind: str) -> dict[str, Rate]:
    """Return how those are resolved who are hard to tell apart."""
    if kind != "person":
        return {}
    return _rates(
        connection,
        "SELECT trait AS of, fate FROM judged j JOIN (SELECT person AS number, unnest(string_split(traits, ',')) AS trait"
        " FROM truth_person WHERE traits <> '') t USING (number)",
    )


def _examples(connection: duckdb.DuckDBPyConnection, of_each: int = 2) -> tuple[Example, ...]:
    rows = connection.execute(
        "SELECT coalesce(m.mistake, 'none') AS mistake, fate, j.resource, j.role, rule, guard, number, other FROM judged j"
        " LEFT JOIN mistake_of m USING (resource, role, subject_id) WHERE fate <> 'right'"
        " QUALIFY row_number() OVER (PARTITION BY mistake, fate ORDER BY hash(j.subject_id)) <= ? ORDER BY ALL",
        [of_each],
    ).fetchall()
    return tuple(Example(*row) for row in rows)


def _rates(connection: duckdb.DuckDBPyConnection, select: str) -> dict[str, Rate]:
    rows = connection.execute(
        "SELECT of, count(*), count(*) FILTER (fate = 'right'), count(*) FILTER (fate = 'wrong')"
        f" FROM ({select}) GROUP BY of ORDER BY of"
    ).fetchall()
    return {name: Rate(records, right, wrong) for name, records, right, wrong in rows}


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    row = connection.execute(query).fetchone()
    return tuple(int(value or 0) for value in row) if row else ()
