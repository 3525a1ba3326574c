"""Weigh a workbook before anything opens it: a zip bomb is unpacked here, block by block, and never kept."""

import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from citylake.sources.errors import DeliveryError
from citylake.sources.layout import Layout
from citylake.sources.limits import MIB, Limits

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED = 0x1


def weigh(path: Path, layout: Layout, limits: Limits) -> None:
    """Refuse what is no workbook or would not stay within bounds: first by its own table, then by unpacking it.

    Raises:
        DeliveryError: ``not_excel``, ``truncated``, ``bomb``.
    """
    with path.open("rb") as file:
        start = file.read(len(_OLE))
        if start == _OLE:
            raise not_excel(layout, "是旧版 .xls 或加了密码的文件")
        if not start.startswith(b"PK"):
            raise not_excel(layout, "不是 .xlsx 格式")
        scale = _Scale(layout, limits, path.stat().st_size)
        try:
            with zipfile.ZipFile(file) as package:
                parts = package.infolist()
            scale.declared(parts)
            for part in parts:
                scale.unpack(file, part)
        except (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError) as error:
            raise broken(layout) from error


def not_excel(layout: Layout, what: str) -> DeliveryError:
    """Return the error of a file that is no workbook."""
    return DeliveryError(
        "not_excel", f"{layout.subject}{what}，无法作为 Excel 读取。请用 Excel 另存为不加密码的 .xlsx 后重新报送。"
    )


def broken(layout: Layout) -> DeliveryError:
    """Return the error of a workbook that is damaged or cut short."""
    return DeliveryError("truncated", f"{layout.subject}不完整或已损坏，Excel 无法打开。请重新导出并完整报送。")


class _Scale:
    def __init__(self, layout: Layout, limits: Limits, packed: int) -> None:
        self._layout, self._limits, self._packed = layout, limits, packed
        self._total = 0

    def declared(self, parts: list[zipfile.ZipInfo]) -> None:
        if len(parts) > self._limits.zip_entries:
            raise self._bomb(f"内含 {len(parts)} 个部件，超过上限 {self._limits.zip_entries} 个")
        self._within(sum(part.file_size for part in parts), max((part.file_size for part in parts), default=0))
        if any(part.flag_bits & _ENCRYPTED for part in parts):
            raise not_excel(self._layout, "加了密码")

    def unpack(self, file: BinaryIO, part: zipfile.ZipInfo) -> None:
        """Unpack a part from its compressed bytes: the size that its entry gives may be a lie."""
        if part.compress_type == zipfile.ZIP_STORED:
            self._grow(part.compress_size, part.compress_size)
            return
        if part.compress_type != zipfile.ZIP_DEFLATED:
            raise zipfile.BadZipFile("unusual compression")
        file.seek(part.header_offset)
        _, name_length, extra_length = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
        file.seek(name_length + extra_length, 1)
        inflater, left, size = zlib.decompressobj(-zlib.MAX_WBITS), part.compress_size, 0
        while left > 0 and not inflater.eof:
            block = file.read(min(left, MIB))
            if not block:
                break
            left -= len(block)
            while block and not inflater.eof:
                out = len(inflater.decompress(block, 4 * MIB))
                size += out
                self._grow(out, size)
                block = inflater.unconsumed_tail
        # What zlib still holds back after the last input is less than its window.
        if not inflater.eof:
            inflater.flush()
        if not inflater.eof:
            raise zipfile.BadZipFile("a part ends too early")

    def _grow(self, by: int, part: int) -> None:
        self._total += by
        self._within(self._total, part)

    def _within(self, total: int, largest: int) -> None:
        limits = self._limits
        if total > limits.zip_bytes or largest > limits.sheet_bytes:
            bound = limits.zip_bytes if total > limits.zip_bytes else limits.sheet_bytes
            raise self._bomb(f"解压后超过 {bound // MIB} MiB")
        if total > limits.ratio_from and total > limits.ratio * self._packed:
            raise self._bomb(f"解压后膨胀超过 {limits.ratio} 倍，疑似压缩炸弹")

    def _bomb(self, what: str) -> DeliveryError:
        return DeliveryError(
            "bomb", f"{self._layout.subject}{what}，已停止读取。请只保留数据表、删去多余的格式和空行后重新报送。"
        )
