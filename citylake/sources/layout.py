"""What the parsing process must know of a contract: a plain value that travels as JSON."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from typing import Any

from citylake.sources.errors import DeliveryError

_DIGITS = re.compile(r"\d{6,}")
ENGINE_COLUMNS = ("_line", "_operation", "_unreadable")


@dataclass(frozen=True)
class Layout:
    """How one resource is delivered, and under which names its columns leave the parser."""

    subject: str
    """The delivery in a message: ``文件“x.csv”``."""
    form: str
    mode: str
    columns: dict[str, str]
    """Contract column -> source column, in the contract's order."""
    ignored: tuple[str, ...] = ()
    operation: str | None = None
    others: tuple[str, ...] = ()
    """Source columns that must be there although no contract column takes them (watermark, as-of)."""
    as_of: str | None = None
    """Source column that says the day."""
    as_of_formats: tuple[str, ...] = ()
    serials: tuple[str, ...] = ()
    """Source columns whose plain numbers are days counted by Excel."""
    encoding: str = "UTF-8"
    delimiter: str = ","
    sheet: str | None = None
    header_rows: int = 1
    skip_rows: int = 0
    earlier: tuple[str, ...] | None = None
    """Of a delivery accepted under an earlier contract: the source columns it must have all the same; None: all."""

    @property
    def required(self) -> tuple[str, ...]:
        """Source columns that a delivery must have, each once."""
        extra = (self.operation,) if self.operation else ()
        return tuple(dict.fromkeys((*self.columns.values(), *extra, *self.others)))

    def as_delivered(self, found: Iterable[str]) -> "Layout":
        """Return what can be read of a delivery with these columns: all, unless it came under an earlier contract."""
        if self.earlier is None:
            return self
        present = set(found)
        kept = {name: source for name, source in self.columns.items() if source in present}
        return replace(self, columns=kept, others=tuple(name for name in self.others if name in present))

    def as_json(self) -> dict[str, Any]:
        """Return the value as JSON-ready data; ``Layout(**data)`` reads it back."""
        return asdict(self)

    def check_header(self, found: Sequence[str], limit: int, where: str = "") -> None:
        """Compare the columns that came with those agreed on.

        Raises:
            DeliveryError: ``columns``, ``duplicate_columns`` or ``too_many_columns``.
        """
        if len(found) > limit:
            raise DeliveryError(
                "too_many_columns",
                f"{self.subject}{where}有 {len(found)} 列，超过上限 {limit} 列。请核对文件后重新报送。",
            )
        if "" in found:
            message = (
                f"{self.subject}{where}第 {list(found).index('') + 1} 列没有列名。请补上列名或删去该列后重新报送。"
            )
            raise DeliveryError("columns", message)
        twice = sorted({name for name in found if found.count(name) > 1})
        if twice:
            raise DeliveryError(
                "duplicate_columns",
                f"{self.subject}{where}的列名重复：{_listed(twice)}。请改为互不相同的列名后重新报送。",
            )
        self.check_names(set(found), where)

    def check_names(self, found: set[str], where: str = "") -> None:
        """Compare a set of column names with those agreed on; see :meth:`check_header`."""
        missing = [name for name in self.required if name not in found]
        extra = sorted(found - set(self.required) - set(self.ignored))
        if self.earlier is not None:
            missing, extra = [name for name in self.earlier if name not in found], []
        if not missing and not extra:
            return
        if not found & set(self.required):
            raise DeliveryError(
                "columns",
                f"{self.subject}{where}里一个约定的列名也没有找到（可能缺少表头行、分隔符不对或送错了文件）。"
                f"约定的列：{_listed(self.required)}。请核对后重新报送。",
            )
        raise DeliveryError("columns", self._difference(missing, extra, where))

    def _difference(self, missing: list[str], extra: list[str], where: str) -> str:
        parts = [f"缺少列 {_listed(missing)}"] if missing else []
        parts += [f"多出列 {_listed(extra)}"] if extra else []
        parts += [f"{_name(new)} 可能是 {_name(old)} 改名" for old, new in renamed(missing, extra)]
        return (
            f"{self.subject}{where}的列与约定不符：{'；'.join(parts)}。请恢复约定的列名后重新报送；"
            "确需增减或改名的，请先与数据局修改约定。"
        )


def renamed(missing: Sequence[str], extra: Sequence[str]) -> list[tuple[str, str]]:
    """Guess which missing column came under which new name: pairs (agreed, delivered)."""
    left = {_folded(name): name for name in extra}
    pairs = []
    for old in missing:
        near = get_close_matches(_folded(old), left, n=1, cutoff=0.6)
        if near:
            pairs.append((old, left.pop(near[0])))
    if not pairs and len(missing) == 1 and len(extra) == 1:
        pairs.append((missing[0], extra[0]))
    return pairs


def _folded(name: str) -> str:
    return re.sub(r"[\s_\-./]", "", unicodedata.normalize("NFKC", name)).casefold()


def _listed(names: Iterable[str], most: int = 20) -> str:
    every = [_name(name) for name in names]
    return "、".join(every[:most]) + (f" 等 {len(every)} 列" if len(every) > most else "")


def _name(name: str) -> str:
    """A header cell may be data when the header is missing: what looks like a number is not repeated."""
    clean = "".join(sign if sign.isprintable() else " " for sign in _DIGITS.sub("***", name))
    return clean if len(clean) <= 40 else clean[:39] + "…"
