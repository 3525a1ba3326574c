"""What changed subjects can have an effect on: a slice of the subjects that resolves as all of them would.

A subject's place depends on the subjects of its own identifier, on the profiles of things in its blocks, and these on the
subjects of their identifiers only; so the closure ends after one step. Whoever bears another class of identifier or was given
another one is always looked at again, since these depend on each other; whoever shares a block with them only if they moved.
"""

import duckdb

from citylake.contract.resolve_spec import ResolveSpec
from citylake.resolve.anchors import find_anchors, link_by_identifier
from citylake.resolve.candidates import blocks_of, profile_field, profiles, sharing, voices
from citylake.resolve.same import find_same_things

_SPEAKING = "('anchor', 'id_new', 'id_joined', 'id_succeeded')"
_PROFILE = "('anchor', 'id_new', 'id_joined', 'id_succeeded', 'id_exact')"
_BY_IDENTIFIER = "('anchor', 'id_new', 'id_joined', 'id_succeeded', 'id_exact', 'id_only')"
_BEARER = "(id_no IS NOT NULL OR is_anchor)"
"""Only such subjects may be profiles."""


def take_slice(store: duckdb.DuckDBPyConnection, spec: ResolveSpec) -> None:
    """Make ``subject`` (the slice), ``touched`` (whose rows it decides) and ``bystander`` (the others in it).

    Reads ``everybody`` (all present subjects), ``changed`` (old and new rows of changed subjects), ``before`` and ``override``.
    """
    _seed(store, spec)
    _settle(store, spec)
    _touch(store, spec)
    _touch_residue(store, spec)
    _surround(store, spec)


