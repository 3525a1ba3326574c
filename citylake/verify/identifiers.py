"""Identity numbers and credit codes, judged in DuckDB: written from the standards, not from the engine's expressions.

Citizen ID numbers: GB 11643-1999 and its predecessor of 15 digits; credit codes: GB 32100-2015 with the organisation code
of GB 11714. The list of areas is data and is read from where the engine keeps it.
"""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from citylake.verify import codes, spellings
from citylake.verify.store import Store, text

AREAS = Path(__file__).parents[1] / "standards" / "id_areas.txt"
_WIDE = "".join(chr(code) for code in range(0xFF01, 0xFF5F))
_NARROW = "".join(chr(code) for code in range(0x21, 0x7F))
_BLANKS = r"\p{Zs}\x{2800}\x{E5E5}"
"""Spaces of every width (Unicode), and the signs that look like one: U+2800, and U+E5E5 (A3A0 in GB18030)."""
_SPACE = rf"{_BLANKS}\x{{2028}}\x{{2029}}\t-\r\x{{85}}"
"""White space: the same, tabs, line breaks."""
_UNSEEN_RANGES = (
    (0x00, 0x08), (0x0E, 0x1F), (0x7F, 0x84), (0x86, 0x9F), (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160),
    (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)  # fmt: skip
_UNSEEN = "".join(rf"\x{{{first:x}}}-\x{{{last:x}}}" for first, last in _UNSEEN_RANGES)
"""Control signs that are no white space, and default-ignorable code points (Unicode)."""
_DASHES = " -\u2010\u2011\u2013\u2014"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_OFFICE = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_OFFICE_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def install(store: Store) -> None:
    """Give the store its words: moment_of, half_width, compared, folded, id_text, id_18, id_state, id_birth, is_credit_code."""
    spellings.install(store)
    provinces, counties = _areas()
    wide, narrow = text(_WIDE), text(_NARROW)
    ends = text(f"^[{_SPACE}]+|[{_SPACE}]+$")
    bare = f"regexp_replace(t, '[{_UNSEEN}]', '', 'g')"
    line = rf"regexp_replace(translate({bare}, {wide}, {narrow}), '[{_BLANKS}]', ' ', 'g')"
    digits = "+".join(
        f"{weight} * TRY_CAST(substr(n, {place}, 1) AS INTEGER)" for place, weight in enumerate(_WEIGHTS, 1)
    )
    credit = _weighted("c", 1, _CREDIT, _CREDIT_WEIGHTS)
    office = _weighted("c", 9, _OFFICE, _OFFICE_WEIGHTS)
    for signature, body in {
        # Of two moments at which the clock shows this DuckDB takes the later one, and one beside a time that was skipped.
        "moment_of(shown)": "CASE WHEN CAST(CAST(shown AS TIMESTAMPTZ) - INTERVAL 1 HOUR AS TIMESTAMP) = shown "
        "THEN CAST(shown AS TIMESTAMPTZ) - INTERVAL 1 HOUR "
        "WHEN CAST(CAST(shown AS TIMESTAMPTZ) AS TIMESTAMP) = shown THEN CAST(shown AS TIMESTAMPTZ) END",
        # Most texts are plain and need no look at each sign.
        "half_width(t)": f"CASE WHEN regexp_full_match(t, '[!-~]*') THEN nullif(t, '') "
        f"ELSE nullif(regexp_replace({line}, {ends}, '', 'g'), '') END",
        "one_line(t)": rf"regexp_replace(t, '[{_SPACE}]', ' ', 'g')",
        "compared(t)": "CASE WHEN regexp_full_match(t, '[!-~\\x{4e00}-\\x{9fff}]*') THEN nullif(t, '') "
        "ELSE one_line(half_width(unified(half_width(t)))) END",
        "folded(t)": "upper(one_line(half_width(CASE WHEN regexp_full_match(t, '[ -~]*') THEN t ELSE narrow(t) END)))",
        "id_text(t)": "CASE WHEN regexp_full_match(t, '[0-9]{17}[0-9X]') THEN t "
        f"ELSE nullif(translate(folded(t), {text(_DASHES)}, ''), '') END",
        "id_check(n)": f"substr('10X98765432', (({digits}) % 11) + 1, 1)",
        "id_17(n)": "substr(n, 1, 6) || CASE WHEN substr(n, 13, 3) IN ('996', '997', '998', '999') AND substr(n, 7, 2) >= '75' "
        "THEN '18' ELSE '19' END || substr(n, 7, 9)",
        "id_long(n)": "CASE WHEN regexp_full_match(n, '[0-9]{15}') THEN "
        + _once("id_17(n)", "m", "m || id_check(m)")
        + " ELSE n END",
        "id_18(t)": _once("id_text(t)", "n", "id_long(n)"),
        "id_day(n)": "CASE WHEN regexp_full_match(substr(n, 7, 8), '[0-9]{8}') "
        "THEN TRY_CAST(substr(n, 7, 4) || '-' || substr(n, 11, 2) || '-' || substr(n, 13, 2) AS DATE) END",
        "id_birth(t)": _once("id_18(t)", "n", "CASE WHEN length(n) = 18 THEN id_day(n) END"),
        "id_area(n)": f"substr(n, 1, 1) = '9' OR (list_contains({provinces}, substr(n, 1, 2)) "
        f"AND (substr(n, 1, 4) <> '3707' OR list_contains({counties}, substr(n, 1, 6))))",
        "id_state(t, latest)": _once(
            "id_text(t)",
            "n",
            "CASE WHEN n IS NULL THEN 'missing' WHEN NOT regexp_full_match(n, '[0-9]{15}|[0-9]{17}[0-9X]') THEN 'wrong_kind' "
            "WHEN length(n) = 18 AND id_check(n) <> substr(n, 18, 1) THEN 'checksum_wrong' "
            "WHEN NOT coalesce(id_day(id_long(n)) BETWEEN DATE '1850-01-01' AND latest, false) THEN 'impossible_date' "
            "WHEN NOT id_area(n) THEN 'unknown_area' WHEN length(n) = 15 THEN 'upgraded' ELSE 'ok' END",
        ),
        "is_usable_id(t, latest)": "id_state(t, latest) IN ('ok', 'upgraded')",
        "is_credit_code_of(c)": f"regexp_full_match(c, '[{_CREDIT[1:]}]{{2}}[0-9]{{6}}[{_CREDIT}]{{10}}') "
        f"AND substr({text(_CREDIT)}, ((31 - ({credit}) % 31) % 31) + 1, 1) = substr(c, 18, 1) "
        f"AND CASE 11 - ({office}) % 11 WHEN 10 THEN 'X' WHEN 11 THEN '0' ELSE CAST(11 - ({office}) % 11 AS VARCHAR) END "
        "= substr(c, 17, 1)",
        "is_credit_code(t)": _once(
            "folded(t)", "c", "CASE WHEN c IS NOT NULL THEN coalesce(is_credit_code_of(c), false) END"
        ),
    }.items():
        store.run(f"CREATE OR REPLACE MACRO {signature} AS {body}")
    codes.install(store)


def _once(value: str, name: str, expression: str) -> str:
    """Return an expression of a value that is computed once: macros are put in as text, and grow with every mention."""
    return f"list_transform([{value}], LAMBDA {name} : {expression})[1]"


def _weighted(name: str, start: int, alphabet: str, weights: tuple[int, ...]) -> str:
    terms = [
        f"{weight} * (strpos({text(alphabet)}, substr({name}, {start + place}, 1)) - 1)"
        for place, weight in enumerate(weights)
    ]
    return "+".join(terms)


@lru_cache(maxsize=1)
def _areas() -> tuple[str, str]:
    lines = [line for line in AREAS.read_text("utf-8").splitlines() if not line.startswith("#")]
    codes = [code for line in lines for code in line.split()]
    return _list(code for code in codes if len(code) == 2), _list(code for code in codes if len(code) == 6)


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(text(value) for value in values)}]"
