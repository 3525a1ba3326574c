"""Follows the unit of recomputation through a SELECT: which columns carry it, and whether rows of two units ever meet.

A relation (input, common table expression, subquery) is *keyed* when its rows belong to units. Every step of a SELECT has to
keep them apart: sources are joined on the columns that carry the unit, groups and windows have them, and the result gives
them out. Names are compared in lower case, as Spark does.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from sqlglot import exp

from citylake.contract.errors import ContractError
from citylake.contract.model import DerivedContract
from citylake.contract.select_sources import Classes, Node, Relation, Sources

BY = "by"
"""Kind of a relation whose rows belong to the table's own units; other kinds are aliases of ``via`` inputs."""


class SelectError(ContractError):
    """A SELECT breaks a promise of its contract; the message names table, place and what to do."""


@dataclass(frozen=True)
class UnitFlow:
    """The walk through one SELECT; ``relation`` of the whole query says what the table's rows carry."""

    contract: DerivedContract
    inputs: Mapping[str, Relation]

    @classmethod
    def over(cls, contract: DerivedContract, columns: Mapping[str, Sequence[str]]) -> "UnitFlow":
        """Start from a contract and the columns of its inputs by alias."""
        return cls(contract, {alias: _input(contract, alias, names) for alias, names in columns.items()})

    def check(self, query: exp.Query) -> None:
        """Follow the units to the end.

        Raises:
            SelectError: rows of several units meet, or the result does not carry the unit.
        """
        made = self.relation(query, self.inputs, "the SELECT")
        wanted = tuple(name.lower() for name in self.contract.unit)
        if made.kind not in ("", BY):
            raise self.error("the SELECT", f"input {made.kind} is read without the input it is reached through")
        if made.kind == BY and not any(all(n in c for n, c in zip(wanted, u, strict=True)) for u in made.units):
            raise self.error(
                "the SELECT", f"its {self._named(BY)} are not those of the inputs: give them out unchanged"
            )

    def relation(self, query: exp.Expr, known: Mapping[str, Relation], where: str) -> Relation:
        """Return what a query gives out, given the relations it may name."""
        named = dict(known)
        for cte in query.ctes if isinstance(query, exp.Query) else ():
            if cte.args["alias"].columns:
                raise self.error(cte.alias, "name the columns in its SELECT, not behind its name")
            named[cte.alias.lower()] = self.relation(cte.this, named, cte.alias)
        if isinstance(query, exp.Subquery):
            return self._limited(query, self.relation(query.this, named, where), where)
        if isinstance(query, exp.SetOperation):
            return self._limited(query, self._combined(query, named, where), where)
        if isinstance(query, exp.Select):
            return self._limited(query, _Step(self, query, named, where).relation(), where)
        raise self.error(where, "nested joins in brackets cannot be judged: write a common table expression")

    def error(self, where: str, what: str) -> SelectError:
        """Return the refusal of this table for a place in its SELECT."""
        return SelectError(f"{self.contract.name}: {where}: {what}")

    def _named(self, kind: str) -> str:
        return ", ".join(self.contract.unit if kind == BY else self.contract.inputs[kind].on)

    def lost(self, kind: str, where: str, what: str) -> SelectError:
        """Return the refusal of a step that does not keep units apart."""
        return self.error(where, what.format(by=self._named(kind)))

    def _limited(self, query: exp.Expr, made: Relation, where: str) -> Relation:
        if made.kind and (query.args.get("limit") or query.args.get("offset") or query.args.get("fetch")):
            raise self.error(where, "LIMIT counts over all units: use a window with PARTITION BY")
        return made

    def _combined(self, query: exp.SetOperation, named: Mapping[str, Relation], where: str) -> Relation:
        if query.args.get("by_name"):
            raise self.error(where, "BY NAME cannot be judged: give the columns in one order")
        left, right = (self.relation(side, named, where) for side in (query.left, query.right))
        if len(left.columns) != len(right.columns):
            raise self.error(where, "both sides of a set operation need the same columns")
        if left.kind and right.kind and left.kind != right.kind:
            raise self.error(where, f"rows keyed by {self._named(left.kind)} and {self._named(right.kind)} are mixed")
        kind = left.kind or right.kind
        renamed = right.renamed(left.columns)
        none: frozenset[Node] = frozenset()
        origins = {name: values & renamed.origins.get(name, none) for name, values in left.origins.items()}
        units = left.units or renamed.units
        if left.kind and right.kind:
            met = (tuple(a & b for a, b in zip(x, y, strict=True)) for x, y in product(left.units, renamed.units))
            units = frozenset(unit for unit in met if all(unit))
        if kind and not units:
            raise self.lost(kind, where, "the sides of a set operation carry {by} in different columns")
        return Relation(left.columns, kind, units, origins)


