"""The parser's output: all-text Parquet with line numbers, written in bounded row groups."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from citylake.sources.errors import DeliveryError
from citylake.sources.layout import Layout
from citylake.sources.values import EXCEL_ERRORS, day

GROUP_ROWS = 200_000
GROUP_BYTES = 64 << 20


_CONTROLS = bytes((*range(9), *range(14, 32), 127))
_LOST = ("\ufffd", "锟斤拷")
"""What stands where a character was lost, here or before the delivery was made."""
_ERROR = rf"\A\s*(?:{'|'.join(map(re.escape, EXCEL_ERRORS))})\s*\z"
_TOO_NARROW = r"\A\s*##+\s*\z"
_SUSPICIOUS = [sign.encode() for sign in _LOST]
_SUSPICIOUS_HASHES = [sign.encode() for sign in ("##", *EXCEL_ERRORS)]
_NO_TEXT = r"[\x00-\x08\x0e-\x1f\x7f]"


class TextTable:
    """Takes batches of source columns, gives them their contract names and writes them.

    Columns of the file: the contract's (text or NULL as delivered), ``_line`` (bigint, from 1), ``_operation`` and
    ``_unreadable`` (text or NULL). The file appears under its name only when :meth:`close` succeeded.
    """

    def __init__(self, layout: Layout, target: Path) -> None:
        self._layout = layout
        self._target = target
        self._draft = target.with_name(f".{target.name}.part")
        text = [pa.field(name, pa.string()) for name in layout.columns]
        engine = [
            pa.field("_line", pa.int64()),
            pa.field("_operation", pa.string()),
            pa.field("_unreadable", pa.string()),
        ]
        self._schema = pa.schema([*text, *engine])
        self._writer = pq.ParquetWriter(self._draft, self._schema, compression="zstd", compression_level=1)
        self._held: list[pa.Table] = []
        self._held_rows = self._held_bytes = 0
        self.lines = self.unreadable = self.bytes = 0
        self.as_of: date | None = None
        self.absent: set[str] = set()
        """Contract columns that a delivery under an earlier contract does not have."""
        self.notes: list[str] = []
        """Sentences for the receipt: what was noticed and taken all the same."""
        self.changes: dict[str, dict[str, int]] = {}
        """Contract column -> rule -> values that were made from others."""

    def add(self, columns: Mapping[str, pa.Array], lines: pa.Array) -> None:
        """Add readable lines: a text array per source column that the delivery has, and their numbers.

        A line that holds what no text may hold is unreadable.
        """
        if problems := _no_texts(columns, lines):
            spoilt = pc.is_in(lines, pa.array([line for line, _ in problems], lines.type))
            columns = {name: values.filter(pc.invert(spoilt)) for name, values in columns.items()}
            lines = lines.filter(pc.invert(spoilt))
            self.add_unreadable(problems)
        count = len(lines)
        nothing = pa.nulls(count, pa.string())
        operation = columns[self._layout.operation] if self._layout.operation else nothing
        values = [columns.get(source, nothing) for source in self._layout.columns.values()]
        self.absent |= {name for name, source in self._layout.columns.items() if source not in columns}
        if self._layout.as_of is not None and self._layout.as_of in columns:
            self._note_days(columns[self._layout.as_of])
        self._hold(pa.Table.from_arrays([*values, lines, operation, nothing], schema=self._schema))

    def add_unreadable(self, problems: Sequence[tuple[int, str]]) -> None:
        """Add lines that could not be read: number and reason, no values."""
        if not problems:
            return
        count = len(problems)
        nothing = pa.nulls(count, pa.string())
        lines = pa.array([line for line, _ in problems], pa.int64())
        reasons = pa.array([reason for _, reason in problems], pa.string())
        self.unreadable += count
        self._hold(
            pa.Table.from_arrays([*[nothing] * len(self._layout.columns), lines, nothing, reasons], schema=self._schema)
        )

    def changed(self, source: str, rule: str, count: int) -> None:
        """Count values of a source column that were made from others by a rule."""
        for name, of in self._layout.columns.items():
            if of == source:
                rules = self.changes.setdefault(name, {})
                rules[rule] = rules.get(rule, 0) + count

    def close(self) -> None:
        """Finish the file.

        Raises:
            DeliveryError: ``empty`` (a snapshot without a line), ``format`` (no line can be read), ``as_of``.
        """
        layout = self._layout
        if self.lines == 0 and layout.mode == "snapshot":
            raise DeliveryError(
                "empty", f"{layout.subject}没有任何数据行；全量报送不能为空。请核对导出条件后重新报送。"
            )
        if self.lines and self.unreadable == self.lines:
            raise DeliveryError(
                "format", f"{layout.subject}的 {self.lines} 行全部无法读取。请核对文件格式和分隔符后重新报送。"
            )
        if layout.as_of is not None and self.as_of is None and self.lines and layout.earlier is None:
            raise DeliveryError(
                "as_of", f"{layout.subject}的列“{layout.as_of}”里没有一个有效日期，无法确定数据日期。请补上后重新报送。"
            )
        self._flush()
        self._writer.close()
        # Read and write for the owner only: these are people's data.
        self._draft.chmod(0o600)
        self._draft.replace(self._target)

    def beside(self, suffix: str) -> Path:
        """Return the path of a scratch file in the folder of the output."""
        return self._draft.with_suffix(suffix)

    def discard(self) -> None:
        """Leave nothing behind."""
        self._writer.close()
        self._draft.unlink(missing_ok=True)

    def _note_days(self, values: pa.Array) -> None:
        known = [self.as_of] if self.as_of else []
        found = [parsed for text in values.unique().to_pylist() if text and (parsed := day(text))]
        self.as_of = max([*known, *found], default=None)

    def _hold(self, table: pa.Table) -> None:
        self._held.append(table)
        self.lines += table.num_rows
        self._held_rows += table.num_rows
        self._held_bytes += table.nbytes
        self.bytes += table.nbytes
        if self._held_rows >= GROUP_ROWS or self._held_bytes >= GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            self._writer.write_table(pa.concat_tables(self._held), row_group_size=GROUP_ROWS)
            self._held, self._held_rows, self._held_bytes = [], 0, 0


def _no_texts(columns: Mapping[str, pa.Array], lines: pa.Array) -> list[tuple[int, str]]:
    """Return the lines that hold control characters or lost ones, each with its first reason."""
    problems: dict[int, str] = {}
    for name, values in columns.items():
        if not _is_suspicious(values):
            continue
        for found, what in (
            (pc.match_substring_regex(values, _NO_TEXT), "含有控制字符"),
            (pc.match_substring_regex(values, "|".join(_LOST)), "有无法识别的字符（编码不对，或导出时已丢失）"),
            (pc.match_substring_regex(values, _ERROR), "是 Excel 的错误值"),
            (pc.match_substring_regex(values, _TOO_NARROW), "只有 #：导出时列太窄，值已丢失"),
        ):
            for line in lines.filter(pc.fill_null(found, False)).to_pylist():
                problems.setdefault(line, f"列“{name}”{what}")
    return sorted(problems.items())


def _is_suspicious(values: pa.Array) -> bool:
    """Return whether to look at each value: what is searched here are the bytes of all of them."""
    buffer = values.buffers()[2] if values.type == pa.string() else None
    if buffer is None:
        return False
    data = buffer.to_pybytes()
    return (
        len(data.translate(None, _CONTROLS)) < len(data)
        or any(sign in data for sign in _SUSPICIOUS)
        or (b"#" in data and any(sign in data for sign in _SUSPICIOUS_HASHES))
    )