def _seed(store: duckdb.DuckDBPyConnection, spec: ResolveSpec) -> None:
    """Make ``named`` (changed, or decided on by people) and ``touched`` of all that is looked at in any case."""
    store.execute(
        """
        CREATE OR REPLACE TEMP TABLE named AS
        SELECT subject_id FROM changed UNION SELECT subject_id FROM override
        UNION SELECT other_subject_id FROM override UNION SELECT subject_id FROM withdrawn
        """
    )
    store.execute(
        """
        CREATE OR REPLACE TEMP TABLE numbers AS
        SELECT DISTINCT id_no FROM (
            SELECT unnest([id_no, former_no]) AS id_no FROM changed
            UNION ALL SELECT id_no FROM everybody SEMI JOIN named USING (subject_id)
            UNION ALL SELECT unnest([id_no, former_no]) FROM everybody WHERE former_no IS NOT NULL AND id_no IS NOT NULL)
        WHERE id_no IS NOT NULL
        """
    )
    store.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE touched AS
        SELECT subject_id FROM named UNION SELECT subject_id FROM everybody SEMI JOIN numbers USING (id_no)
        UNION SELECT subject_id FROM everybody WHERE {_is_joined(spec)}
        """
    )


def _settle(store: duckdb.DuckDBPyConnection, spec: ResolveSpec) -> None:
    """Make ``image`` (the profiles that are others now) of what identifiers say of ``touched``, and ``beside`` what they join."""
    joining = f"(SELECT * FROM everybody WHERE {_is_joined(spec)})"
    _keep(store, "beside", sharing(profiles(spec, "everybody"), blocks_of(spec.rules), joining))
    _gather(store, "FROM touched UNION FROM beside")
    find_anchors(store, spec)
    link_by_identifier(store, spec)
    find_same_things(store, spec)
    store.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE moved AS
        WITH now AS (SELECT subject_id, coalesce(m.thing_key, c.anchor_key) AS part_key FROM (
                         SELECT subject_id, anchor_key FROM speaker
                         UNION ALL SELECT subject_id, anchor_key FROM held WHERE rule = 'id_exact') c
                     SEMI JOIN touched USING (subject_id) LEFT JOIN same_thing m ON m.anchor_key = c.anchor_key),
        was AS (SELECT subject_id, part_key FROM before SEMI JOIN touched USING (subject_id) WHERE rule IN {_PROFILE})
        SELECT subject_id FROM (FROM now EXCEPT FROM was) UNION SELECT subject_id FROM (FROM was EXCEPT FROM now)
        UNION FROM named
        """
    )
    fields = ", ".join(f"{profile_field(spec, name)} AS {name}" for name in spec.compared)
    store.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE image AS
        SELECT {fields} FROM {voices(spec, "changed")} WHERE {_BEARER}
        UNION SELECT {fields} FROM {voices(spec, "everybody")} SEMI JOIN moved USING (subject_id) WHERE {_BEARER}
        """
    )


def _touch(store: duckdb.DuckDBPyConnection, spec: ResolveSpec) -> None:
    """Add to ``touched`` whom no identifier links, and the ``alike`` (speakers), if they share a block with an ``image``."""
    _keep(store, "asking", sharing("everybody", blocks_of(spec.rules), "image"))
    _keep(
        store,
        "likely",
        sharing("(SELECT * FROM everybody WHERE id_no IS NOT NULL)", blocks_of(spec.proposals), "image"),
    )
    _keep(
        store, "alike", f"SELECT subject_id FROM before SEMI JOIN likely USING (subject_id) WHERE rule IN {_SPEAKING}"
    )
    linked = f"SELECT subject_id FROM before SEMI JOIN asking USING (subject_id) WHERE rule IN {_BY_IDENTIFIER}"
    _add(store, f"FROM alike UNION (FROM asking EXCEPT {linked})")


def _touch_residue(store: duckdb.DuckDBPyConnection, spec: ResolveSpec) -> None:
    """Add to ``touched`` whoever stands alone beside a touched subject, and all with whom those stand together."""
    store.execute(
        "CREATE OR REPLACE TEMP TABLE alone AS SELECT subject_id, part_key FROM before "
        "SEMI JOIN (SELECT subject_id AS part_key FROM before WHERE rule = 'single') s USING (part_key)"
    )
    # Nobody with an identifier stands alone.
    store.execute(
        "CREATE OR REPLACE TEMP TABLE free AS SELECT * FROM everybody SEMI JOIN touched USING (subject_id) WHERE id_no IS NULL "
        "UNION ALL BY NAME SELECT * FROM changed WHERE id_no IS NULL"
    )
    store.execute("CREATE OR REPLACE TEMP TABLE lonely AS SELECT * FROM everybody SEMI JOIN alone USING (subject_id)")
    blocks = blocks_of([rule for rule in spec.rules if rule.name in spec.residue.rules])
    _add(store, sharing("lonely", blocks, "free"))
    parts = "SELECT part_key FROM alone SEMI JOIN touched USING (subject_id)"
    _add(store, f"SELECT subject_id FROM alone SEMI JOIN ({parts}) p USING (part_key)")


def _surround(store: duckdb.DuckDBPyConnection, spec: ResolveSpec) -> None:
    """Make the slice: ``touched``, the profiles in the blocks that are searched for them, and the bearers of all their identifiers."""
    linked = (
        "SELECT subject_id FROM speaker UNION FROM alike UNION SELECT subject_id FROM held WHERE anchor_key IS NOT NULL"
    )
    store.execute(
        "CREATE OR REPLACE TEMP TABLE resting AS SELECT * FROM everybody SEMI JOIN touched USING (subject_id) "
        f"ANTI JOIN ({linked}) k USING (subject_id)"
    )
    store.execute(
        "CREATE OR REPLACE TEMP TABLE speaking AS SELECT * FROM everybody SEMI JOIN touched USING (subject_id) "
        "SEMI JOIN (SELECT subject_id FROM speaker UNION FROM alike) k USING (subject_id) WHERE id_no IS NOT NULL"
    )
    searched = sharing(profiles(spec, "everybody"), spec.blocks, "resting")
    proposed = sharing(profiles(spec, "everybody"), blocks_of(spec.proposals), "speaking")
    _gather(store, f"FROM touched UNION FROM beside UNION {searched} UNION {proposed}")
    _keep(store, "bystander", "SELECT subject_id FROM subject ANTI JOIN touched USING (subject_id)")


def _gather(store: duckdb.DuckDBPyConnection, subjects: str) -> None:
    """Make ``subject``: some subjects and all bearers of their identifiers."""
    _keep(store, "wanted", subjects)
    store.execute(
        "INSERT INTO wanted SELECT subject_id FROM everybody SEMI JOIN ("
        "SELECT id_no FROM everybody SEMI JOIN wanted USING (subject_id) WHERE id_no IS NOT NULL) k USING (id_no)"
    )
    store.execute("CREATE OR REPLACE TEMP TABLE subject AS SELECT * FROM everybody SEMI JOIN wanted USING (subject_id)")


def _keep(store: duckdb.DuckDBPyConnection, table: str, subjects: str) -> None:
    store.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT subject_id FROM ({subjects})")


def _add(store: duckdb.DuckDBPyConnection, subjects: str) -> None:
    store.execute(f"INSERT INTO touched SELECT subject_id FROM ({subjects}) ANTI JOIN touched USING (subject_id)")


def _is_joined(spec: ResolveSpec) -> str:
    joined = ", ".join(f"'{name}'" for name in spec.joins) or "NULL"
    return f"coalesce(id_class IN ({joined}), false)"
