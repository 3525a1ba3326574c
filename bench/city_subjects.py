"""Subjects of a made-up city without a lake: what its departments write of people and legal entities, in one form, by DuckDB.

The words by which DuckDB judges numbers are those of the second engine; a subject is a record and a role, or (events) a
distinct set of identifying values.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from city.kit.layouts import resources
from city.kit.resources import kept
from city.kit.script import hands_over, made_on
from city.world.city import City
from city.world.frames import Frame
from city.world.mistakes import Damage
from city.world.people.lives import Lives
from city.world.people.population import people
from city.world.texts import NONE, Text
from citylake.contract.catalog import Catalog
from citylake.contract.resolve_spec import ResolvedRole, ResolveSpec, roles
from citylake.verify import identifiers
from citylake.verify.store import Store

_HOMOPHONES = Path(__file__).parents[1] / "citylake/standards/homophones.txt"
_WORDS = Path(__file__).parents[1] / "citylake/standards/entity_words.txt"
_DATES = ("birth_date", "established")
_TEXTS = (
    "id_no", "id_kind", "name", "sex", "phone", "address", "village", "uscc", "org_code", "registration_no",
    "representative", "former_name", "former_no", "context",
)  # fmt: skip
_PUNCTUATION = r"[\s()\[\]<>{}【】〔〕《》“”\"''·•・‧．.,，、。:：;；\-—_?？*`]"
_EPOCH = date(1970, 1, 1)


def delivered(city: City, catalog: Catalog, spec: ResolveSpec, day: int, blocks: int = 48) -> Iterator[pa.Table]:
    """Yield what the roles of a kind say on a city day, chunk by chunk.

    Columns: source, role, is_anchor, record, number (of whom it is about), mistakes (kinds, between commas), by_value (an event's
    role), and the fields.
    """
    wanted: dict[str, list[ResolvedRole]] = {}
    for role in roles(spec, catalog.collected):
        wanted.setdefault(role.source, []).append(role)
    for chunk in city.chunks(blocks):
        lives = Lives(people(city, chunk))
        for resource, of in wanted.items():
            if resource in resources() and hands_over(resource, day):
                frame, damages = kept(lives, resource, made_on(resource, day))
                for role in of:
                    numbers = (frame.roles if spec.kind == "person" else frame.firms).get(role.role)
                    if numbers is not None and len(frame):
                        yield _of_role(role, frame, damages, numbers)


def _of_role(role: ResolvedRole, frame: Frame, damages: Sequence[Damage], numbers: np.ndarray) -> pa.Table:
    said, columns, count = role.columns.values(), frame.columns, len(frame)
    told = {name: _text(columns.get(said.get(name, "")), count) for name in _TEXTS}
    for name, asked in role.columns.when.items():
        for column, codes in asked.items():
            fits = pc.is_in(_text(columns[column], count), pa.array(codes, pa.string()))
            told[name] = pc.if_else(fits, told[name], None)
    told |= {name: _day(columns.get(said.get(name, "")), count) for name in _DATES}
    fixed = {
        "source": role.source,
        "role": role.role,
        "is_anchor": role.is_anchor,
        "by_value": role.columns.subject == "identity",
    }
    return pa.table(
        {name: pa.array([value] * count) for name, value in fixed.items()}
        | {"record": pa.array(frame.record, pa.int64()), "number": pa.array(numbers, pa.int64())}
        | {"mistakes": _mistakes(damages, set(said.values()), count)}
        | told
    )


def _mistakes(damages: Sequence[Damage], fields: Collection[str], count: int) -> pa.Array:
    told = np.full(count, "", dtype=object)
    for one in damages:
        if one.field in fields:
            told[one.rows] += f"{one.kind},"
    return pa.array(told, pa.string())


def _text(column: Text | np.ndarray | None, count: int) -> pa.Array:
    if column is None:
        return pa.nulls(count, pa.string())
    return pa.array(column, pa.string()) if not isinstance(column, np.ndarray) else pa.nulls(count, pa.string())


def _day(column: Text | np.ndarray | None, count: int) -> pa.Array:
    if not isinstance(column, np.ndarray):
        return pa.nulls(count, pa.date32())
    return pa.array(column.astype("int32"), pa.int32(), mask=column == NONE).cast(pa.date32())


def make_subjects(city: City, catalog: Catalog, spec: ResolveSpec, day: int, folder: Path) -> Path:
    """Write the subjects of a city day as Parquet with the columns of the table of subjects, ``number`` and ``mistakes``."""
    folder.mkdir(parents=True, exist_ok=True)
    raw, made = folder / f"{spec.kind}_{day}_delivered.parquet", folder / f"{spec.kind}_{day}.parquet"
    writer = None
    for table in delivered(city, catalog, spec, day):
        writer = writer or pq.ParquetWriter(raw, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()
    with duckdb.connect() as connection:
        connection.execute("SET memory_limit = '4GB'")
        identifiers.install(Store(connection, folder))
        _names(connection)
        today = (_EPOCH + timedelta(days=int(city.first) + day)).isoformat()
        judged = _PERSON if spec.kind == "person" else _ENTITY
        connection.execute(f"CREATE TABLE given AS {_GIVEN.format(raw=raw, today=today)}")
        connection.execute(f"COPY ({judged.format(today=today)}) TO '{made}' (FORMAT parquet)")
    raw.unlink()
    return made


def _names(connection: duckdb.DuckDBPyConnection) -> None:
    sounds = [line.split(" ", 1)[1] for line in _HOMOPHONES.read_text("utf-8").splitlines()]
    characters, first = "".join(sounds), "".join(sound[0] * len(sound) for sound in sounds)
    connection.execute(f"CREATE MACRO sound(t) AS translate(t, '{characters}', '{first}')")
    connection.execute(
        f"CREATE MACRO bare(t) AS nullif(regexp_replace(folded(t), '{_PUNCTUATION.replace('{{', '{').replace('}}', '}')}', '', 'g'), '')"
    )
    connection.execute(
        "CREATE MACRO firm_name(t) AS regexp_replace("
        "replace(replace(bare(t), '有限责任公司', '有限公司'), '潍坊市', '潍坊'), '^山东省?(潍坊)', '\\1')"
    )
    lines = [line for line in _WORDS.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    words = dict(line.split(":", 1) for line in lines)
    front, back = ("|".join(sorted(words[name].split(), key=len, reverse=True)) for name in ("regions", "forms"))
    connection.execute(
        f"CREATE MACRO stem(t) AS sound(coalesce(nullif(regexp_replace(regexp_replace(t, '^({front})+', ''), '({back})+$', ''), ''), t))"
    )
    connection.execute(
        "CREATE MACRO called(t) AS CASE WHEN length(regexp_replace(folded(t), '[^0-9]', '', 'g')) >= 7 "
        "THEN right(regexp_replace(folded(t), '[^0-9]', '', 'g'), 11) END"
    )


_GIVEN = """
SELECT 's' || md5(CASE WHEN by_value THEN concat_ws('|', source, role, coalesce(id_no, ''), coalesce(name, ''),
                       coalesce(birth_date::VARCHAR, ''), coalesce(phone, '')) ELSE concat_ws('|', source, role, record) END) AS subject_id,
       any_value(source) AS source, any_value(role) AS role, any_value(is_anchor) AS is_anchor, any_value(number) AS number,
       string_agg(DISTINCT mistakes, '') AS mistakes, DATE '{today}' AS since,
       any_value(COLUMNS(* EXCLUDE (source, role, is_anchor, number, mistakes, record, by_value)))
