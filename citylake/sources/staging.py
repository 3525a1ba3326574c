"""Where bytes wait between the department and landing."""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import psutil

from citylake.settings import Settings

_NAME = re.compile(r"fetch-(\d+)-")
BLOCK = 1 << 20


@contextmanager
def staging(settings: Settings) -> Iterator[Path]:
    """Give a private folder under ``run/staging``, removed afterwards; what killed processes left is removed first."""
    base = settings.run / "staging"
    base.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in base.iterdir():
        match = _NAME.match(left.name)
        if match and not psutil.pid_exists(int(match.group(1))):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"fetch-{os.getpid()}-", dir=base))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def copy_and_hash(source: BinaryIO, target: Path) -> tuple[str, int]:
    """Copy a stream block by block; return its SHA-256 and its size in bytes."""
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as out:
        while block := source.read(BLOCK):
            digest.update(block)
            size += len(block)
            out.write(block)
    return digest.hexdigest(), size


def hash_of(path: Path) -> tuple[str, int]:
    """Return a file's SHA-256 and its size in bytes."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source:
        while block := source.read(BLOCK):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size
