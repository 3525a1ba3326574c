"""Whether a version of a table can still be read whole: its log and every file it names must be there."""

from urllib.parse import urlsplit

import fsspec
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from citylake.recovery.restore.errors import VersionGoneError


def check_whole(table: str, uri: str, version: int) -> None:
    """Make sure that a version is whole.

    Args:
        table: name, for the error.
        uri: where it lies.
        version: the version.

    Raises:
        VersionGoneError: its log, a data file or a deletion vector was removed.
    """
    try:
        opened = DeltaTable(uri, version=version)
        missing = sum(not _exists(file) for file in opened.file_uris())
        # Reading them is the only way to know that they are there; they are small beside the data.
        for _ in opened.deletion_vectors():
            pass
    except (DeltaError, OSError) as error:
        raise VersionGoneError(table, version, "its log or a deletion vector is gone") from error
    if missing:
        raise VersionGoneError(table, version, f"{missing} of its files are gone")


def _exists(file: str) -> bool:
    files, path = fsspec.core.url_to_fs(file if urlsplit(file).scheme else f"file://{file}")
    return bool(files.exists(path))