@dataclass
class _Step:
    """One SELECT, without those inside it."""

    flow: UnitFlow
    select: exp.Select
    named: Mapping[str, Relation]
    where: str
    sources: Sources = field(init=False)

    def relation(self) -> Relation:
        self.sources = Sources(Classes(), {})
        joins: list[exp.Join] = self.select.args.get("joins") or []
        start = self.select.args.get("from_")
        for item in [*([start] if start else []), *joins]:
            if item.args.get("method"):
                raise self.flow.error(self.where, f"a {item.args['method']} join hides its columns: write ON")
            self._add(item.this)
        for lateral in self.select.args.get("laterals") or []:
            self._only_one(lateral.alias_or_name.lower())
        self.sources.equate(joins, self.select.args.get("where"))
        self._subqueries()
        kind, units = self._unit()
        if kind:
            units = self._kept_by_windows(kind, self._kept_by_groups(kind, units))
        return self._given_out(kind, units)

    def _add(self, source: exp.Expr) -> None:
        name = source.alias_or_name.lower()
        if any(source.args.get(more) for more in ("pivots", "sample", "joins", "version", "when")):
            told = f"{name}: PIVOT, TABLESAMPLE, nested joins and VERSION AS OF cannot be judged"
            raise self.flow.error(self.where, told)
        if (alias := source.args.get("alias")) is not None and alias.columns and not isinstance(source, exp.Values):
            raise self.flow.error(self.where, f"{name}: name the columns in its SELECT, not behind its name")
        if isinstance(source, exp.Table) and source.name.lower() in self.named:
            found = self.named[source.name.lower()]
        elif isinstance(source, exp.Values) and name:
            found = Relation(tuple(column.lower() for column in source.alias_column_names))
        elif isinstance(source, exp.Subquery) and name:
            found = self.flow.relation(source, self.named, name)
        else:
            told = f"{source.sql('spark')[:40]} in FROM is no input, no common table expression before it and no named VALUES"
            raise self.flow.error(self.where, told)
        self._only_one(name)
        self.sources.relations[name] = found

    def _only_one(self, name: str) -> None:
        if name in self.sources.relations:
            raise self.flow.error(self.where, f"{name} stands for two things in one FROM: give each a name")

    def _own(self) -> Iterator[exp.Expr]:
        def inner(node: exp.Expr) -> bool:
            return isinstance(node, exp.Query) and node is not self.select

        yield from self.select.walk(prune=inner)

    def _subqueries(self) -> None:
        for node in self._own():
            if not isinstance(node, exp.Query) or node is self.select:
                continue
            if isinstance(node.parent, exp.From | exp.Join | exp.CTE):
                continue
            keyed = [table.name for table in node.find_all(exp.Table) if self._is_keyed(table.name.lower())]
            if keyed:
                told = f"a subquery in an expression reads the keyed {keyed[0]}: join it (LEFT, SEMI or ANTI) on "
                raise self.flow.lost(BY, self.where, told + "{by}")

    def _is_keyed(self, name: str) -> bool:
        return name not in self.named or bool(self.named[name].kind)

    def _unit(self) -> tuple[str, set[tuple[Node, ...]]]:
        """Return the kind of this step's rows, and the classes of columns that carry their unit, in the order of ``by``."""
        keyed = {name: item for name, item in self.sources.relations.items() if item.kind}
        own = {name: item for name, item in keyed.items() if item.kind == BY}
        reached = {name: item for name, item in keyed.items() if item.kind != BY}
        if own:
            for name, item in reached.items():
                self._reached(name, item)
        elif len({item.kind for item in reached.values()}) > 1:
            raise self.flow.error(
                self.where, f"{', '.join(reached)} are joined without the inputs they are reached through"
            )
        units: set[tuple[Node, ...]] | None = None
        for name, item in (own or reached).items():
            carried = self.sources.carried(name, item.units)
            if units is not None and not units & carried:
                raise self.flow.lost(item.kind, self.where, f"{name} is not joined on the columns that carry {{by}}")
            units = carried if units is None else units & carried
        return next((item.kind for item in (own or reached).values()), ""), units or set()

    def _reached(self, name: str, item: Relation) -> None:
        way = self.flow.contract.inputs[item.kind]
        wanted = [(way.via or "", column.lower()) for column in way.via_on or way.on]
        if not self.sources.reached(name, item.units, wanted):
            columns = ", ".join(f"{way.via}.{column}" for _, column in wanted)
            raise self.flow.error(self.where, f"{name} is declared via {way.via}: join it on {columns}")

    def _kept_by_groups(self, kind: str, units: set[tuple[Node, ...]]) -> set[tuple[Node, ...]]:
        group = self.select.args.get("group")
        if group is None:
            bare = (
                node for node in self._own() if isinstance(node, exp.AggFunc) and not node.find_ancestor(exp.Window)
            )
            if next(bare, None) is not None:
                raise self.flow.lost(kind, self.where, "it aggregates over all units: GROUP BY {by}")
            return units
        if group.args.get("all") or group.find(exp.Cube, exp.Rollup, exp.GroupingSets):
            raise self.flow.lost(
                kind, self.where, "GROUP BY ALL, CUBE, ROLLUP and GROUPING SETS mix units: GROUP BY {by}"
            )
        kept = self._with(units, [self._projected(item) for item in group.expressions])
        if not kept:
            raise self.flow.lost(kind, self.where, "GROUP BY lacks {by}")
        return kept

    def _kept_by_windows(self, kind: str, units: set[tuple[Node, ...]]) -> set[tuple[Node, ...]]:
        shared = {item.name.lower(): item for item in self.select.args.get("windows") or []}
        for window in self._own():
            if not isinstance(window, exp.Window):
                continue
            told = shared.get(window.alias.lower(), window)
            units = self._with(units, told.args.get("partition_by") or [])
            if not units:
                raise self.flow.lost(kind, self.where, "a window lacks PARTITION BY {by}")
        return units

    def _with(self, units: set[tuple[Node, ...]], expressions: Sequence[exp.Expr]) -> set[tuple[Node, ...]]:
        present = {self.sources.resolved(item) for item in expressions}
        return {unit for unit in units if set(unit) <= present}

    def _projected(self, item: exp.Expr) -> exp.Expr:
        """Return the expression that a position or a name in GROUP BY stands for."""
        if isinstance(item, exp.Literal) and not item.is_string:
            return next(iter(self.select.expressions[int(item.name) - 1 :]), item)
        if isinstance(item, exp.Column) and not item.table and self.sources.resolved(item) is None:
            return next((made for made in self.select.expressions if made.alias == item.name), item)
        return item

    def _given_out(self, kind: str, units: set[tuple[Node, ...]]) -> Relation:
        names: list[str] = []
        carrying: dict[Node | None, set[str]] = {}
        origins = {}
        for item in self.select.expressions:
            several = [alias.name for alias in item.aliases] if isinstance(item, exp.Aliases) else [item.alias_or_name]
            names += [name.lower() for name in several]
            carrying.setdefault(self.sources.resolved(item), set()).add(names[-1])
            origins[names[-1]] = self.sources.origin(item)
        made = {tuple(frozenset(carrying.get(node, ())) for node in unit) for unit in units}
        kept = frozenset(unit for unit in made if all(unit))
        if kind and not kept:
            raise self.flow.lost(kind, self.where, "it does not give out {by}: select the plain columns that carry it")
        return Relation(tuple(names), kind, kept, origins)


def _input(contract: DerivedContract, alias: str, names: Sequence[str]) -> Relation:
    item = contract.inputs[alias]
    columns = tuple(name.lower() for name in names)
    tuples = item.any or ((item.on,) if item.on else ())
    units = frozenset(tuple(frozenset([name.lower()]) for name in one) for one in tuples)
    kind = "" if item.all else alias if item.via else BY
    return Relation(columns, kind, units, {name: frozenset([(alias, name)]) for name in columns})
