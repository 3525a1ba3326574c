"""``citylake verify``: everything a night shows is computed once more without Spark, and compared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from citylake.contract.catalog import Catalog
from citylake.contract.model import CollectedContract, Contract, DerivedContract
from citylake.contract.resolve_spec import ResolveSpec
from citylake.lake import Lake
from citylake.ledger.people.overrides import overrides
from citylake.sources.errors import DeliveryError
from citylake.sources.parse import ParserError
from citylake.verify import identifiers, invariants
from citylake.verify.clean import clean_types, replayed
from citylake.verify.compare import Difference, Shape, compare
from citylake.verify.derived import how_recomputed, recomputed
from citylake.verify.lines import UnknownPatternError
from citylake.verify.night import Shown, ShownTable, newest_of
from citylake.verify.store import Store, UnreadableError, newest_version, opened, text
from citylake.verify.subjects import id_columns
from citylake.verify.translate import TranslationError

REPLAY, INVARIANTS = "replay", "invariants"
"""How a table is verified that is not recomputed from its inputs: deliveries replayed, or invariants only."""
_MINTED = {"subject", "override", "crosswalk", "event"}


@dataclass(frozen=True)
class Verified:
    """What became of one table.

    ``state``: equal, different, not_made (the night has no content of it), or unproven (``reason`` says why).
    ``how`` is one of replay, select, reference, invariants; ``stale``: the night shows an older content of it.
    """

    table: str
    title: str
    how: str
    state: str
    rows: int | None = None
    hash: str | None = None
    expected_hash: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    stale: bool = False
    reason: str = ""

    @property
    def is_wrong(self) -> bool:
        """Whether the table differs, or could not be proven to be right."""
        return self.state in {"different", "unproven"}


def how_verified(catalog: Catalog, contract: Contract, transforms: Path) -> str | None:
    """Return how a table of the catalog is verified, None if nobody has said how.

    Args:
        catalog: knows which SELECTs are generated.
        contract: the table.
        transforms: folder below which ``<layer>/<domain>/<thing>.sql`` and ``.reference.sql`` lie.
    """
    if isinstance(contract, CollectedContract):
        return REPLAY
    found = how_recomputed(catalog, contract, transforms)
    return INVARIANTS if found is None and contract.maker in _MINTED else found


def verify(shown: Shown, *, tables: frozenset[str] = frozenset(), values: bool = False) -> Iterator[Verified]:
    """Verify the tables of a night one after the other, inputs first; yield what became of each.

    Args:
        shown: the night.
        tables: only these; empty: all.
        values: show values of columns that are no direct identifiers.
    """
    with opened(shown.lake.settings.timezone) as store:
        identifiers.install(store)
        verifier = _Verifier(store, shown, values)
        for contract in shown.lake.catalog.contracts.values():
            if not tables or contract.name in tables:
                yield verifier.table(contract)


@dataclass
class _Verifier:
    store: Store
    shown: Shown
    values: bool

    @property
    def lake(self) -> Lake:
        return self.shown.lake

    def table(self, contract: Contract) -> Verified:
        """Verify one table."""
        held = self.shown.tables[contract.name]
        how = how_verified(self.lake.catalog, contract, self.lake.transforms)
        if how is None:
            reason = f"no reference SELECT beside its transform: write {contract.thing}.reference.sql"
            return self._unproven(contract, INVARIANTS, reason)
        if held.version is None:
            return Verified(contract.name, contract.title, how, "not_made")
        try:
            if isinstance(contract, CollectedContract):
                return self._clean(contract, held)
            if how == INVARIANTS:
                return self._minted(contract, held)
            return self._derived(contract, held, how)
        except (UnreadableError, TranslationError, UnknownPatternError, DeliveryError, ParserError, OSError) as error:
            return self._unproven(contract, how, str(error))
        except duckdb.Error as error:
            # Its text may quote a value of a row.
            return self._unproven(contract, how, f"DuckDB could not compute it: {type(error).__name__}")

    def _clean(self, contract: CollectedContract, held: ShownTable) -> Verified:
        published = self._load(held)
        expected = replayed(self.store, self.lake, contract, self.shown.taken(contract))
        direct = frozenset(name for name, column in contract.columns.items() if column.direct)
        shape = Shape(clean_types(contract, id_columns(contract)), contract.key, ("_record_id",), direct)
        return self._compared(contract, held, REPLAY, published, expected, shape)

    def _derived(self, contract: DerivedContract, held: ShownTable, how: str) -> Verified:
        published = self._load(held)
        self._show_inputs(contract, held)
        select = recomputed(self.store, self.lake.catalog, contract, self.lake.transforms, held.made_for)
        expected = self.store.keep(select)
        types = {name: column.type for name, column in contract.columns.items()}
        direct = frozenset(name for name, column in contract.columns.items() if column.direct)
        shape = Shape(types, contract.key, [name for name in contract.key if name not in direct], direct)
        return self._compared(contract, held, how, published, expected, shape)

    def _compared(
        self, contract: Contract, held: ShownTable, how: str, published: str, expected: str, shape: Shape
    ) -> Verified:
        lacking = [name for name in shape.types if name not in self.store.columns(published)]
        if lacking:
            self.store.drop(expected)
            found = tuple(Difference("column_missing", "", name) for name in lacking)
            return Verified(
                contract.name,
                contract.title,
                how,
                "different",
                counts={"column_missing": len(found)},
                differences=found,
            )
        one, reason = compare(self.store, published, expected, shape, values=self.values), ""
        if one.is_equal and (foreign := self._foreign(held)) is not None:
            # What was published is right; the next night would go on from rows that nobody accounts for.
            reason = f"文件的第 {foreign} 版不在台账中：引擎之外有人写过这张表"
            rows = self.store.load(self.lake.location(contract.name), foreign)
            one = compare(self.store, rows, expected, shape, values=self.values)
        self.store.drop(expected)
        state = "equal" if one.is_equal else "different"
        return Verified(
            contract.name, contract.title, how, state, one.rows, one.hash, one.expected_hash, one.counts, one.differences,
            held.stale, "" if one.is_equal else reason,
        )  # fmt: skip

    def _foreign(self, held: ShownTable) -> int | None:
        """Return the newest version of a table when the ledger knows nothing of it."""
        if held.known is None:
            return None
        newest = newest_version(self.lake.location(held.table))
        return newest if newest > held.known else None

    def _minted(self, contract: DerivedContract, held: ShownTable) -> Verified:
        """Ask what must hold of a table whose ids no second engine can mint."""
        spec = self.lake.catalog.spec(contract.domain)
        foreign = self._foreign(held)
        published = self._load(held if foreign is None else replace(held, version=foreign))
        if contract.maker == "override":
            asked = invariants.of_decisions(published, overrides(self.lake.ledger, contract.domain))
        elif contract.maker in ("crosswalk", "subject"):
            named = self._subjects(spec, held)
            of_table = invariants.of_crosswalk if contract.maker == "crosswalk" else invariants.of_subjects
            asked = of_table(published, named, spec, held.made_for)
        else:
            crosswalk = self._load(self._input(held, "crosswalk", spec.crosswalk, None))
            asked = invariants.of_events(published, crosswalk, spec, held.made_for)
        counts, found = invariants.broken(self.store, asked)
        rows = self.store.number(f"SELECT count(*) FROM {published}")
        state = "different" if counts else "equal"
        return Verified(
            contract.name,
            contract.title,
            INVARIANTS,
            state,
            rows,
            counts=counts,
            differences=found,
            stale=held.stale,
        )

    def _subjects(self, spec: ResolveSpec, held: ShownTable) -> str:
        """Return a table of every subject as the clean tables have it that the kind's table of subjects was made from."""
        said, made = self.lake.catalog.contract(spec.subjects), self.shown.tables[spec.subjects]
        assert isinstance(said, DerivedContract)
        clean = {
            item.table: self._load(self._input(made, alias, item.table, item.part))
            for alias, item in said.inputs.items()
        }
        return invariants.subjects(self.store, self.lake.catalog, spec, clean, held.made_for)

    def _show_inputs(self, contract: DerivedContract, held: ShownTable) -> None:
        """Show every input under its alias, as the night shows it; one that is stale sees what it was made from."""
        for alias, item in contract.inputs.items():
            rows = self._load(self._input(held, alias, item.table, item.part))
            part = f" WHERE source = {text(item.part)}" if item.part is not None else ""
            self.store.view(alias, f"SELECT * FROM {rows}{part}")

    def _input(self, held: ShownTable, alias: str, table: str, part: str | None) -> ShownTable:
        now = self.shown.tables[table]
        consumed = held.consumed.get(alias)
        behind = held.stale or (part is None and held.table not in self._published)
        if behind and consumed is not None and now.content is not None and consumed.content < now.content:
            version = newest_of(self.lake, table, consumed.content) or consumed.version
            return ShownTable(table, consumed.content, version, False, held.made_for, {})
        return now

    @property
    def _published(self) -> set[str]:
        return {entry.table for entry in self.shown.publication.entries}

    def _load(self, held: ShownTable) -> str:
        if held.version is None:
            raise UnreadableError(f"{held.table} has no content in this night")
        return self.store.load(self.lake.location(held.table), held.version)

    def _unproven(self, contract: Contract, how: str, reason: str) -> Verified:
        return Verified(contract.name, contract.title, how, "unproven", reason=reason)
