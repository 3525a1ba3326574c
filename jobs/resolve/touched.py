"""What changed subjects can have an effect on: a slice of the subjects that resolves as all of them would.

A subject's place depends on the subjects of its own identifier, on the profiles of things in its blocks, and these on the
subjects of their identifiers only; so the closure ends after one step. Whoever stands alone, bears another class of
identifier or was given another one is always looked at again, since these depend on each other.
"""

from collections.abc import Sequence

import duckdb

from jobs.resolve.candidates import blocks_of, profile_field, voices
from schemas.resolve_spec import ResolveSpec

_BY_IDENTIFIER = "('anchor', 'id_new', 'id_joined', 'id_succeeded', 'id_exact', 'id_only')"
_SPEAKING = "('anchor', 'id_new', 'id_joined', 'id_succeeded')"


def take_slice(store: duckdb.DuckDBPyConnection, spec: ResolveSpec) -> None:
    """Make ``subject`` (the slice), ``touched`` (whose rows it decides) and ``bystander`` (the others in it).

    Reads ``everybody`` (all present subjects), ``changed`` (old and new rows of changed subjects), ``before`` and ``override``.
    """
    _seed(store, spec)
    rules, proposals = blocks_of(spec.rules), blocks_of(spec.proposals)
    store.execute(
        f"""
        INSERT INTO touched
        SELECT subject_id FROM everybody e WHERE subject_id NOT IN (SELECT subject_id FROM touched) AND (
            (({_sharing(rules, "image")}) AND NOT EXISTS (
                SELECT 1 FROM before b WHERE b.subject_id = e.subject_id AND b.rule IN {_BY_IDENTIFIER}))
            OR (id_no IS NOT NULL AND ({_sharing(proposals, "image")}) AND EXISTS (
                SELECT 1 FROM before b WHERE b.subject_id = e.subject_id AND b.rule IN {_SPEAKING})))
        """
    )
    store.execute(
        "CREATE OR REPLACE TEMP TABLE asking AS SELECT * FROM everybody WHERE subject_id IN (SELECT subject_id FROM touched)"
    )
    profile = f"(SELECT subject_id, id_no, is_anchor, {_profile(spec)} FROM {voices(spec, 'everybody')})"
    store.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE near AS
        SELECT subject_id, id_no FROM {profile} WHERE (id_no IS NOT NULL OR is_anchor) AND ({_sharing(spec.blocks, "asking")})
        """
    )
    store.execute(
        """
        CREATE OR REPLACE TEMP TABLE subject AS SELECT * FROM everybody
        WHERE subject_id IN (SELECT subject_id FROM touched) OR subject_id IN (SELECT subject_id FROM near)
           OR id_no IN (SELECT id_no FROM near) OR id_no IN (SELECT id_no FROM asking)
        """
    )
    store.execute(
        "CREATE OR REPLACE TEMP TABLE bystander AS SELECT subject_id FROM subject "
        "WHERE subject_id NOT IN (SELECT subject_id FROM touched)"
    )


def _seed(store: duckdb.DuckDBPyConnection, spec: ResolveSpec) -> None:
    """Make ``touched`` of all that is looked at in any case, and ``image``: the profiles that may be others now."""
    joined = ", ".join(f"'{name}'" for name in spec.joins) or "NULL"
    store.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE touched AS
        WITH named AS (SELECT subject_id FROM changed UNION SELECT subject_id FROM override
                       UNION SELECT other_subject_id FROM override UNION SELECT subject_id FROM withdrawn),
        numbers AS (SELECT id_no FROM changed WHERE id_no IS NOT NULL
                    UNION SELECT id_no FROM everybody WHERE id_no IS NOT NULL AND subject_id IN (SELECT subject_id FROM named)
                    UNION SELECT unnest([id_no, former_no]) FROM everybody WHERE former_no IS NOT NULL AND id_no IS NOT NULL
                    UNION SELECT former_no FROM changed WHERE former_no IS NOT NULL),
        lone AS (SELECT subject_id FROM before WHERE rule = 'single')
        SELECT subject_id FROM named
        UNION SELECT subject_id FROM everybody WHERE id_no IN (SELECT id_no FROM numbers) OR id_class IN ({joined})
        UNION SELECT subject_id FROM before WHERE part_key IN (SELECT subject_id FROM lone)
        UNION SELECT subject_id FROM everybody e WHERE NOT EXISTS (SELECT 1 FROM before b WHERE b.subject_id = e.subject_id)
        """
    )
    # Of those that are looked at in any case, only these may be profiles.
    fields = _profile(spec)
    store.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE image AS
        SELECT DISTINCT {fields} FROM {voices(spec, "changed")}
        UNION SELECT {fields} FROM {voices(spec, "everybody")}
        WHERE subject_id IN (SELECT subject_id FROM touched) AND (id_no IS NOT NULL OR is_anchor)
        """
    )


def _profile(spec: ResolveSpec) -> str:
    return ", ".join(f"{profile_field(spec, name)} AS {name}" for name in spec.compared)


def _sharing(blocks: Sequence[Sequence[str]], rows: str) -> str:
    """Return the condition that a row shares a block with one of ``rows``."""
    return (
        " OR ".join(
            f"({', '.join(block)}) IN (SELECT {', '.join(block)} FROM {rows} WHERE "
            + " AND ".join(f"{name} IS NOT NULL" for name in block)
            + ")"
            for block in blocks
        )
        or "false"
    )
