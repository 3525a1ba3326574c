"""What an input is called in its SELECT: the thing of its table, so that nobody has to learn anybody's letters."""

from collections import Counter
from collections.abc import Sequence

from citylake.contract.model import Input
from citylake.spelling import parts_of


def aliases(inputs: Sequence[Input]) -> list[str]:
    """Return the alias of each of a table's inputs, in their order.

    - The thing of its table: ``linked.hrss__pension_payment`` is ``pension_payment``.
    - ``<domain>_<thing>`` when tables of several domains are of the same thing.
    - With ``_<role>`` when one table is read several times: the columns that carry the unit, without ``_id`` or ``_subject``
      (``marriage_husband``, ``marriage_wife``), or ``all``; then with the partition, if that alone tells them apart.
    """
    tables = {item.table for item in inputs}
    things = Counter(_parts(table)[1] for table in tables)
    called = []
    for item in inputs:
        domain, thing = _parts(item.table)
        name = thing if things[thing] == 1 else f"{domain}_{thing}"
        beside = [other for other in inputs if other.table == item.table]
        if len(beside) > 1:
            name = f"{name}_{_role(item)}"
        if item.part and sum(_role(other) == _role(item) for other in beside) > 1:
            name = f"{name}_{item.part.replace('.', '_')}"
        called.append(name)
    return called


def _parts(table: str) -> tuple[str, str]:
    return parts_of(table)[1:]


def _role(item: Input) -> str:
    columns = item.via_on or item.on or [name for names in item.any for name in names]
    return "_".join(name.strip("_").removesuffix("_subject").removesuffix("_id") for name in columns) or "all"
