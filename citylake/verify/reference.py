"""SELECTs for DuckDB of the tables of who is who that Spark makes of ``survivorship``: written once more, for any kind."""

from citylake.contract.model import DerivedContract
from citylake.verify.store import quoted
from citylake.verify.translate import converted, duckdb_condition


def reference_select(contract: DerivedContract, thing: str) -> str:
    """Return the SELECT of a table over ``crosswalk`` and ``chosen``, see :mod:`citylake.verify.golden`.

    Args:
        contract: of golden values, of a comparison, or of direct identifiers.
        thing: column with the id.
    """
    id_name = quoted(thing)
    if contract.maker != "golden":
        return f"SELECT chosen.entity_id AS {id_name}, chosen.* EXCLUDE (entity_id) FROM chosen"
    typed = ", ".join(
        f"{converted(f'chosen.{quoted(name)}', contract.columns[name].type)} AS {quoted(name)}"
        for name in contract.golden
    )
    flags = "".join(f", {duckdb_condition(condition)} AS {quoted(name)}" for name, condition in contract.flags.items())
    return f"""
        WITH known AS (
          SELECT {id_name}, bool_or(rule = 'anchor') AS is_registered, count(DISTINCT source) AS source_count,
                 count(*) AS subject_count, min(valid_from) AS first_known_date
          FROM crosswalk GROUP BY {id_name}),
        valued AS (
          SELECT known.*, chosen.* EXCLUDE (entity_id) REPLACE ({typed})
          FROM known LEFT JOIN chosen ON chosen.entity_id = known.{id_name})
        SELECT *{flags} FROM valued
    """
