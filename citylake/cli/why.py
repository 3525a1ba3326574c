"""``citylake why``: why a person or firm is who it is, value by value, down to file and line."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from citylake.cli.terminal import ENDINGS, USE, AsJson, Night, end, print_json, told_plainly
from citylake.ledger.people.actor import actor
from citylake.settings import settings

if TYPE_CHECKING:
    from citylake.contract.catalog import Catalog
    from citylake.read.why.fields import Field
    from citylake.read.why.rows import Origin
    from citylake.read.why.why import Link, Why

_HIDDEN = "（直接标识，未显示）"
_RECORDS = 5
"""Records of one subject that are printed; an event's may be thousands."""


_RULE = {
    "agreed": "各来源说法一致",
    "source_rank": "按来源次序",
    "value_rank": "有此说法即以此为准",
    "most_recent": "以最新为准",
    "never_null_overwrite": "以最早说过的为准",
    "majority": "以多数来源为准",
    "earliest": "取最早的日期",
    "latest": "取最晚的日期",
    "most_complete": "取最完整的",
    "maximum_age": "其他说法已过期",
    "tie_break": "各条规则都分不出先后",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("why", epilog=ENDINGS)(explain)


def explain(
    thing: Annotated[
        str, typer.Argument(help="What is asked about: person, entity, or another kind that is resolved.")
    ],
    id_: Annotated[str, typer.Argument(metavar="ID", help="A person_id (P…) or an entity_id (E…).")],
    field: Annotated[str | None, typer.Argument(help="Only this golden field, such as death_date.")] = None,
    *,
    night: Night = None,
    identified: Annotated[
        bool, typer.Option("--identified", help="Show names, numbers, phones and addresses; needs --reason.")
    ] = False,
    reason: Annotated[
        str | None, typer.Option(help="Why direct identifiers are needed; kept for the auditors.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say which records are one person, firm or other thing, by which rule, and why each golden value won; without Spark."""
    from citylake.contract.linked import kind_id
    from citylake.lake import open_lake
    from citylake.ledger.people.decisions import note
    from citylake.read.session import not_published
    from citylake.read.why.rows import TooManyRowsError
    from citylake.read.why.why import UnknownEntityError, UnknownFieldError, why
    from citylake.verify.night import shown

    if identified and not reason:
        end("直接标识只在说明理由后显示：请加 --reason", USE)
    with told_plainly():
        lake = open_lake(settings())
        kinds = {kind_id(name).removesuffix("_id"): name for name in lake.catalog.kinds}
        if thing not in kinds:
            end(f"没有 {thing} 这一类；有：{'、'.join(sorted(kinds))}", USE)
        found = shown(lake, night)
        if found is None:
            raise not_published(lake, night)
        if identified:
            note(lake.ledger, actor=actor(), action="identify", subject=f"{thing} {id_}", reason=reason or "")
        try:
            answer = why(found, kinds[thing], id_, field=field, identified=identified)
        except (UnknownEntityError, UnknownFieldError, TooManyRowsError) as error:
            end(str(error), USE)
    if as_json:
        print_json(asdict(answer))
        return
    for line in _lines(answer, lake.catalog, only_field=field is not None):
        typer.echo(line)


def _lines(answer: "Why", catalog: "Catalog", *, only_field: bool) -> Iterator[str]:
    from citylake.words import title_and_name

    yield f"{catalog.kinds[answer.kind].noun} {answer.entity}（{answer.night} 发布）"
    if not only_field:
        yield from _events(answer, catalog)
        yield f"记录：{len(answer.links)} 个主体，{len({link.source for link in answer.links})} 个来源"
        for link in answer.links:
            yield f"  {title_and_name(catalog, link.source)} {link.role}"
            yield f"    {_link(link, catalog)}"
            yield from (f"      {_place(origin)}" for origin in link.records[:_RECORDS])
            if len(link.records) > _RECORDS:
                yield f"      另有 {len(link.records) - _RECORDS} 条"
    for field in answer.fields:
        yield from _field(field, catalog)


def _events(answer: "Why", catalog: "Catalog") -> Iterator[str]:
    kinds = catalog.codes["id_event_kind"]
    for event in answer.events:
        other = f"，另一标识 {event.other}" if event.other else ""
        own = "" if event.entity == answer.entity else f" {event.entity}"
        yield f"  {event.day}{own} {kinds.get(event.kind, event.kind)}（{event.subjects} 个主体{other}）"


def _link(link: "Link", catalog: "Catalog") -> str:
    codes = catalog.codes
    said = [
        codes["link_rule"].get(link.rule, link.rule),
        f"置信度 {link.score}",
        codes["link_guard"].get(link.guard, link.guard),
        f"自 {link.since}",
    ]
    if link.review_reason:
        other = f"（{link.other}）" if link.other else ""
        said.append(f"待复核：{codes['review_reason'].get(link.review_reason, link.review_reason)}{other}")
    return "　".join(said)


def _field(field: "Field", catalog: "Catalog") -> Iterator[str]:
    from citylake.words import title_of

    if not field.said:
        yield f"{field.label} {field.field}：没有来源说过"
        return
    value = _HIDDEN if field.direct and field.published is None else field.published
    rule = _RULE.get(field.rule or "", field.rule)
    yield f"{field.label} {field.field} = {value}　{rule}；{field.agreeing} 个来源相同，{field.conflicts} 个不同"
    if len(field.choices) > 1:
        yield f"    规则依次：{'、'.join(_RULE[choice] for choice in field.choices)}"
    for said in field.said:
        shown = said.value if said.value is not None else ("相同" if said.wins else "不同")
        ranked = f"　来源次序第 {said.rank}" if said.rank is not None else ""
        mark = "→" if said.wins else " "
        yield f"  {mark} {shown}　{title_of(catalog, said.source)} {said.said_on or '日期不详'}{ranked}"
        yield from (f"      {_place(origin)}" for origin in said.origins[:_RECORDS])
    if not field.is_explained:
        yield "    ！发布的值与按规则重算的不同：用 citylake verify 核对"


def _place(origin: "Origin") -> str:
    return (
        f"记录 {origin.record}　{origin.file} 第 {origin.line} 行（交付号 {origin.delivery}，数据日期 {origin.as_of}）"
    )
