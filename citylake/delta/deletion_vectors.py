"""Deletion vectors as files: which rows of a data file are no more, read and written without Spark.

The format is that of the Delta protocol: a file of several vectors, each a portable 64-bit Roaring bitmap with its size
before it and its checksum behind it.
"""

import base64
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.uint32]
"""Sorted numbers of rows within one data file."""

_MAGIC = 1681511377
_VERSION = b"\x01"
_PLAIN, _WITH_RUNS = 12346, 12347
_ARRAY_MOST = 4096
"""Values of a container that are kept as a list; of more there is a bit for each of 65,536."""
_OFFSETS_FROM = 4
"""Containers from which a bitmap with runs says where each begins."""
_B85 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_Z85 = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
_UUID_LENGTH = 20


class VectorError(Exception):
    """A deletion vector that is kept in another way than this module knows, or is damaged."""


def read_vector(folder: Path, said: Mapping[str, Any]) -> Positions:
    """Return the positions of a vector.

    Args:
        folder: the table's.
        said: its descriptor, as an action of the log has it.

    Raises:
        VectorError: it is kept otherwise, or not what its checksum says.
    """
    if said["storageType"] != "u":
        raise VectorError(said["storageType"])
    start, size = int(said["offset"]), int(said["sizeInBytes"])
    with vector_file(folder, said).open("rb") as source:
        source.seek(start)
        held = source.read(4 + size + 4)
    data = held[4 : 4 + size]
    if len(held) != size + 8 or held[:4] != struct.pack(">i", size) or held[-4:] != struct.pack(">I", zlib.crc32(data)):
        raise VectorError("checksum")
    found = decoded(data)
    if len(found) != int(said["cardinality"]):
        raise VectorError("cardinality")
    return found


def write_vectors(folder: Path, vectors: Sequence[Positions]) -> list[dict[str, Any]]:
    """Write one file with these vectors into a table's folder; return the descriptor of each."""
    name = uuid4()
    told = base64.b85encode(name.bytes).translate(bytes.maketrans(_B85, _Z85)).decode("ascii")
    written, descriptors = [_VERSION], []
    offset = len(_VERSION)
    for vector in vectors:
        data = encoded(vector)
        descriptors.append(
            {
                "storageType": "u", "pathOrInlineDv": told, "offset": offset, "sizeInBytes": len(data),
                "cardinality": len(vector),
            }
        )  # fmt: skip
        written.append(struct.pack(">i", len(data)) + data + struct.pack(">I", zlib.crc32(data)))
        offset += len(data) + 8
    _path(folder, "", name).write_bytes(b"".join(written))
    return descriptors


def encoded(positions: Positions) -> bytes:
    """Return sorted, distinct positions as a portable bitmap array."""
    high, low = positions >> 16, (positions & 0xFFFF).astype("<u2")
    keys, starts, counts = np.unique(high, return_index=True, return_counts=True)
    containers = [_container(low[start : start + count]) for start, count in zip(starts, counts, strict=True)]
    header = np.empty((len(keys), 2), "<u2")
    header[:, 0], header[:, 1] = keys, counts - 1
    first = 8 + 8 * len(keys)
    offsets = np.cumsum([first, *map(len, containers)])[:-1].astype("<u4")
    bitmap = [struct.pack("<II", _PLAIN, len(keys)), header.tobytes(), offsets.tobytes(), *containers]
    return struct.pack("<IQI", _MAGIC, 1, 0) + b"".join(bitmap)


def _container(low: NDArray[np.uint16]) -> bytes:
    if len(low) <= _ARRAY_MOST:
        return low.tobytes()
    bits = np.zeros(1 << 16, np.uint8)
    bits[low] = 1
    return np.packbits(bits, bitorder="little").tobytes()


def decoded(data: bytes) -> Positions:
    """Return the positions of a portable bitmap array.

    Raises:
        VectorError: it is none, or names rows that no data file has.
    """
    try:
        magic, bitmaps = struct.unpack_from("<IQ", data)
        if magic != _MAGIC:
            raise VectorError("magic")
        at, found = 12, []
        for _ in range(bitmaps):
            (upper,) = struct.unpack_from("<I", data, at)
            values, at = _bitmap(data, at + 4)
            if upper and len(values):
                raise VectorError("more rows than a data file has")
            found.append(values)
    except (struct.error, IndexError, ValueError) as error:
        raise VectorError("cut off") from error
    return np.concatenate(found) if found else np.empty(0, np.uint32)


def _bitmap(data: bytes, at: int) -> tuple[Positions, int]:
    """Return the values of the 32-bit bitmap that begins at an offset, and where it ends."""
    (cookie,) = struct.unpack_from("<I", data, at)
    at += 4
    if cookie & 0xFFFF == _WITH_RUNS:
        count = (cookie >> 16) + 1
        length = (count + 7) // 8
        runs = np.unpackbits(np.frombuffer(data, np.uint8, length, at), bitorder="little")[:count].astype(bool)
        at += length
        has_offsets = count >= _OFFSETS_FROM
    elif cookie == _PLAIN:
        (count,) = struct.unpack_from("<I", data, at)
        at += 4
        runs, has_offsets = np.zeros(count, bool), True
    else:
        raise VectorError("cookie")
    header = np.frombuffer(data, "<u2", 2 * count, at).reshape(count, 2)
    at += 4 * count + (4 * count if has_offsets else 0)
    found = []
    for (key, less), is_run in zip(header, runs, strict=True):
        low, at = _values(data, at, int(less) + 1, is_run=bool(is_run))
        found.append(low.astype(np.uint32) + (np.uint32(key) << np.uint32(16)))
    return (np.concatenate(found) if found else np.empty(0, np.uint32)), at


def _values(data: bytes, at: int, count: int, *, is_run: bool) -> tuple[NDArray[Any], int]:
    if is_run:
        (runs,) = struct.unpack_from("<H", data, at)
        pairs = np.frombuffer(data, "<u2", 2 * runs, at + 2).reshape(runs, 2).astype(np.uint32)
        spans = [np.arange(start, start + more + 1, dtype=np.uint32) for start, more in pairs]
        return np.concatenate(spans), at + 2 + 4 * runs
    if count <= _ARRAY_MOST:
        return np.frombuffer(data, "<u2", count, at), at + 2 * count
    bits = np.unpackbits(np.frombuffer(data, np.uint8, 1 << 13, at), bitorder="little")
    return np.flatnonzero(bits), at + (1 << 13)


def vector_file(folder: Path, said: Mapping[str, Any]) -> Path:
    """Return the file that a descriptor names: a folder or none, then 20 signs that spell a UUID.

    Raises:
        VectorError: it names none.
    """
    told = str(said["pathOrInlineDv"])
    try:
        name = UUID(bytes=base64.b85decode(told[-_UUID_LENGTH:].encode("ascii").translate(bytes.maketrans(_Z85, _B85))))
    except ValueError as error:
        raise VectorError("name") from error
    return _path(folder, told[:-_UUID_LENGTH], name)


def _path(folder: Path, prefix: str, name: UUID) -> Path:
    return folder / prefix / f"deletion_vector_{name}.bin"
