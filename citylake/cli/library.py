"""``citylake ask`` and ``coverage``: the questions a library answers, and how much of what the city wants is there."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citylake.cli.terminal import DATA, ENDINGS, USE, AsJson, Night, end, print_json, print_table, told_plainly
from citylake.settings import settings

if TYPE_CHECKING:
    from citylake.contract.catalog import Catalog
    from citylake.contract.library import Library, Question
    from citylake.read.coverage import Coverage
    from citylake.read.session import Session

_ROWS = 100
_PAGE = "docs/coverage.md"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("ask", epilog=ENDINGS)(answer_questions)
    app.command("coverage", epilog=ENDINGS)(show_coverage)


def answer_questions(
    library: Annotated[str, typer.Argument(help="<layer>.<library> or <library>, such as silent_certification.")],
    *,
    number: Annotated[int | None, typer.Option("--question", min=1, help="Only this one, with its SQL.")] = None,
    night: Night = None,
    as_json: AsJson = False,
) -> None:
    """Print the questions of a library and what a published night answers; ends with 1 when one has no answer."""
    from citylake.read.session import connect

    with told_plainly(), connect(night) as session:
        catalog = session.lake.catalog
        asked = _library(catalog, library)
        if number is not None and number > len(asked.questions):
            end(f"{asked.id} 只有 {len(asked.questions)} 个问题 (it has no question {number})", USE)
        numbers = [number] if number is not None else range(1, len(asked.questions) + 1)
        answers = [_answer(session, one, asked.questions[one - 1]) for one in numbers]
    if as_json:
        print_json({"library": asked.id, "name": asked.name, "night": session.night, "answers": answers})
    else:
        owner = catalog.departments[asked.owner].name
        typer.echo(f"{asked.name}　{asked.id}　主管：{owner}　{session.night}\n{asked.purpose}")
        for answer in answers:
            _print_answer(catalog, answer, with_sql=number is not None)
    if not all(answer["rows"] for answer in answers):
        raise typer.Exit(DATA)


def show_coverage(
    *,
    write: Annotated[bool, typer.Option("--write", help=f"Write {_PAGE}.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say which resources, libraries and systems are there of those the city wants."""
    from citylake.contract.catalog import load_catalog
    from citylake.contract.plan import load_plan
    from citylake.read.coverage import coverage, page

    project = settings().project
    with told_plainly():
        schemas = project / "schemas"
        found = coverage(load_catalog(schemas), load_plan(schemas), project / "city" / "cases")
    if write:
        (project / _PAGE).write_text(page(found), "utf-8")
    if as_json:
        print_json(found.as_json())
    else:
        _print_coverage(found)


def _library(catalog: "Catalog", name: str) -> "Library":
    found = [one for one in catalog.libraries.values() if name in (one.id, one.id.partition(".")[2])]
    if len(found) == 1:
        return found[0]
    short = {one.partition(".")[2]: one for one in catalog.libraries}
    near = [one.id for one in found] or [one for one in catalog.libraries if name in one]
    near = near or [short[one] for one in get_close_matches(name.partition(".")[2] or name, short, n=3)]
    hint = f"：是否为 {'、'.join(near)}？ (did you mean one of these?)" if near else "；citylake coverage 列出已有的库"
    end(f"没有库 {name} (no library '{name}'){hint}", USE)


def _answer(session: "Session", number: int, question: "Question") -> dict[str, Any]:
    """Return a question with its rows; ``reason`` where it could not be asked of the night."""
    from pyspark.errors import PySparkException

    from citylake.read.statement import StatementError

    said = {"number": number, "ask": question.ask, "sql": question.sql.strip(), "tables": [], "columns": [], "rows": []}
    try:
        result = session.sql(question.sql)
        found = result.arrow(_ROWS + 1)
    except StatementError as error:
        return said | {"reason": str(error)}
    except PySparkException as error:
        return said | {"reason": session.plain(error.getMessage() or str(error))}
    rows, more = found.slice(0, _ROWS).to_pylist(), found.num_rows > _ROWS
    return said | {"tables": list(result.tables), "columns": found.column_names, "rows": rows, "more": more}


def _print_answer(catalog: "Catalog", answer: Mapping[str, Any], *, with_sql: bool) -> None:
    typer.echo(f"\n{answer['number']}. {answer['ask']}" + (f"\n{answer['sql']}" if with_sql else ""))
    if not answer["rows"]:
        typer.echo(answer.get("reason") or "没有结果")
        return
    heads, rows = _readable(catalog, answer["tables"], answer["columns"], answer["rows"])
    print_table(heads, rows)
    if answer["more"]:
        typer.echo(f"共 {_ROWS} 行以上，还有更多（citylake sql）")


def _readable(
    catalog: "Catalog", tables: Sequence[str], columns: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> tuple[list[str], list[list[Any]]]:
    """Return heads and rows with labels in the place of the names and codes of the tables' own columns."""
    known = {name: column for table in tables for name, column in catalog.contracts[table].columns.items()}
    heads = [known[name].label if name in known else name for name in columns]
    lists = {name: catalog.codes[codes] for name in columns if name in known and (codes := known[name].codes)}
    return heads, [[lists.get(name, {}).get(value, value) for name, value in row.items()] for row in rows]


def _print_coverage(found: "Coverage") -> None:
    for one in found.departments:
        if one.collected:
            lacking = f"　尚缺：{'、'.join(one.missing.values())}" if one.missing else ""
            typer.echo(f"{one.name}　{len(one.collected)}/{len(one.collected) + len(one.missing)}{lacking}")
    typer.echo("")
    print_table(
        ["库", "名称", "对照", "问题"],
        [[one.id, one.name, "有" if one.scored else "无", one.questions if one.answered else "不能提出"]
         for one in found.libraries if one.built],
    )  # fmt: skip
    typer.echo(f"\n可用的系统：{'、'.join(f'{one.id} {one.name}' for one in found.systems if one.works) or '尚无'}")
    words = {"departments": "部门", "resources": "资源", "libraries": "库", "systems": "系统"}
    typer.echo("　".join(f"{words[name]} {there}/{of}" for name, (there, of) in found.counts.items()))
