"""Where each resource goes on a city day: which writer, which file name, and what happens to the file on a bad day."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from city.delivery.databases import ApiStore, Database, store
from city.delivery.forms import CsvWriter, ExcelWriter, NdjsonWriter, Sheet, Writer, replace_file
from city.delivery.written import written
from city.kit import script
from city.kit.layouts import Layout, departments, layout, layouts
from city.world.city import City
from city.world.frames import Frame
from citylake.settings import Settings


@dataclass
class _Output:
    writer: Writer
    path: Path | None = None


class Outputs:
    """All writers of one city day."""

    def __init__(self, settings: Settings, city: City, day: int) -> None:
        self._settings, self._city, self._day = settings, city, day
        today = city.date_of(day)
        (settings.home / "city").mkdir(parents=True, exist_ok=True)
        self._databases = {name: Database(settings.connection(name), today) for name in departments("database")}
        self._apis = {name: ApiStore(store(settings, name), today, day) for name in departments("json_api")}
        self._outputs = {name: self._open(name) for name in layouts() if script.hands_over(name, day)}
        self._held: list[Frame] = []
        self._store = settings.home / "city" / "sent"

    def write(self, frame: Frame) -> None:
        """Take the next rows of a resource."""
        if script.mishap(frame.resource, self._day) == "late_delivery":
            late = np.less(frame.columns[layout(frame.resource).said.late_by], self._city.first)
            self._held.append(frame.where(late))
            frame = frame.where(~late)
        self._outputs[frame.resource].writer.write(written(frame))

    def close(self) -> None:
        """Make everything visible, then spoil what is to be spoilt."""
        for output in self._outputs.values():
            output.writer.close()
        for resource, output in self._outputs.items():
            if output.path is not None:
                self._after(resource, output.path)
        self._late()
        for database in self._databases.values():
            database.close()
        for api in self._apis.values():
            api.close()

    def path(self, resource: str, day: int, mark: str = "") -> Path:
        """Return the file of a resource that speaks of a city day."""
        department = resource.split(".")[0]
        name = layout(resource).file_name(f"{self._city.date_of(day):%Y%m%d}{mark}")
        return self._settings.inbox / department / name

    def _open(self, resource: str) -> _Output:
        here = layout(resource)
        department = resource.split(".")[0]
        if here.form == "json_api":
            return _Output(self._apis[department].table(here))
        if here.form == "database":
            return _Output(self._databases[department].table(here))
        path = self.path(resource, self._day)
        columns = list(here.columns)
        if script.mishap(resource, self._day) == "changed_columns":
            columns = [here.said.changed.get(name, name) for name in columns]
        if here.form == "ndjson":
            return _Output(NdjsonWriter(path, here.numbers), path)
        if here.form == "xlsx":
            return _Output(ExcelWriter(path, self._sheet(here), columns, here.serials), path)
        return _Output(_csv(path, here, columns), path)

    def _sheet(self, here: Layout) -> Sheet:
        source = here.contract.source
        title = f"{here.said.title or here.contract.title}（{self._city.date_of(self._day):%Y年%m月%d日}）"
        return Sheet(source.sheet or "Sheet1", title, source.skip_rows, source.header_rows)

    def _after(self, resource: str, path: Path) -> None:
        trouble = script.mishap(resource, self._day)
        if script.is_kept(resource, self._day):
            replace_file(self._store / path.name, path.read_bytes())
        if script.is_broken(resource, self._day) or script.is_broken(resource, self._day - 1):
            self._mend(resource, path)
        if trouble == "truncated_file":
            content = path.read_bytes()
            replace_file(path, content[: len(content) * 3 // 5])
        elif trouble == "wrong_encoding":
            agreed = layout(resource).contract.source.encoding
            other = "GB18030" if agreed.upper() in ("UTF-8", "UTF8") else "UTF-8"
            replace_file(path, path.read_bytes().decode(agreed).encode(other))
        elif trouble == "duplicate_delivery" and self._day:
            self._again(resource, self._day - 1, "_重报")
        elif trouble == "stale_snapshot":
            path.unlink()
            self._again(resource, 0, "_补")

    def _mend(self, resource: str, path: Path) -> None:
        """Keep a good copy of a file about to be spoilt; hand over yesterday's."""
        here = layout(resource)
        if script.is_broken(resource, self._day):
            content = path.read_bytes()
            if script.mishap(resource, self._day) == "changed_columns" and here.form == "csv":
                source = here.contract.source
                _, _, rest = content.partition(b"\r\n")
                content = source.delimiter.join(here.columns).encode(source.encoding) + b"\r\n" + rest
            replace_file(self._store / path.name, content)
        # a list that is handed over whole mends itself
        if script.is_broken(resource, self._day - 1) and not here.whole:
            self._again(resource, self._day - 1, "_更正")

    def _again(self, resource: str, day: int, mark: str) -> None:
        """Hand over a file of an earlier day once more, from the department's own copy: the lake has taken the first away."""
        kept = self._store / self.path(resource, day).name
        replace_file(self.path(resource, day, mark), kept.read_bytes())

    def _late(self) -> None:
        late = [frame for frame in self._held if len(frame)]
        if late:
            here = layout(late[0].resource)
            writer = _csv(self.path(here.resource, self._day - 1, "_补报"), here, here.columns)
            for frame in late:
                writer.write(written(frame))
            writer.close()


def _csv(path: Path, here: Layout, columns: Iterable[str]) -> CsvWriter:
    source = here.contract.source
    return CsvWriter(path, source.encoding, source.delimiter, columns)
