"""Stamps: the moment or number by which a source says when a row changed. Progress is taken from the good ones only."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Literal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from citylake.contract.model import CollectedContract

Kind = Literal["moment", "number"]
_CLOCK = r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?P<f>[.,]\d{1,9})?)?\s?(?P<z>Z|[+-]\d{2}(?::?\d{2})?)?"
_SPELLINGS = (
    re.compile(rf"(?P<y>\d{{4}})([-/.年])(?P<m>\d{{1,2}})(?:\2|月)(?P<d>\d{{1,2}})日?(?:[T ]\s*{_CLOCK})?"),
    re.compile(
        r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?:[T ]?(?P<H>\d{2})(?P<M>\d{2})(?:(?P<S>\d{2})(?P<f>\d{3,6})?)?)?"
    ),
)
_KINDS: dict[str, Kind] = {
    "date": "moment",
    "timestamp": "moment",
    "int": "number",
    "bigint": "number",
    "decimal": "number",
}
_NUMBER = re.compile(r"\d{1,18}")
_FIRST, _END = datetime(1990, 1, 1), datetime(2100, 1, 1)
"""A number that would be a moment outside these is a number and nothing else."""
_EPOCHS = {10: 1, 13: 1_000}
"""Digits of a number of seconds or milliseconds since 1970 -> how many of it are a second."""
_OFFSETS = timedelta(hours=26)
"""From the clock that is furthest ahead to the one furthest behind."""
REST = "[0-9:., T]"
"""What may follow the minutes of a moment without an offset."""
NO_YEAR = "0001"
"""Texts below this, 0000-00-00 among them, are no moments."""
_LEAST = timedelta(seconds=1)


@dataclass(frozen=True)
class Stamp:
    """One stamp: as the source writes it, and what it says; moments on the city's clock."""

    text: str
    value: datetime | int

    @property
    def kind(self) -> Kind:
        """Whether it is a moment or a number."""
        return "number" if isinstance(self.value, int) else "moment"

    def is_after(self, other: "Stamp | None") -> bool:
        """Whether it is greater than another of its kind; any is than None."""
        if other is None:
            return True
        if isinstance(self.value, int) or isinstance(other.value, int):
            return isinstance(self.value, int) and isinstance(other.value, int) and self.value > other.value
        return self.value > other.value

    def day(self, zone: str) -> date | None:
        """Return the day that it says, None for a number that is no moment: yyyyMMdd[HHmmss], or seconds or milliseconds since 1970."""
        moment = _counted(self.value, zone) if isinstance(self.value, int) else self.value
        return moment.date() if moment else None

    def back(self, overlap: timedelta | int) -> "Stamp":
        """Return the stamp that lies so far behind, written like this one: at least a second, or one.

        Of a moment with an offset a day and two hours more: others of the source may be written with another offset, and
        texts are compared as they are. An overlap of the other kind counts as the least one.
        """
        if isinstance(self.value, int):
            number = max(0, self.value - 1)
            if isinstance(overlap, int):
                number = max(0, self.value - max(overlap, 1))
            elif _counted(self.value, "UTC"):
                number = _earlier(self.value, overlap)
            return Stamp(str(number), number)
        span = max(overlap, _LEAST) if isinstance(overlap, timedelta) else _LEAST
        match = _spelt(self.text)
        assert match is not None
        if match.groupdict().get("z"):
            span += _OFFSETS
        try:
            text = _rewritten(match, _local(match) - span)
            return Stamp(text, self.value - span)
        except OverflowError:
            return self

    @property
    def shape(self) -> tuple[str, list[str]]:
        """Regular expressions of the texts that are in order as the moments are, since they are spelt like this one.

        They match the first and none of the others: as many digits, the same signs between them, an offset only if
        this has one.
        """
        match = _spelt(self.text)
        assert match is not None
        end = match.end("M") if match["M"] else match.end("d") + match.string[match.end("d") :].startswith("日")
        said = "^" + re.sub(r"\d", "[0-9]", match.string[:end].replace(".", "[.]"))
        parted = match.re is _SPELLINGS[0]
        offset = bool(match.groupdict().get("z"))
        return said, [said + "[0-9]"] * parted + [f"{said}{REST}*{REST.replace('[', '[^')}"] * (not offset)


def read_stamp(text: str, kind: Kind | None = None, zone: str = "UTC") -> Stamp | None:
    """Return what a text says as a stamp, None when it is none (of that kind)."""
    text = text.strip()
    match = _spelt(text) if kind != "number" else None
    if match is not None:
        try:
            return Stamp(text, _moment(match, zone))
        except (ValueError, OverflowError):
            pass
    if kind != "moment" and _NUMBER.fullmatch(text):
        return Stamp(text, int(text))
    return None


