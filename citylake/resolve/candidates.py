"""Candidates: things that share a blocking value with a subject, compared once, judged by every rule in order.

A profile is what one certain subject says of a thing; a thing is compared by all of its profiles that share a block.
"""

from collections.abc import Sequence

import duckdb

from citylake.contract.resolve_spec import LinkRule, ResolveSpec

FAR = 9
"""Edit distance that stands for: not near."""
_OF_PROFILE = {
    "birth": "coalesce(id_birth, birth)",
    "birth_digits": "strftime(coalesce(id_birth, birth), '%Y%m%d')",
}
"""Where an identifier has a birth date, a mistyped one beside it is no evidence."""


def profile_field(spec: ResolveSpec, name: str) -> str:
    """Return a field of a subject as the profile of its thing has it."""
    return _OF_PROFILE.get(name, name) if spec.kind == "person" else name


def voices(spec: ResolveSpec, table: str) -> str:
    """Return the rows of a table of subjects, and once more those with a former name, under that name."""
    under = f"SELECT * REPLACE (former_key AS {spec.name_field}) FROM {table} WHERE former_key IS NOT NULL"
    return f"(SELECT * FROM {table} UNION ALL {under})"


def blocks_of(rules: Sequence[LinkRule]) -> list[tuple[str, ...]]:
    """Return the combinations of fields by which the rules find candidates."""
    return sorted({rule.block for rule in rules})


def known_near(store: duckdb.DuckDBPyConnection, spec: ResolveSpec, near: str, into: str) -> None:
    """Make the table of profiles that share a block of any rule with a row of ``near``.

    Columns: n (number), anchor_key, tier, id_no, id_class and the compared fields. Profiles are those of speakers and of
    subjects linked by identifier and attributes; reads ``subject``, ``speaker``, ``held`` and ``same_thing``.
    """
    store.execute(f"CREATE OR REPLACE TEMP TABLE nearby AS {sharing(profiles(spec, 'subject'), spec.blocks, near)}")
    fields = ", ".join(f"{profile_field(spec, name)} AS {name}" for name in spec.compared)
    store.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {into} AS
        WITH certain AS (SELECT subject_id, anchor_key FROM speaker
                         UNION ALL SELECT subject_id, anchor_key FROM held WHERE rule = 'id_exact'),
        wanted AS (SELECT subject_id, id_no, id_class, {fields} FROM {voices(spec, "subject")} SEMI JOIN nearby USING (subject_id)),
        tiers AS (SELECT anchor_key, min(tier) AS tier FROM speaker GROUP BY ALL)
        SELECT row_number() OVER () AS n, coalesce(m.thing_key, c.anchor_key) AS anchor_key, t.tier,
               w.* EXCLUDE (subject_id)
        FROM wanted w JOIN certain c ON c.subject_id = w.subject_id
        LEFT JOIN same_thing m ON m.anchor_key = c.anchor_key
        JOIN tiers t ON t.anchor_key = coalesce(m.thing_key, c.anchor_key)
        """
    )


def profiles(spec: ResolveSpec, table: str) -> str:
    """Return the rows of a table of subjects as profiles would have them: subject_id and the compared fields, former names too."""
    fields = ", ".join(f"{profile_field(spec, name)} AS {name}" for name in spec.compared)
    return f"(SELECT subject_id, {fields} FROM {voices(spec, table)} WHERE id_no IS NOT NULL OR is_anchor)"


def sharing(rows: str, blocks: Sequence[Sequence[str]], near: str) -> str:
    """Return the SELECT of the subjects of ``rows`` that share a block with a row of ``near``."""
    # A join for each block: an OR of them would hold every row against every block in turn.
    return (
        " UNION ".join(
            f"SELECT subject_id FROM {rows} r SEMI JOIN {near} n USING ({', '.join(block)})" for block in blocks
        )
        or f"SELECT subject_id FROM {rows} WHERE false"
    )


def compare(
    store: duckdb.DuckDBPyConnection, spec: ResolveSpec, left: str, right: str, rules: Sequence[LinkRule], into: str,
    *, where: str = "true",
) -> None:  # fmt: skip
    """Make the table of subject and thing pairs that share a block, with what agrees in any of the thing's profiles.

    Columns: subject_id, anchor_key, tier, per compared field ``same_<field>`` (some profile equals the subject's) and
    ``known_<field>`` (both sides know it); ``id_distance`` and ``birth_distance`` are the smallest.

    Args:
        store: the store.
        spec: its compared fields.
        left: subjects: subject_id, id_text, id_class, compared fields.
        right: profiles: n, anchor_key, tier, id_no, id_class, compared fields.
        rules: whose blocks make the pairs.
        into: name of the table made.
        where: condition on ``s`` and ``p`` that a pair must meet.
    """
    pairs = " UNION ".join(
        f"SELECT s.subject_id, p.n FROM {left} s JOIN {right} p ON "
        + " AND ".join(f"s.{name} = p.{name}" for name in block)
        for block in blocks_of(rules)
    )
    facts = ", ".join(
        f"bool_or(coalesce(s.{name} = p.{name}, false)) AS same_{name}, "
        f"bool_or(s.{name} IS NOT NULL AND p.{name} IS NOT NULL) AS known_{name}"
        for name in spec.compared
    )
    distances = f"coalesce(min(levenshtein(s.id_text, p.id_no)), {FAR}) AS id_distance"
    if spec.kind == "person":
        distances += (
            f", coalesce(min(levenshtein(strftime(s.birth, '%Y%m%d'), p.birth_digits)), {FAR}) AS birth_distance, "
            "any_value(s.birth IS NULL) AS birth_unsaid"
        )
    store.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {into} AS
        SELECT s.subject_id, p.anchor_key, min(p.tier) AS tier, {facts}, {distances}
        FROM ({pairs}) c JOIN {left} s ON s.subject_id = c.subject_id JOIN {right} p ON p.n = c.n
        WHERE {where} GROUP BY s.subject_id, p.anchor_key
        """
    )


