"""Documents of persons and codes of legal entities, judged in DuckDB: written from the standards, once more."""

from citylake.verify.store import Store

_DASHES = "' -\u2010\u2011\u2013\u2014'"
_MARKED = ("home_travel", "taiwan_travel", "foreigner_old", "passport")
_OFFICE = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_OFFICE_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def install(store: Store) -> None:
    """Give the store its words; those of ``citylake.verify.identifiers`` must be there.

    Of documents: document_class(number, kind), document_no, document_state(number, kind, latest). Of codes: code_of,
    code_kind, office_code, credit_code, registration_no, code_state.
    """
    office = " + ".join(
        f"{weight} * (instr('{_OFFICE}', substr(c, {place}, 1)) - 1)" for place, weight in enumerate(_OFFICE_WEIGHTS, 1)
    )
    marked = "', '".join(_MARKED)
    # ISO 7064 hybrid system MOD 11,10: the running product is carried from digit to digit.
    hybrid = (
        "(list_reduce(list_prepend(10, list_transform(range(1, 15), lambda i: TRY_CAST(substr(c, i, 1) AS INTEGER))), "
        "lambda p, d: (CASE WHEN (p + d) % 10 = 0 THEN 10 ELSE (p + d) % 10 END * 2) % 11) "
        "+ TRY_CAST(substr(c, 15, 1) AS INTEGER)) % 10 = 1"
    )
    for signature, body in {
        "document_class_of(n, kind)": "CASE WHEN regexp_full_match(n, '[0-9]{15}|[0-9]{17}[0-9X]') THEN "
        "CASE WHEN n LIKE '9%' THEN 'foreigner' WHEN length(n) = 18 AND substr(n, 1, 2) IN ('81', '82', '83') THEN 'permit' "
        "ELSE 'resident' END WHEN regexp_full_match(n, '[A-Z]{3}[0-9]{12}') THEN 'foreigner_old' "
        "WHEN kind = '414' AND regexp_full_match(n, '[A-Z0-9]{6,12}') AND regexp_matches(n, '[0-9]{5}') THEN 'passport' "
        "WHEN regexp_full_match(n, '[HM][0-9]{8}([0-9]{2})?') THEN 'home_travel' "
        "WHEN kind = '511' AND regexp_full_match(n, '[0-9]{8}|[0-9]{10}[A-Z]?') THEN 'taiwan_travel' END",
        "document_class(t, kind)": "document_class_of(id_text(t), kind)",
        "document_no(t, kind)": "CASE WHEN document_class(t, kind) "
        f"IN ('{marked}') THEN document_class(t, kind) || ':' || CASE document_class(t, kind) "
        "WHEN 'home_travel' THEN substr(id_text(t), 1, 9) WHEN 'taiwan_travel' THEN substr(id_text(t), 1, 8) ELSE id_text(t) END "
        "ELSE id_18(t) END",
        "document_state(t, kind, latest)": f"CASE WHEN document_class(t, kind) IN ('{marked}') THEN 'ok' ELSE id_state(t, latest) END",
        "code_of(t)": f"nullif(translate(folded(t), {_DASHES}, ''), '')",
        "code_kind_of(c)": "CASE WHEN regexp_full_match(c, '[1-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}') THEN 'credit' "
        "WHEN regexp_full_match(c, '[0-9]{13}|[0-9]{15}') THEN 'registration' "
        "WHEN regexp_full_match(c, '[0-9A-Z]{8}[0-9X]') THEN 'organisation' END",
        # Letters that no code has, read for 1, 0, 5, U and 2.
        "is_misread_code(c)": "regexp_matches(c, '[IOSVZ]') "
        "AND regexp_full_match(c, '[1-9A-Z]{2}[0-9IOSVZ]{6}[0-9A-Z]{10}|[0-9A-Z]{8}[0-9X]')",
        "is_office_code(c)": f"CASE 11 - ({office}) % 11 WHEN 10 THEN 'X' WHEN 11 THEN '0' "
        f"ELSE CAST(11 - ({office}) % 11 AS VARCHAR) END = substr(c, 9, 1)",
        "office_code_of(c)": "CASE code_kind_of(c) WHEN 'credit' THEN CASE WHEN is_credit_code(c) THEN substr(c, 9, 9) END "
        "WHEN 'organisation' THEN CASE WHEN is_office_code(c) AND NOT is_misread_code(c) THEN c END END",
        "office_code(t)": "office_code_of(code_of(t))",
        "credit_code(t)": "CASE WHEN is_credit_code(code_of(t)) THEN code_of(t) END",
        "registration_no(t)": "CASE WHEN code_kind_of(code_of(t)) = 'registration' THEN code_of(t) END",
        "is_registration_no(c)": f"CASE WHEN length(c) = 13 THEN true ELSE {hybrid} END",
        "code_state(t)": "CASE WHEN code_of(t) IS NULL THEN 'missing' "
        "WHEN is_misread_code(code_of(t)) THEN 'impossible_letter' WHEN code_kind_of(code_of(t)) IS NULL THEN 'wrong_kind' "
        "WHEN code_kind_of(code_of(t)) = 'registration' THEN CASE WHEN is_registration_no(code_of(t)) THEN 'ok' ELSE 'checksum_wrong' END "
        "WHEN office_code(t) IS NULL THEN 'checksum_wrong' WHEN length(code_of(t)) = 18 THEN 'ok' ELSE 'upgraded' END",
    }.items():
        store.run(f"CREATE OR REPLACE MACRO {signature} AS {body}")