FROM '{raw}' WHERE coalesce(id_no, name, uscc, org_code, registration_no) IS NOT NULL GROUP BY 1
"""
_PERSON = """
WITH judged AS (
    SELECT *, id_text(id_no) AS written, document_state(id_no, id_kind, DATE '{today}') AS state,
           document_class(id_no, id_kind) AS class, document_no(id_no, id_kind) AS lasting, sound(bare(name)) AS key,
           CASE WHEN document_state(former_no, NULL, DATE '{today}') IN ('ok', 'upgraded') THEN document_no(former_no, NULL) END AS before
    FROM given),
dated AS (SELECT *, state IN ('ok', 'upgraded') AS usable,
                 state IN ('ok', 'upgraded') AND class IN ('resident', 'permit', 'foreigner') AS dated FROM judged)
SELECT subject_id, source, role, is_anchor, since, written AS id_text, CASE WHEN usable THEN lasting END AS id_no,
       CASE WHEN usable THEN class END AS id_class, state AS id_state, bare(name) AS name, key AS name_key, left(key, 1) AS surname,
       birth_date AS birth, CASE WHEN length(written) >= 14 THEN substr(written, 7, 8) END AS birth_digits,
       CASE WHEN dated THEN id_birth(id_no) END AS id_birth,
       coalesce(CASE WHEN sex IN ('1', '2') THEN sex END,
                CASE WHEN dated THEN CASE WHEN TRY_CAST(substr(lasting, 17, 1) AS INTEGER) % 2 = 1 THEN '1' ELSE '2' END END) AS sex,
       called(phone) AS phone, folded(village) AS village, bare(coalesce(context, address)) AS context,
       CASE WHEN sound(bare(former_name)) <> key THEN sound(bare(former_name)) END AS former_key,
       CASE WHEN before <> lasting THEN before END AS former_no, number, mistakes