def holds(rule: LinkRule) -> str:
    """Return the condition that a rule holds for a compared pair."""
    said = [f"same_{name}" for name in (*rule.block, *rule.equal)]
    said += [f"(same_{name} OR NOT known_{name})" for name in rule.not_different]
    if rule.id_distance is not None:
        said.append(f"id_distance <= {rule.id_distance}")
    if rule.birth_distance is not None:
        said.append(f"(birth_distance <= {rule.birth_distance} OR birth_unsaid)")
    return " AND ".join(said)


def choose(store: duckdb.DuckDBPyConnection, rules: Sequence[LinkRule], facts: str, into: str) -> None:
    """Make the table of what the first deciding rule names for each subject.

    Columns: subject_id, anchor_key and rule (NULL if no rule decided), found (things for the strongest rule that found
    any), rival_key (one of them). Residents go before things known only by a number: the nearest tier that has a
    candidate decides.
    """
    places = ", ".join(f"CASE WHEN {holds(rule)} THEN {place} END" for place, rule in enumerate(rules))
    names = ", ".join(f"'{rule.name}'" for rule in rules)
    store.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {into} AS
        WITH fits AS (SELECT subject_id, anchor_key, tier, unnest(list_filter([{places}], lambda x: x IS NOT NULL)) AS place
                      FROM {facts}),
        per_tier AS (SELECT subject_id, place, tier, count(*) AS found, min(anchor_key) AS anchor_key FROM fits GROUP BY ALL),
        per_rule AS (SELECT subject_id, place, arg_min(found, tier) AS found, arg_min(anchor_key, tier) AS anchor_key
                     FROM per_tier GROUP BY ALL),
        first AS (SELECT subject_id, min(place) FILTER (WHERE found = 1) AS place,
                         arg_min(anchor_key, place) FILTER (WHERE found = 1) AS anchor_key,
                         arg_min(found, place) AS found, arg_min(anchor_key, place) AS rival_key
                  FROM per_rule GROUP BY ALL)
        SELECT subject_id, anchor_key, ([{names}])[place + 1] AS rule,
               (CASE WHEN place IS NULL THEN found ELSE 1 END)::INTEGER AS found,
               CASE WHEN place IS NULL THEN rival_key END AS rival_key
        FROM first
        """
    )


def evidence(spec: ResolveSpec, row: str) -> str:
    """Return the expression that says field by field what agrees (=) and what differs (≠) in a compared pair."""
    parts = [
        f"CASE WHEN {row}.same_{name} THEN '{name}=' WHEN {row}.known_{name} THEN '{name}≠' END"
        for name in spec.compared
    ]
    parts.append(f"CASE WHEN {row}.id_distance < {FAR} THEN 'id_distance=' || {row}.id_distance END")
    return f"concat_ws(' ', {', '.join(parts)})"
