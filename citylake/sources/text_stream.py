"""Delivered text, decoded line by line as it streams: gzip unpacked, every bound enforced on the way."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from citylake.sources.encoding import UTF8, LineDecoder, wrong_encoding
from citylake.sources.errors import DeliveryError
from citylake.sources.layout import Layout
from citylake.sources.limits import GIB, Limits

BLOCK = 4 << 20
_GZIP = b"\x1f\x8b"
_MARK_GB18030 = "\ufeff".encode("gb18030")
_WIDEST = 4
"""Bytes of a character at most."""
_END_OF_FILE = b"\x1a"
"""Ctrl-Z, with which DOS and some exports end a text."""
_PADDING = b"\x1a\0 \t\r\n"
"""What may stand behind the last line when a Ctrl-Z is there too."""


def text_blocks(path: Path, layout: Layout, limits: Limits, notes: list[str]) -> Iterator[str]:
    """Yield the text in blocks of whole lines, without byte order mark and final Ctrl-Z.

    What the receipt should say of it is added to ``notes``. A character that cannot be read is U+FFFD.

    Raises:
        DeliveryError: ``encoding`` (no line is in the agreed one), ``truncated``, ``bomb``, ``too_large``.
    """
    decoder = LineDecoder(layout)
    rest, is_first = b"", True
    for block in byte_blocks(path, layout, limits):
        data = rest + (_without_mark(block, layout, decoder) if is_first else block)
        is_first = False
        ending = data.find(_END_OF_FILE, len(data.rstrip(_PADDING)))
        end = data.rfind(b"\n", 0, len(data) if ending < 0 else ending) + 1
        if end == 0 and len(data) > _WIDEST * limits.line_bytes:
            end = len(data)  # longer than any line may be: the reader says so
        if end:
            yield decoder.decode(data[:end])
        rest = data[end:]
    ending = rest.find(_END_OF_FILE, len(rest.rstrip(_PADDING)))
    rest = rest if ending < 0 else rest[:ending]
    if decoder.ends_within(rest):
        raise truncated(layout, "最后一行的最后一个汉字只有一半")
    yield decoder.decode(rest)
    if note := decoder.conclude():
        notes.append(note)


def _without_mark(block: bytes, layout: Layout, decoder: LineDecoder) -> bytes:
    if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in block.partition(b"\n")[0]:
        raise wrong_encoding(layout, "是 UTF-16 编码或二进制文件")
    if block.startswith(codecs.BOM_UTF8) and decoder.agreed != UTF8:
        raise wrong_encoding(layout, "是 UTF-8 编码（开头有 UTF-8 标记）")
    return block.removeprefix(codecs.BOM_UTF8).removeprefix(_MARK_GB18030)


def truncated(layout: Layout, what: str) -> DeliveryError:
    """Return the error of a delivery that ends too early."""
    return DeliveryError("truncated", f"{layout.subject}不完整：{what}，可能在生成或传输时中断。请重新导出并完整报送。")


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
