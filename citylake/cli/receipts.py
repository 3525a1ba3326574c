"""``citylake receipts`` and ``accept``: what became of deliveries, and taking a refused one on somebody's word."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citylake.cli.terminal import DATA, ENDINGS, USE, AsJson, business_day, end, print_json, print_table, told_plainly
from citylake.ledger.people.actor import actor
from citylake.settings import settings

if TYPE_CHECKING:
    from citylake.lake import Lake
    from citylake.ledger.deliveries.deliveries import Delivery

_EVERY_NIGHT = typer.Option(
    "--night",
    parser=business_day,
    metavar="YYYY-MM-DD",
    help="Only what was collected for this business date; default: all dates.",
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("receipts", epilog=ENDINGS)(show_receipts)
    app.command("accept", epilog=ENDINGS)(accept_delivery)


def show_receipts(
    *,
    department: Annotated[str | None, typer.Option(help="Only this department, such as civil_affairs.")] = None,
    night: Annotated[date | None, _EVERY_NIGHT] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Deliveries to print, newest first.")] = 50,
    problems: Annotated[
        int | None, typer.Option("--problems", metavar="交付号", help="The held-back lines of one delivery instead.")
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Check the chain of all receipts.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what became of deliveries, and which files nobody took.

    Ends with 1 when a delivery shown was refused, a file is not recognised, or the chain of receipts is broken.
    """
    from citylake.lake import open_lake

    with told_plainly():
        lake = open_lake(settings())
        if department is not None and department not in lake.catalog.departments:
            end(f"no department '{department}'; there are {', '.join(lake.catalog.departments)}", USE)
        if problems is not None:
            _show_problems(lake, problems, as_json=as_json)
        else:
            _show_receipts(lake, department, night, limit, verify=verify, as_json=as_json)


def accept_delivery(
    delivery: Annotated[int, typer.Argument(metavar="交付号", help="The number of that name in citylake receipts.")],
    reason: Annotated[str, typer.Option(help="Why it may pass; kept for the auditors.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Have a refused delivery taken without the gates by the next night, on somebody's word."""
    from citylake.lake import open_lake
    from citylake.ledger.deliveries.deliveries import take_by_decision
    from citylake.words import title_and_name

    with told_plainly():
        lake = open_lake(settings())
        taken = take_by_decision(lake.ledger, delivery, actor=actor(), reason=reason)
    if as_json:
        print_json({"accepted": delivery, "delivery": taken.id, "resource": taken.resource, "verdict": taken.verdict})
        return
    what = title_and_name(lake.catalog, taken.resource)
    typer.echo(f"交付号 {delivery} {what}：将由下一晚收下，不再过门禁；新的交付号 {taken.id}")


def _show_receipts(
    lake: "Lake", department: str | None, night: date | None, limit: int, *, verify: bool, as_json: bool
) -> None:
    from citylake.ledger.deliveries.deliveries import receipts, verify_chain
    from citylake.read.unrecognised import unrecognised

    found = receipts(lake.ledger, department=department, business_date=night, limit=limit)
    broken = verify_chain(lake.ledger) if verify else []
    files = unrecognised(lake, department)
    if as_json:
        print_json({"receipts": [_receipt(one) for one in found], "unrecognised": files, "chain": broken})
    else:
        columns = ["交付号", "回执号", "日期", "资源", "名称", "结论", "行数", "说明"]
        print_table(columns, [_row(lake, one) for one in found])
        _print_files(lake, files)
        typer.echo("\n".join(broken) if broken else f"{len(found)} 份交付")
    if broken or files or any(one.verdict == "refused" for one in found):
        raise typer.Exit(DATA)


def _receipt(one: "Delivery") -> dict[str, Any]:
    shown = ("id", "department", "resource", "name", "as_of", "business_date", "received_at", "size", "sha256")
    said = ("verdict", "reason", "counts", "receipt_number", "receipt_hash", "previous_hash", "retakes")
    return {name: getattr(one, name) for name in (*shown, *said)}


def _row(lake: "Lake", one: "Delivery") -> list[object]:
    from citylake.words import VERDICTS, counts_in_words, title_and_name

    what = title_and_name(lake.catalog, one.resource)
    verdict = VERDICTS.get(one.verdict, one.verdict)
    said = counts_in_words(one.counts)
    again = f"恢复后重新收取（原交付号 {one.retakes}）" if one.retakes is not None else ""
    reason = "；".join(part for part in (again, one.reason) if part)
    return [one.id, one.receipt_number, one.business_date, what, one.name, verdict, said, reason]


def _print_files(lake: "Lake", files: Mapping[str, Sequence[str]]) -> None:
    if not files:
        return
    typer.echo("未识别的文件（文件名不符合任何约定，仍在报送目录中，请改名后重新放入）：")
    for department, names in files.items():
        for name in names:
            typer.echo(f"  {lake.catalog.departments[department].name}（{department}）  {name}")


def _show_problems(lake: "Lake", number: int, *, as_json: bool) -> None:
    from citylake.ledger.deliveries.deliveries import delivery, problems
    from citylake.read.problem_words import changes_explained, explained
    from citylake.words import VERDICTS, title_and_name

    one = delivery(lake.ledger, number)
    changed = changes_explained(lake.catalog, one.resource, one.counts)
    found = [explained(lake.catalog, one.resource, problem) for problem in problems(lake.ledger, number)]
    held = one.counts.get("quarantined", 0) + one.counts.get("unreadable", 0)
    if as_json:
        print_json(
            {"delivery": number, "resource": one.resource, "held_back": held, "problems": found, "changes": changed}
        )
    else:
        verdict = VERDICTS.get(one.verdict, one.verdict)
        typer.echo(
            f"交付号 {number} {title_and_name(lake.catalog, one.resource)} {one.name}：{verdict}，问题行 {held:,} 行"
        )
        rows = [[item["line"], item["where"], item["rule"], item["reason"]] for item in found]
        print_table(["行", "列", "规则", "原因"], rows)
        if one.verdict == "refused" and one.reason:
            typer.echo(f"整批退回：{one.reason}")
        if len({item["line"] for item in found}) < held:
            typer.echo("这里只列出一部分；全部问题行在隔离表中")
        if changed:
            typer.echo("读取时改动的写法（原文保存在原始表中）：")
            print_table(["列", "改动", "行数"], [[item["where"], item["change"], item["lines"]] for item in changed])
    if one.verdict == "refused":
        raise typer.Exit(DATA)
