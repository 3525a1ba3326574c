"""Which of the lake's ids is that of a true person or legal entity."""

from collections.abc import Mapping

import duckdb

REGISTERS: Mapping[str, tuple[str, ...]] = {
    "person": ("public_security.household_register",),
    "legal_entity": (
        "market_regulation.enterprise", "market_regulation.individual_business", "civil_affairs.social_organisation",
        "establishment.government_unit", "agriculture_rural.rural_collective",
    ),
}  # fmt: skip
"""Kind -> resources in which things of this kind are founded."""


def find_holders(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``holder_of`` (kind, number, found): the id that a register's record bears, else the one most of the records bear.

    Args:
        connection: with ``truth_link`` and ``record`` (resource, record_key, kind, role, found).
    """
    connection.execute("CREATE OR REPLACE TABLE holder_of (kind VARCHAR, number BIGINT, found VARCHAR)")
    for kind, resources in REGISTERS.items():
        connection.execute(
            "INSERT INTO holder_of SELECT $kind, person, found FROM (SELECT DISTINCT resource, record_key, role, person, found"
            " FROM truth_link JOIN record USING (resource, record_key, kind, role) WHERE kind = $kind AND found IS NOT NULL)"
            " GROUP BY person, found QUALIFY row_number() OVER (PARTITION BY person ORDER BY"
            " count(*) FILTER (list_contains($registers, resource) AND role = 'self') DESC, count(*) DESC, found) = 1",
            {"kind": kind, "registers": list(resources)},
        )
