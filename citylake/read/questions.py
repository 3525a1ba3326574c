"""The questions a library answers: whether they can be asked at all of what is published, without a lake."""

from collections.abc import Mapping
from datetime import date

import duckdb

from citylake.contract.catalog import Catalog
from citylake.contract.library import Library
from citylake.read.entries import publishable
from citylake.read.statement import StatementError, prepare
from citylake.verify.translate import TranslationError, duckdb_select, input_schema

_ANY_NIGHT = date(2026, 1, 1)


def unanswerable(catalog: Catalog) -> Mapping[str, list[str]]:
    """Return, for each library some of whose questions cannot be asked, which and why.

    Each is checked as an analyst's statement is and evaluated in DuckDB over empty tables of the contracts.
    """
    published = {contract.name: contract for contract in publishable(catalog)}
    with duckdb.connect() as connection:
        for name, contract in published.items():
            schema = input_schema({column: said.type for column, said in contract.columns.items()})
            connection.execute(f'CREATE TABLE "{_view(name)}" ({schema})')
        found = {name: _wrong(library, connection, published) for name, library in catalog.libraries.items()}
    return {name: wrong for name, wrong in found.items() if wrong}


def _wrong(library: Library, connection: duckdb.DuckDBPyConnection, published: Mapping[str, object]) -> list[str]:
    wrong = []
    for number, question in enumerate(library.questions, 1):
        try:
            asked = prepare(question.sql, published.keys(), _view, {"business_date": _ANY_NIGHT})
            connection.execute(duckdb_select(asked.text, _ANY_NIGHT))
        except (StatementError, TranslationError, duckdb.Error) as error:
            wrong.append(f"{library.file}: questions.{number}.sql: {error}")
    return wrong


def _view(table: str) -> str:
    return table.replace(".", "_")
