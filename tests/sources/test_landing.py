"""Landing keeps bytes once and for ever."""

import hashlib
from pathlib import Path

import fsspec
import pytest

from citylake.settings import Settings
from citylake.sources import landing


def staged(folder: Path, data: bytes) -> tuple[Path, str]:
    path = folder / "staged"
    path.write_bytes(data)
    return path, hashlib.sha256(data).hexdigest()


def test_bytes_lie_under_their_hash_and_are_read_back(lake: Settings, tmp_path: Path) -> None:
    path, sha256 = staged(tmp_path, b"abc")
    uri = landing.store(lake, path, sha256)
    assert uri == f"{lake.landing_uri}/{sha256[:2]}/{sha256}"
    with landing.local(lake, uri) as local:
        assert local.read_bytes() == b"abc"
    assert [item.name for item in (lake.home / "landing" / sha256[:2]).iterdir()] == [sha256]


def test_what_is_there_is_never_overwritten(lake: Settings, tmp_path: Path) -> None:
    path, sha256 = staged(tmp_path, b"abc")
    uri = landing.store(lake, path, sha256)
    with landing.local(lake, uri) as local:
        before = local.stat()
        path.write_bytes(b"other")
        assert landing.store(lake, path, sha256) == uri
        assert (local.read_bytes(), local.stat().st_mtime_ns, local.stat().st_ino) == (
            b"abc",
            before.st_mtime_ns,
            before.st_ino,
        )


def test_a_landing_that_moved_is_still_read(lake: Settings, tmp_path: Path) -> None:
    path, sha256 = staged(tmp_path, b"abc")
    uri = landing.store(lake, path, sha256)
    lake.home.rename(tmp_path / "moved")
    with landing.local(Settings(home=tmp_path / "moved", landing=""), uri) as local:
        assert local.read_bytes() == b"abc"


def test_a_landing_elsewhere_than_on_disk_is_copied_for_reading(lake: Settings, tmp_path: Path) -> None:
    remote = Settings(home=lake.home, landing="memory://landing")
    path, sha256 = staged(tmp_path, b"abc")
    uri = landing.store(remote, path, sha256)
    assert fsspec.filesystem("memory").cat(uri) == b"abc"
    assert landing.store(remote, path, sha256) == uri
    with landing.local(remote, uri) as local:
        assert local.read_bytes() == b"abc"
    assert not local.exists()


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_bytes_that_somebody_changed_are_never_read(settings: Settings, tmp_path: Path, where: str) -> None:
    held = settings if where == "here" else settings.model_copy(update={"landing": f"memory://{tmp_path.name}"})
    path, sha256 = staged(tmp_path, b"a,b\n1,2\n")
    uri = landing.store(held, path, sha256)
    with landing.local(held, uri):
        pass
    system, place = fsspec.core.url_to_fs(uri)
    if where == "here":
        Path(place).chmod(0o600)
    system.pipe_file(place, b"a,b\n1,3\n")
    with pytest.raises(landing.ChangedBytesError, match=f"{sha256}.*backup"), landing.local(held, uri):
        raise AssertionError("changed bytes were given out")


def test_what_was_never_landed_is_not_found(lake: Settings) -> None:
    with pytest.raises(FileNotFoundError), landing.local(lake, f"{lake.landing_uri}/{'ab'}/{'ab' * 32}"):
        pass


@pytest.mark.parametrize("uri", ["file:///etc/passwd", "/etc/passwd", "../../secrets/record.key"])
def test_nothing_else_can_be_read_through_landing(lake: Settings, uri: str) -> None:
    with pytest.raises(ValueError, match="landed bytes"), landing.local(lake, uri):
        pass


def test_a_name_that_is_no_hash_is_refused(lake: Settings, tmp_path: Path) -> None:
    path, _ = staged(tmp_path, b"abc")
    with pytest.raises(ValueError, match="SHA-256"):
        landing.store(lake, path, "../../../x")
