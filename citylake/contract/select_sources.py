"""The sources of one SELECT and which of their columns are known to be equal where rows meet."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from sqlglot import exp

Node = tuple[str, str]
"""A source's name in FROM and one of its columns."""
Carriers = tuple[frozenset[str], ...]
"""For each column of ``by``, in order, the columns that carry it."""


@dataclass(frozen=True)
class Relation:
    """What can stand in FROM.

    Attributes:
        columns: its columns, in order.
        kind: empty when its rows belong to no unit.
        units: the ways to tell a row's unit; several when a row belongs to several units (``any``).
        origins: column -> the (input, column) whose very value it is.
    """

    columns: tuple[str, ...]
    kind: str = ""
    units: frozenset[Carriers] = frozenset()
    origins: Mapping[str, frozenset[Node]] = field(default_factory=dict)

    def renamed(self, columns: tuple[str, ...]) -> "Relation":
        """Return the same relation with other names for its columns, in order."""
        new = dict(zip(self.columns, columns, strict=True))
        units = frozenset(tuple(frozenset(new[name] for name in names) for names in unit) for unit in self.units)
        return replace(self, columns=columns, units=units, origins={new[n]: o for n, o in self.origins.items()})


class Classes:
    """Columns known to be equal, or missing, in every row."""

    def __init__(self) -> None:
        self._of: dict[Node, set[Node]] = {}

    def root(self, node: Node) -> Node:
        """Return the name of a column's class."""
        return min(self._of.get(node, {node}))

    def merge(self, one: Node, other: Node) -> None:
        """Note that two columns are equal."""
        both = self._of.get(one, {one}) | self._of.get(other, {other})
        for node in both:
            self._of[node] = both


@dataclass
class Sources:
    """The relations of one FROM by name."""

    classes: Classes
    relations: dict[str, Relation]

    def equate(self, joins: Sequence[exp.Join], where: exp.Expr | None) -> None:
        """Learn from the conditions which columns are equal.

        What an inner join or WHERE demands holds for every row. What an outer or anti join demands holds only for the rows
        it adds: it says where a column of the joined source belongs, never that columns of earlier sources are equal.
        """
        placed: set[Node] = set()
        for _ in range(2):  # the second time sees through a COALESCE of columns found equal in the first
            if where is not None:
                self._merge(_equalities(where.this))
            for join in joins:
                if not _is_outer(join):
                    self._merge(self._pairs(join))
            for join in joins:
                if _is_outer(join):
                    self._place(join, placed)

    def resolved(self, expression: exp.Expr) -> Node | None:
        """Return the class of a plain column, or of a COALESCE of equal columns; None for anything else."""
        node = self._node(expression)
        if node is not None:
            return self.classes.root(node)
        inner = expression.unalias() if isinstance(expression, exp.Alias) else expression.unnest()
        if not isinstance(inner, exp.Coalesce):
            return None
        found = {self.resolved(item) for item in (inner.this, *inner.expressions)}
        return found.pop() if len(found) == 1 else None

    def origin(self, expression: exp.Expr) -> frozenset[Node]:
        """Return the columns of inputs whose very value a plain column is."""
        node = self._node(expression)
        return frozenset() if node is None else self.relations[node[0]].origins.get(node[1], frozenset())

    def carried(self, name: str, units: Iterable[Carriers]) -> set[tuple[Node, ...]]:
        """Return the units of a source as classes of columns."""
        return {
            tuple(self.classes.root((name, column)) for column in columns)
            for unit in units
            for columns in product(*unit)
        }

    def reached(self, name: str, units: Iterable[Carriers], wanted: Sequence[Node]) -> bool:
        """Say whether a source is joined on columns that are the very values of ``wanted``, in order, of one other source."""
        carried = self.carried(name, units)
        for other, relation in self.relations.items():
            found = [
                {self.classes.root((other, column)) for column, values in relation.origins.items() if node in values}
                for node in wanted
            ]
            if any(all(node in nodes for node, nodes in zip(one, found, strict=True)) for one in carried):
                return True
        return False

    def _node(self, expression: exp.Expr) -> Node | None:
        inner = expression.unalias() if isinstance(expression, exp.Alias) else expression
        inner = inner.unnest()
        if not isinstance(inner, exp.Column):
            return None
        parts = [part.name.lower() for part in inner.parts]
        if len(parts) > 1:
            return (parts[0], parts[1]) if len(parts) == 2 and parts[0] in self.relations else None
        having = [(name, parts[0]) for name, relation in self.relations.items() if parts[0] in relation.columns]
        return having[0] if len({self.classes.root(node) for node in having}) == 1 else None

    def _merge(self, pairs: Iterable[tuple[exp.Expr, exp.Expr]]) -> None:
        for one, other in pairs:
            left, right = self.resolved(one), self.resolved(other)
            if left is not None and right is not None:
                self.classes.merge(left, right)

    def _place(self, join: exp.Join, placed: set[Node]) -> None:
        joined = join.this.alias_or_name.lower()
        for one, other in self._pairs(join):
            nodes = {self._node(one), self._node(other)}
            own = [node for node in nodes if node is not None and node[0] == joined]
            if len(own) != 1 or own[0] in placed:
                continue
            rest = other if self._node(one) == own[0] else one
            there = self.resolved(rest)
            if there is not None:
                self.classes.merge(own[0], there)
                placed.add(own[0])

    def _pairs(self, join: exp.Join) -> Iterator[tuple[exp.Expr, exp.Expr]]:
        if (condition := join.args.get("on")) is not None:
            yield from _equalities(condition)
        joined = join.this.alias_or_name.lower()
        for item in join.args.get("using") or ():
            column = item.name.lower()
            earlier = [name for name, relation in self.relations.items() if column in relation.columns]
            for name in earlier[: earlier.index(joined)][:1] if joined in earlier else ():
                yield exp.column(column, name), exp.column(column, joined)


def _is_outer(join: exp.Join) -> bool:
    return bool(join.side) and join.kind != "SEMI" or join.kind == "ANTI"


def _equalities(condition: exp.Expr) -> Iterator[tuple[exp.Expr, exp.Expr]]:
    """Return the equalities that all have to hold."""
    inner = condition.unnest()
    if isinstance(inner, exp.And):
        yield from _equalities(inner.left)
        yield from _equalities(inner.right)
    elif isinstance(inner, exp.EQ | exp.NullSafeEQ):
        yield inner.left, inner.right