def _counted(number: int, zone: str) -> datetime | None:
    """Return the moment that a number is likely to mean, None for one that only counts."""
    text = str(number)
    try:
        if len(text) in _EPOCHS:
            since = datetime.fromtimestamp(number // _EPOCHS[len(text)], ZoneInfo(zone))
            moment = since.replace(tzinfo=None)
        else:
            match = _SPELLINGS[1].fullmatch(text)
            if match is None:
                return None
            moment = _local(match)
    except (ValueError, OverflowError):
        return None
    return moment if _FIRST <= moment < _END else None


def _earlier(number: int, span: timedelta) -> int:
    """Return the number that lies a length of time before one that means a moment."""
    text, span = str(number), max(span, _LEAST)
    if len(text) in _EPOCHS:
        return max(0, number - int(span.total_seconds()) * _EPOCHS[len(text)])
    match = _SPELLINGS[1].fullmatch(text)
    assert match is not None
    try:
        return int(_rewritten(match, _local(match) - span))
    except OverflowError:
        return 0


def _spelt(text: str) -> re.Match[str] | None:
    found = (spelling.fullmatch(text) for spelling in _SPELLINGS)
    return next((match for match in found if match is not None), None)


def _local(match: re.Match[str]) -> datetime:
    said = match.groupdict()
    micros = int((said["f"] or "").lstrip(".,").ljust(6, "0")[:6])
    hour, minute, second = (int(said[part] or 0) for part in "HMS")
    return datetime(int(said["y"]), int(said["m"]), int(said["d"]), hour, minute, second, micros)


def _moment(match: re.Match[str], zone: str) -> datetime:
    local, offset = _local(match), match.groupdict().get("z")
    if not offset:
        return local
    if offset == "Z":
        aware = local.replace(tzinfo=UTC)
    else:
        hours, minutes = int(offset[1:3]), int(offset[3:].lstrip(":") or 0)
        away = timedelta(hours=hours, minutes=minutes)
        aware = local.replace(tzinfo=timezone(-away if offset[0] == "-" else away))
    return aware.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _rewritten(match: re.Match[str], moment: datetime) -> str:
    """Return the text of a match with another moment in its place; what is finer than a second stays."""
    parts = {"y": moment.year, "m": moment.month, "d": moment.day}
    parts |= {"H": moment.hour, "M": moment.minute, "S": moment.second}
    text, end = "", 0
    for name, number in parts.items():
        if match[name] is not None:
            text += match.string[end : match.start(name)] + str(number).zfill(len(match[name]))
            end = match.end(name)
    return text + match.string[end:]


class Stamps:
    """What the stamps of a resource come to while its rows are read.

    Attributes:
        newest: the greatest good one, the last known one among them; where the next request goes on.
        oldest: the least good one of the rows read.
        ahead, strange, missing: rows whose stamp is after the business date, no stamp at all, or not there.
    """

    def __init__(self, column: str | None, last: str | None, until: date, kind: Kind | None, zone: str) -> None:
        self.column, self.until, self.zone = column, until, zone
        self.last = self._good(read_stamp(last, kind, zone)) if last is not None else None
        self.kind = kind or (self.last.kind if self.last else None)
        self.newest = self.last
        self.oldest: Stamp | None = None
        self.ahead = self.strange = self.missing = 0

    @classmethod
    def of(cls, contract: CollectedContract, last: str | None, until: date, zone: str) -> "Stamps":
        """Return those of a resource.

        Args:
            contract: names the column; of a snapshot, which is always whole, none is.
            last: the watermark of the latest accepted delivery; one that is no good stamp counts as none.
            until: the business date; a stamp after it is not believed.
            zone: the city's time zone.
        """
        column = contract.source.watermark if contract.mode != "snapshot" else None
        kind = contract.columns[contract.stamp].type.partition("(")[0] if contract.stamp else ""
        return cls(column, last if column else None, until, _KINDS.get(kind), zone)

    def anew(self) -> "Stamps":
        """Return these as they were before any row."""
        return Stamps(self.column, self.last.text if self.last else None, self.until, self.kind, self.zone)

    def note(self, texts: pa.Array) -> None:
        """Take the stamps of the next rows."""
        self.missing += texts.null_count
        for said in pc.value_counts(texts.drop_null()).to_pylist():
            self._note(said["values"], said["counts"])

    def _note(self, text: str, count: int) -> None:
        stamp = read_stamp(text, self.kind, self.zone)
        if stamp is None:
            missing = not text.strip()
            self.missing += count if missing else 0
            self.strange += 0 if missing else count
            return
        if self._good(stamp) is None:
            self.ahead += count
            return
        self.kind = self.kind or stamp.kind
        if stamp.is_after(self.newest):
            self.newest = stamp
        if self.oldest is None or self.oldest.is_after(stamp):
            self.oldest = stamp

    def _good(self, stamp: Stamp | None) -> Stamp | None:
        """Return a stamp that is not ahead of the business date, None for any other."""
        day = stamp.day(self.zone) if stamp else None
        return None if day and day > self.until else stamp

    def remarks(self) -> tuple[str, ...]:
        """Return what is to be said of the stamps, in a clerk's words, without values."""
        parts = [
            f"{count} 行{what}"
            for count, what in ((self.ahead, "晚于业务日期"), (self.strange, "不是时间或序号"), (self.missing, "为空"))
            if count
        ]
        if not parts:
            return ()
        return (f"更新标记“{self.column}”{'，'.join(parts)}：不作为采集进度，以后每次都会再取，请改正",)
