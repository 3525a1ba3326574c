"""Structs: Spark goes by the place of a field and lets the unknown come first, DuckDB goes by name and lets it come last."""

from sqlglot import exp


def name_structs(query: exp.Expr) -> None:
    """Give structs below each other in a UNION, or side by side in an array, the field names of the first one.

    Spark goes by place, DuckDB by name.
    """
    for union in list(query.find_all(exp.SetOperation)):
        branches = _branches(union)
        firsts = [item.unalias() for item in branches[0].selects]
        for branch in branches[1:]:
            for first, item in zip(firsts, branch.selects, strict=False):
                _rename(item.unalias(), _fields(first))
    for array in list(query.find_all(exp.Array)):
        for item in array.expressions[1:]:
            _rename(item, _fields(array.expressions[0]))


def _branches(query: exp.Expr) -> list[exp.Select]:
    if isinstance(query, exp.SetOperation):
        return [*_branches(query.this), *_branches(query.expression)]
    while isinstance(query, exp.Subquery):
        query = query.this
        if isinstance(query, exp.SetOperation):
            return _branches(query)
    return [query] if isinstance(query, exp.Select) else []


def _fields(value: exp.Expr) -> list[str]:
    if isinstance(value, exp.Cast | exp.TryCast) and value.to.this is exp.DType.STRUCT:
        return [field.name for field in value.to.expressions]
    if isinstance(value, exp.Struct):
        return [_field(item, place) for place, item in enumerate(value.expressions, 1)]
    return []


def _field(item: exp.Expr, place: int) -> str:
    if isinstance(item, exp.PropertyEQ | exp.Alias):
        return str(item.this.name if isinstance(item, exp.PropertyEQ) else item.alias)
    return item.name if isinstance(item, exp.Column | exp.Dot) else f"col{place}"


def _rename(value: exp.Expr, names: list[str]) -> None:
    if isinstance(value, exp.Struct) and len(names) == len(value.expressions):
        values = [item.expression if isinstance(item, exp.PropertyEQ) else item.unalias() for item in value.expressions]
        value.set(
            "expressions",
            [
                exp.PropertyEQ(this=exp.to_identifier(name), expression=item.copy())
                for name, item in zip(names, values, strict=True)
            ],
        )


def ordered(struct: exp.Expr) -> exp.Expr:
    """Return a struct that DuckDB orders as Spark does: before each field whether it is known."""
    values = [item.expression if isinstance(item, exp.PropertyEQ) else item.unalias() for item in struct.expressions]
    flagged = [part for value in values for part in (_is_known(value), value.copy())]
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(f"f{place}"), expression=part) for place, part in enumerate(flagged)
        ]
    )


def _is_known(value: exp.Expr) -> exp.Expr:
    return exp.paren(exp.Not(this=exp.Is(this=value.copy(), expression=exp.null())), copy=False)