FROM dated
"""
_CODES = ("uscc", "org_code", "registration_no", "id_no")
_OFFICE = f"coalesce({', '.join(f'office_code({code})' for code in _CODES)})"
_TEXT = ", ".join(
    f"CASE code_kind_of(code_of({code})) WHEN 'credit' THEN substr(code_of({code}), 9, 9) WHEN 'organisation' THEN code_of({code}) END"
    for code in _CODES
)
_ENTITY = f"""
SELECT subject_id, source, role, is_anchor, since, coalesce({_TEXT}) AS id_text, {_OFFICE} AS id_no,
       CASE WHEN {_OFFICE} IS NOT NULL THEN 'organisation' END AS id_class,
       CASE WHEN {_OFFICE} IS NOT NULL THEN 'ok' ELSE 'missing' END AS id_state,
       coalesce({", ".join(f"registration_no({code})" for code in _CODES)}) AS registration_no, firm_name(name) AS name,
       stem(firm_name(name)) AS name_key, sound(bare(representative)) AS representative, established, called(phone) AS phone,
       firm_name(address) AS address, folded(village) AS village,
       CASE WHEN firm_name(former_name) <> firm_name(name) THEN firm_name(former_name) END AS former_key,
       CASE WHEN office_code(former_no) <> {_OFFICE} THEN office_code(former_no) END AS former_no, number, mistakes
FROM given
"""


def multiply(made: Path, copies: int, into: Path) -> None:
    """Write the persons of a made-up city once more for every copy, each born on other days and living elsewhere.

    Names stay: a copy's people share names with the others' as often as those of one city do.
    """

    def moved(number: str) -> str:
        day = f"try_strptime(substr({number}, 7, 8), '%Y%m%d')"
        dated = f"length({number}) = 18 AND {number} NOT LIKE '%:%' AND {day} IS NOT NULL"
        later = f"substr({number}, 1, 6) || strftime({day} + to_days(days), '%Y%m%d') || substr({number}, 15)"
        return f"CASE WHEN {dated} THEN {later} ELSE {number} || '-' || copy END AS {number}"

    numbers = ", ".join(moved(name) for name in ("id_text", "id_no", "former_no"))
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            COPY (SELECT * EXCLUDE (copy, days) REPLACE (
                subject_id || '-' || copy AS subject_id, {numbers}, (birth + days) AS birth, (id_birth + days) AS id_birth,
                strftime(try_strptime(birth_digits, '%Y%m%d') + to_days(days), '%Y%m%d') AS birth_digits,
                left(phone, 3) || lpad(((TRY_CAST(right(phone, 8) AS BIGINT) + copy * 1299709) % 100000000)::VARCHAR, 8, '0') AS phone,
                village || copy AS village, context || copy AS context)
            FROM '{made}', (SELECT range AS copy, (range * 53)::INTEGER AS days FROM range({copies})))
            TO '{into}' (FORMAT parquet)
            """
        )
