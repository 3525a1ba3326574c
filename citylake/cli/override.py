"""``citylake override``: what people decide of who is who; the next night applies it, taking it back gives all back."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citylake.cli.terminal import ENDINGS, USE, AsJson, business_day, end, print_json, print_table, told_plainly
from citylake.ledger.people.actor import actor
from citylake.settings import settings

if TYPE_CHECKING:
    from citylake.lake import Lake
    from citylake.ledger.people.overrides import Decision, Override

_WORDS = {"must_link": "是同一个", "cannot_link": "不是同一个"}
_KINDS: dict[str, "Decision"] = {"must-link": "must_link", "cannot-link": "cannot_link"}
_UNTIL = typer.Option(
    "--until", parser=business_day, metavar="YYYY-MM-DD", help="Last day in force; default: for good."
)
Library = Annotated[str, typer.Option(help="population or legal_entity.")]
Reason = Annotated[str, typer.Option(help="Why; kept for the auditors, without personal data.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Decide who is who: add, list, withdraw.", no_args_is_help=True)
    group.command("add", epilog=ENDINGS)(add)
    group.command("list", epilog=ENDINGS)(show)
    group.command("withdraw", epilog=ENDINGS)(withdraw)
    app.add_typer(group, name="override")


def add(
    decision: Annotated[str, typer.Argument(help="must-link: they are one; cannot-link: they are not.")],
    subject: Annotated[str, typer.Argument(metavar="主体", help="Subject id, as the review table shows it.")],
    other: Annotated[str, typer.Argument(metavar="另一主体", help="Subject id of the other (part_key, other_key).")],
    reason: Reason,
    *,
    library: Library = "population",
    until: Annotated[date | None, _UNTIL] = None,
    as_json: AsJson = False,
) -> None:
    """Keep a decision about two subjects; approving a proposal is must-link."""
    from citylake.ledger.people.overrides import add_override

    with told_plainly():
        lake = _lake(library)
        kind = _KINDS.get(decision)
        if kind is None:
            end("the decision is must-link or cannot-link", USE)
        made = add_override(
            lake.ledger, library=library, subject_id=subject, other_subject_id=other, decision=kind,
            actor=actor(), reason=reason, until=until,
        )  # fmt: skip
    _say([made], as_json=as_json)


def show(*, library: Library = "population", as_json: AsJson = False) -> None:
    """List all decisions, withdrawn ones included."""
    from citylake.ledger.people.overrides import overrides

    with told_plainly():
        found = overrides(_lake(library).ledger, library)
    _say(found, as_json=as_json)


def withdraw(
    number: Annotated[
        int, typer.Argument(metavar="决定编号", help="The number of that name in citylake override list.")
    ],
    reason: Reason,
    *,
    as_json: AsJson = False,
) -> None:
    """Take a decision back; the next night gives each part exactly what it had."""
    from citylake.lake import open_lake
    from citylake.ledger.people.overrides import withdraw_override

    with told_plainly():
        taken = withdraw_override(open_lake(settings()).ledger, number, actor=actor(), reason=reason)
    _say([taken], as_json=as_json)


def _lake(library: str) -> "Lake":
    from citylake.lake import open_lake
    from citylake.spelling import parts_of

    lake = open_lake(settings())
    known = sorted(parts_of(table).domain for table in lake.catalog.crosswalks.values())
    if library not in known:
        end(f"no library '{library}' is resolved; there are {', '.join(known)}", USE)
    return lake


def _say(found: "list[Override]", *, as_json: bool) -> None:
    if as_json:
        print_json({"overrides": [_plain(one) for one in found]})
        return
    columns = ["决定编号", "库", "主体", "另一主体", "决定", "决定人", "理由", "有效期至", "状态"]
    print_table(columns, [_row(one) for one in found])
    typer.echo(f"{len(found)} 项决定")


def _row(one: "Override") -> list[object]:
    state = "已撤回" if one.withdrawn_at else "有效"
    decided = _WORDS[one.decision]
    return [
        one.id,
        one.library,
        one.subject_id,
        one.other_subject_id,
        decided,
        one.actor,
        one.reason,
        one.until or "长期",
        state,
    ]


def _plain(one: "Override") -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__dataclass_fields__}
