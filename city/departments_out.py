"""Where each resource goes on a city day: which writer, which file name, and what happens to the file on a bad day."""

from dataclasses import dataclass
from pathlib import Path

from city import script
from city.databases import ApiStore, Database
from city.forms import CsvWriter, ExcelWriter, NdjsonWriter, Writer, replace_file
from city.frames import Frame
from city.layouts import LAYOUTS, departments
from city.world import City
from city.written import written
from citylake.settings import Settings

_CHANGED = {"NVZJHM": "NVSFZH", "DJRQ": "DJSJ", "执行信息/刑罚类别": "执行信息/刑种"}
"""Columns as a department calls them on a day on which it keeps to no agreement."""


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
        self._api = ApiStore(f"sqlite:///{(settings.home / 'city' / 'health.db').resolve()}", today, day)
        self._outputs = {name: self._open(name) for name in LAYOUTS if script.hands_over(name, day)}
        self._held: list[Frame] = []
        self._store = settings.home / "city" / "sent"

    def write(self, frame: Frame) -> None:
        """Take the next rows of a resource."""
        if frame.resource == "civil_affairs.cremation" and script.mishap(frame.resource, self._day) == "late_delivery":
            late = frame.columns["death_date"] < self._city.first
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
        self._api.close()

    def path(self, resource: str, day: int, mark: str = "") -> Path:
        """Return the file of a resource that speaks of a city day."""
        department = resource.split(".")[0]
        name = LAYOUTS[resource].place.format(day=f"{self._city.date_of(day):%Y%m%d}{mark}")
        return self._settings.inbox / department / name

    def _open(self, resource: str) -> _Output:
        layout = LAYOUTS[resource]
        department = resource.split(".")[0]
        if layout.form == "api":
            return _Output(self._api.table(layout))
        if layout.form == "database":
            return _Output(self._databases[department].table(layout))
        path = self.path(resource, self._day)
        columns = list(layout.columns)
        if script.mishap(resource, self._day) == "changed_columns":
            columns = [_CHANGED.get(name, name) for name in columns]
        if layout.form == "ndjson":
            return _Output(NdjsonWriter(path, layout.numbers), path)
        if layout.form == "xlsx":
            title = f"{layout.title}（{self._city.date_of(self._day):%Y年%m月%d日}）"
            dates = [name for name, canonical in layout.columns.items() if canonical.endswith("_date")]
            return _Output(ExcelWriter(path, title, columns, dates if layout.dates == "serial" else ()), path)
        return _Output(CsvWriter(path, "GB18030", columns), path)

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
            replace_file(path, path.read_bytes().decode("GB18030").encode("UTF-8"))
        elif trouble == "duplicate_delivery" and self._day:
            self._again(resource, self._day - 1, "_重报")
        elif trouble == "stale_snapshot":
            path.unlink()
            self._again(resource, 0, "_补")

    def _mend(self, resource: str, path: Path) -> None:
        """Keep a good copy of a file about to be spoilt; hand over yesterday's."""
        if script.is_broken(resource, self._day):
            content = path.read_bytes()
            if script.mishap(resource, self._day) == "changed_columns" and path.suffix == ".csv":
                head, _, rest = content.partition(b"\r\n")
                content = ",".join(LAYOUTS[resource].columns).encode("GB18030") + b"\r\n" + rest
            replace_file(self._store / path.name, content)
        if script.is_broken(resource, self._day - 1) and resource != "justice.serving_sentence":
            self._again(resource, self._day - 1, "_更正")

    def _again(self, resource: str, day: int, mark: str) -> None:
        """Hand over a file of an earlier day once more, from the department's own copy: the lake has taken the first away."""
        kept = self._store / self.path(resource, day).name
        replace_file(self.path(resource, day, mark), kept.read_bytes())

    def _late(self) -> None:
        late = [frame for frame in self._held if len(frame)]
        if late:
            resource = late[0].resource
            writer = CsvWriter(self.path(resource, self._day - 1, "_补报"), "GB18030", LAYOUTS[resource].columns)
            for frame in late:
                writer.write(written(frame))
            writer.close()
