"""``citylake train``: a model for what no rule places, trained on the lake's own subjects, for people to review."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citylake.cli.terminal import DATA, ENDINGS, USE, end, told_plainly
from citylake.settings import settings

if TYPE_CHECKING:
    from citylake.contract.resolve_spec import ResolveSpec
    from citylake.lake import Lake


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("train", epilog=ENDINGS)(train)


def train(
    library: Annotated[str, typer.Argument(metavar="库", help="population or legal_entity.")],
    *,
    seed: Annotated[int, typer.Option(help="Of the sampling.")] = 1,
) -> None:
    """Write a model beside resolve.yml; no night uses it before 'residue: {model: model.json}' is set there."""
    from citylake.contract.resolve_spec import load_resolve_spec
    from citylake.lake import open_lake

    with told_plainly():
        lake = open_lake(settings())
        path = lake.catalog.root / "base" / library / "resolve.yml"
        if not path.exists():
            end(f"没有名为 {library} 的库：{path} 不存在", USE)
        made = _trained(lake, load_resolve_spec(path), seed)
    typer.echo(f"已写 {made}；审阅后在 resolve.yml 中写 residue: {{model: {made.name}}}，下一夜起生效")


def _trained(lake: "Lake", spec: "ResolveSpec", seed: int) -> Path:
    from citylake.ledger.runs.tables import table_states
    from citylake.resolve.store import load, opened
    from citylake.resolve.training import train_kind, write_model

    state = table_states(lake.ledger).get(spec.subjects)
    if state is None or state.accepted_version is None:
        end(f"{spec.subjects} 还没有内容：先运行一夜（citylake night）", DATA)
    columns = sorted({"subject_id", "id_text", "id_no", "is_anchor", *spec.compared})
    with opened() as store:
        load(store, "subject", lake.location(spec.subjects), state.accepted_version, columns)
        try:
            settled = train_kind(store, spec, seed=seed)
        except ValueError as error:
            end(str(error), DATA)
    path = spec.folder / "model.json"
    write_model(settled, path)
    return path
