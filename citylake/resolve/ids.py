"""Entity ids: minted once, carried on by the parts that hold most of the subjects that bore them.

A part is a thing by rules alone. Parts that people have made one keep their own ids underneath, so that taking the decision
back gives each exactly what it had.
"""

from dataclasses import dataclass
from datetime import date

import duckdb

from citylake.contract.resolve_spec import Identifier
from citylake.engine.clean.identity import pads

_SEPARATOR = "chr(31)"


@dataclass(frozen=True)
class Minting:
    """What new ids are made from.

    Attributes:
        form: how an id looks.
        key: the lake's secret key; it stands in no statement.
        business_date: told apart ids that would otherwise be made a second time.
    """

    form: Identifier
    key: bytes
    business_date: date

    def install(self, store: duckdb.DuckDBPyConnection) -> None:
        """Give the store the word ``minted(text)``: the prefix and digits of an HMAC-SHA256."""
        for name, pad in pads(self.key).items():
            store.execute(f"SET VARIABLE {name} = $pad::BLOB", {"pad": pad})
        store.execute(
            "CREATE OR REPLACE TEMP MACRO keyed(m) AS "
            "sha256(getvariable('outer_pad') || unhex(sha256(getvariable('inner_pad') || encode(m))))"
        )
        prefix, digits = self.form.prefix, self.form.digits
        store.execute(
            f"CREATE OR REPLACE TEMP MACRO minted(m) AS "
            f"'{prefix}' || substr(keyed('{prefix}' || {_SEPARATOR} || m), 1, {digits})"
        )


def carry_ids(store: duckdb.DuckDBPyConnection, minting: Minting) -> None:
    """Make ``part_id`` (part_key, own_id) and ``thing_id`` (thing_key, entity_id), each id once.

    An id goes to the part that holds most of the subjects that bore it, then to the one with the oldest of them, then to
    the one it was made from, then to the lowest key; a part keeps one id by the same order. Every other part gets a new
    id, made from its first anchor.

    Reads ``assigned`` (subject_id, part_key, thing_key) and ``previous`` (subject_id, own_id, entity_id, valid_from): of
    every part that is assigned something, and of every id that one of its subjects bore, all subjects.
    """
    minting.install(store)
    store.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE part_id AS
        WITH votes AS (
            SELECT a.part_key, p.own_id, count(*) AS votes, min(p.valid_from) AS oldest
            FROM assigned a JOIN previous p ON p.subject_id = a.subject_id GROUP BY ALL),
        wished AS (SELECT * FROM votes
                   QUALIFY row_number() OVER (PARTITION BY part_key ORDER BY votes DESC, oldest, own_id) = 1),
        carried AS (SELECT part_key, own_id FROM wished
                    QUALIFY row_number() OVER (PARTITION BY own_id
                                               ORDER BY votes DESC, oldest, minted(part_key) <> own_id, part_key) = 1),
        fresh AS (SELECT DISTINCT part_key, minted(part_key) AS own_id FROM assigned
                  WHERE part_key NOT IN (SELECT part_key FROM carried))
        SELECT part_key, own_id FROM carried
        UNION ALL
        SELECT part_key, CASE WHEN EXISTS (SELECT 1 FROM before b WHERE b.own_id = f.own_id)
                              THEN minted(part_key || {_SEPARATOR} || '{minting.business_date.isoformat()}') ELSE own_id END
        FROM fresh f
        """
    )
    # Of parts that people have made one, the id that the whole bore stays; at first that of the largest part.
    store.execute(
        """
        CREATE OR REPLACE TEMP TABLE thing_id AS
        WITH sized AS (SELECT thing_key, part_key, count(*) AS size FROM assigned GROUP BY ALL),
        borne AS (SELECT a.thing_key, p.entity_id, count(*) AS bearers FROM assigned a
                  JOIN previous p ON p.subject_id = a.subject_id GROUP BY ALL)
        SELECT s.thing_key, arg_min(i.own_id, (-coalesce(b.bearers, 0), -s.size, i.own_id)) AS entity_id
        FROM sized s JOIN part_id i ON i.part_key = s.part_key
        LEFT JOIN borne b ON b.thing_key = s.thing_key AND b.entity_id = i.own_id
        GROUP BY s.thing_key
        """
    )
