"""``citylake verify``: a second engine computes a published night once more and says where it differs."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citylake.cli.terminal import DATA, ENDINGS, AsJson, Night, print_json, print_table, told_plainly
from citylake.settings import settings

if TYPE_CHECKING:
    from citylake.verify.night import Shown
    from citylake.verify.verify import Verified

_HOW = {"replay": "交付重放", "select": "SQL 重算", "reference": "参照 SQL 重算", "invariants": "仅核对不变式"}
_STATE = {"equal": "一致", "different": "不一致", "not_made": "尚无内容", "unproven": "未能核对"}
_KIND = {
    "missing": "缺少的行",
    "extra": "多出的行",
    "repeated": "主键重复",
    "differs": "值不同",
    "column_missing": "缺少列",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify", epilog=ENDINGS)(verify)


def verify(
    *,
    night: Night = None,
    table: Annotated[list[str] | None, typer.Option("--table", help="Only this table; may be given again.")] = None,
    values: Annotated[
        bool, typer.Option("--values", help="Show values that differ, but those of direct identifiers.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compute a published night once more in DuckDB, without Spark, and compare; ends with 1 when anything differs."""
    from citylake.lake import open_lake
    from citylake.verify.night import shown
    from citylake.verify.verify import verify as verified

    with told_plainly():
        lake = open_lake(settings())
        wanted = frozenset(table or ())
        for name in wanted:
            lake.catalog.contract(name)
        found = shown(lake, night)
        if found is None:
            from citylake.read.session import not_published

            raise not_published(lake, night)
        results = []
        for one in verified(found, tables=wanted, values=values):
            results.append(one)
            if not as_json:
                _tell(one)
    if as_json:
        print_json(_document(found, results))
    else:
        _sum_up(found, results)
    if any(one.is_wrong for one in results):
        raise typer.Exit(DATA)


def _tell(one: "Verified") -> None:
    """Print what differs in a table, as soon as it is known."""
    if one.state == "unproven":
        typer.echo(f"{one.table} 未能核对：{one.reason}")
    elif one.reason:
        typer.echo(f"{one.table} {one.reason}")
    for kind, number in one.counts.items():
        name, _, column = kind.partition(":")
        typer.echo(f"{one.table} {_KIND.get(name, name)}{' ' + column if column else ''}：{number} 处")
    for item in one.differences:
        shown = "" if item.published is item.expected is None else f"　发布 {item.published}　重算 {item.expected}"
        told = [_KIND.get(item.kind, item.kind), item.key, item.column or ""]
        typer.echo(f"    {' '.join(part for part in told if part)}{shown}")


def _sum_up(found: "Shown", results: list["Verified"]) -> None:
    rows: list[list[Any]] = [
        [
            one.table,
            _HOW[one.how],
            one.rows,
            (one.hash or "")[-12:],
            _STATE[one.state] + (" 沿用" if one.stale else ""),
        ]
        for one in results
    ]
    print_table(["表", "核对方式", "行数", "内容摘要", "结论"], rows)
    made = [one for one in results if one.state != "not_made"]
    computed = [one for one in made if one.how != "invariants"]
    wrong = sum(one.is_wrong for one in results)
    typer.echo(
        f"{found.business_date}：{len(computed)} 张表重算比对，{len(made) - len(computed)} 张仅核对不变式，"
        + (f"{len(results) - len(made)} 张当晚尚无内容，" if len(made) < len(results) else "")
        + (f"{wrong} 张有差异或未能核对" if wrong else "全部一致")
    )


def _document(found: "Shown", results: list["Verified"]) -> dict[str, Any]:
    return {
        "night": found.business_date,
        "equal": not any(one.is_wrong for one in results),
        "tables": [asdict(one) for one in results],
    }
