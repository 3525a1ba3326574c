"""One lake: its settings, its contracts and its ledger, opened together."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy import Engine

from citylake.contract.catalog import Catalog, load_catalog
from citylake.ledger.database import migrate, open_ledger
from citylake.settings import Settings, settings

KEY_BYTES = 32


@dataclass(frozen=True)
class Lake:
    """What every job needs to know of the lake it works on."""

    settings: Settings
    catalog: Catalog
    ledger: Engine

    def location(self, table: str) -> str:
        """Return the URI of a table: ``clean.hrss__x`` lies under ``<lake>/clean/hrss__x``."""
        layer, _, rest = table.partition(".")
        return f"{self.settings.lake_uri}/{layer}/{rest}"

    def staging(self, run_id: int) -> str:
        """Return the URI of a run's own scratch folder, removed when the run ends."""
        return f"{self.settings.lake_uri}/_staging/{run_id}"

    @cached_property
    def transforms(self) -> Path:
        """Folder below which ``<layer>/<domain>/<thing>.sql`` or ``.py`` transforms lie."""
        return self.settings.project / "jobs"

    @cached_property
    def record_key(self) -> bytes:
        """The key of record and subject ids: made once, mode 0600, outside the lake."""
        path = self.settings.secrets / "record.key"
        if not path.exists():
            _create_once(path)
        return bytes.fromhex(path.read_text("ascii").strip())

    @property
    def codes(self) -> Mapping[str, Mapping[str, str]]:
        """Code lists by name."""
        return self.catalog.codes


def open_lake(of: Settings | None = None) -> Lake:
    """Open a lake; its folders and its ledger are made when they do not exist yet."""
    chosen = of or settings()
    for folder in (chosen.home, chosen.logs, chosen.inbox, chosen.run, chosen.secrets):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ledger = open_ledger(chosen.ledger_url)
    migrate(ledger)
    return Lake(chosen, load_catalog(chosen.project / "schemas"), ledger)


def _create_once(path: Path) -> None:
    """Write a new key unless another process was faster; never replace one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
