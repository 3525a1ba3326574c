"""Delivered text, strictly decoded as it streams: gzip unpacked, every bound enforced on the way."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from citylake.sources.errors import DeliveryError
from citylake.sources.layout import Layout
from citylake.sources.limits import GIB, Limits

BLOCK = 4 << 20
_GZIP = b"\x1f\x8b"
_UTF8_MARK = codecs.BOM_UTF8
_TELLING = 8
"""So many three-byte characters that are valid UTF-8 are no accident in a GB18030 file."""


def text_blocks(path: Path, layout: Layout, limits: Limits) -> Iterator[str]:
    """Yield the text in blocks cut anywhere between two characters, without the byte order mark.

    Raises:
        DeliveryError: ``encoding`` with offset and line of the first bad byte, ``truncated``, ``bomb``, ``too_large``.
    """
    encoding = _codec(layout)
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    rival = _Utf8Rival() if encoding != "utf-8" else None
    offset, lines, first = 0, 1, True
    for block in byte_blocks(path, layout, limits):
        if first:
            if block.startswith(_UTF8_MARK) and encoding != "utf-8":
                raise _is_utf8(layout)
            offset = len(_UTF8_MARK) if block.startswith(_UTF8_MARK) else 0
            block = block[offset:]
        pending = decoder.getstate()[0]
        try:
            text = decoder.decode(block)
        except UnicodeDecodeError as error:
            before = (pending + block)[: error.start]
            raise _bad_byte(layout, offset - len(pending) + error.start, lines + before.count(b"\n")) from None
        if rival is not None and rival.goes_on(block):
            rival.count(block)
        offset += len(block)
        lines += block.count(b"\n")
        yield text.removeprefix("\ufeff") if first else text
        first = False
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise truncated(layout, f"第 {lines} 行的最后一个汉字只有一半") from None
    if rival is not None and rival.likely:
        raise _is_utf8(layout)


def truncated(layout: Layout, what: str) -> DeliveryError:
    """Return the error of a delivery that ends too early."""
    return DeliveryError("truncated", f"{layout.subject}不完整：{what}，可能在生成或传输时中断。请重新导出并完整报送。")


class _Utf8Rival:
    """Watches whether a file said to be GB18030 is UTF-8 throughout: most UTF-8 text decodes as GB18030, wrongly."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="strict")
        self._alive = True
        self._seen = 0

    def goes_on(self, block: bytes) -> bool:
        if self._alive:
            try:
                self._decoder.decode(block)
            except UnicodeDecodeError:
                self._alive = False
        return self._alive

    def count(self, block: bytes) -> None:
        if self._seen < _TELLING:
            self._seen += sum(1 for byte in block if byte >= 0xE0)

    @property
    def likely(self) -> bool:
        return self._alive and self._seen >= _TELLING


def _codec(layout: Layout) -> str:
    try:
        name = codecs.lookup(layout.encoding).name
    except LookupError:
        name = ""
    # GB18030 contains GBK and GB2312; what departments call by those names often holds more.
    known = {"utf-8": "utf-8", "utf-8-sig": "utf-8", "gb18030": "gb18030", "gbk": "gb18030", "gb2312": "gb18030"}
    if name not in known:
        raise DeliveryError(
            "contract", f"约定的编码 {layout.encoding} 不受支持（可用 UTF-8、GB18030）。请平台管理员修改约定。"
        )
    return known[name]


def _bad_byte(layout: Layout, offset: int, line: int) -> DeliveryError:
    return DeliveryError(
        "encoding",
        f"{layout.subject}不是约定的 {layout.encoding} 编码：第 {line} 行、第 {offset + 1} 个字节处无法识别。"
        f"请以 {layout.encoding} 编码另存后重新报送。",
    )


def _is_utf8(layout: Layout) -> DeliveryError:
    return DeliveryError(
        "encoding",
        f"{layout.subject}是 UTF-8 编码，而约定为 {layout.encoding}（从第 1 个字节起判断）。请以 {layout.encoding} 编码另存后重新报送。",
    )


def byte_blocks(path: Path, layout: Layout, limits: Limits) -> Iterator[bytes]:
    """Yield a file's bytes, unpacked when it is gzipped, whatever its name.

    Raises:
        DeliveryError: ``truncated``, ``gzip``, ``bomb``, ``too_large``.
    """
    packed = is_packed(path)
    with path.open("rb") as raw:
        if not packed:
            while block := raw.read(BLOCK):
                yield block
            return
        yield from _unpacked(raw, layout, limits)


def is_packed(path: Path) -> bool:
    """Whether a file is gzipped; no text and no workbook starts like that."""
    with path.open("rb") as raw:
        return raw.read(len(_GZIP)) == _GZIP


def _unpacked(raw: BinaryIO, layout: Layout, limits: Limits) -> Iterator[bytes]:
    total = 0
    with gzip.GzipFile(fileobj=raw) as stream:
        while True:
            try:
                block = stream.read(BLOCK)
            except EOFError:
                raise truncated(layout, f"压缩包在解出 {total} 个字节后中断") from None
            except (gzip.BadGzipFile, zlib.error):
                raise DeliveryError(
                    "gzip", f"{layout.subject}的压缩包已损坏（解出 {total} 个字节后校验失败）。请重新压缩后报送。"
                ) from None
            if not block:
                return
            total += len(block)
            _within(total, raw.tell(), layout, limits)
            yield block


def _within(total: int, packed: int, layout: Layout, limits: Limits) -> None:
    if total > limits.ratio_from and total > limits.ratio * max(packed, 1):
        raise DeliveryError(
            "bomb",
            f"{layout.subject}解压后膨胀超过 {limits.ratio} 倍，疑似压缩炸弹，已停止读取。请核对文件后重新报送。",
        )
    if total > limits.unpacked_bytes:
        raise DeliveryError(
            "too_large", f"{layout.subject}解压后超过 {limits.unpacked_bytes // GIB} GiB。请拆分后重新报送。"
        )
