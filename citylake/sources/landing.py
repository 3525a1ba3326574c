"""Landing: the delivered bytes, stored once per content and never changed."""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import fsspec

from citylake.settings import Settings


class ChangedBytesError(OSError):
    """Landed bytes are not those that were received."""


_SHA256 = re.compile(r"[0-9a-f]{64}")
_TAIL = re.compile(r"/([0-9a-f]{2})/(\1[0-9a-f]{62})\Z")


def store(settings: Settings, path: Path, sha256: str) -> str:
    """Keep a file's bytes as ``<landing>/<aa>/<sha256>`` and return that URI.

    What is there already is kept as it is. A new object appears whole or not at all, also when the machine stops.

    Args:
        settings: the lake's.
        path: local file that holds the bytes.
        sha256: their hash, hexadecimal; the caller has computed it from this very file.

    Raises:
        ValueError: ``sha256`` is no hash.
    """
    if not _SHA256.fullmatch(sha256):
        raise ValueError("landing names are lower-case SHA-256 hashes")
    uri = f"{settings.landing_uri}/{sha256[:2]}/{sha256}"
    if urlsplit(uri).scheme in ("", "file"):
        _store_locally(path, _local_path(uri))
        return uri
    system, target = _remote(uri)
    if not system.exists(target):
        # An object store shows an object only when its upload is complete.
        system.put_file(str(path), target)
    return uri


@contextmanager
def local(settings: Settings, uri: str) -> Iterator[Path]:
    """Give a local path to landed bytes for reading; a remote object is copied for as long as the context lasts.

    A landing that was moved with its lake is found again: only the hash in ``uri`` counts.

    Raises:
        ChangedBytesError: the bytes are not those that were received; they are not given out.
        FileNotFoundError: landing has no such bytes.
        ValueError: ``uri`` is not of landing.
    """
    tail = _TAIL.search(uri)
    if tail is None:
        raise ValueError("not the URI of landed bytes")
    here = f"{settings.landing_uri}/{tail.group(1)}/{tail.group(2)}"
    if urlsplit(here).scheme in ("", "file"):
        path = _local_path(here)
        if not path.is_file():
            raise FileNotFoundError(f"landing has no {tail.group(2)}: restore it from the backup")
        _check(path)
        yield path
        return
    system, source = _remote(here)
    with tempfile.TemporaryDirectory(prefix="citylake-landing-") as folder:
        copy = Path(folder) / tail.group(2)
        system.get_file(source, str(copy))
        _check(copy)
        yield copy


def _check(path: Path) -> None:
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != path.name:
        raise ChangedBytesError(f"the landed bytes {path.name} have been changed since: restore them from the backup")


def _remote(uri: str) -> tuple[Any, str]:
    system, path = fsspec.core.url_to_fs(uri)
    return system, str(path)


def _local_path(uri: str) -> Path:
    parts = urlsplit(uri)
    return Path(unquote(parts.path)) if parts.scheme else Path(uri)


def _store_locally(path: Path, target: Path) -> None:
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, draft = tempfile.mkstemp(dir=target.parent, prefix=".draft-")
    try:
        with os.fdopen(descriptor, "wb") as out, path.open("rb") as source:
            shutil.copyfileobj(source, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())
        Path(draft).chmod(0o400)
        Path(draft).replace(target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
