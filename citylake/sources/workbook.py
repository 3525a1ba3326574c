"""An Excel package by its own words: its sheets, date system, number formats and texts."""

import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.parsers import expat

from citylake.sources.number_format import NumberFormat, number_format

BLOCK = 1 << 20
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


class WorkbookError(Exception):
    """The package is not what a workbook should be."""


class NoWorkbookError(WorkbookError):
    """It is another kind of package."""


class Sheet(NamedTuple):
    """A worksheet: its name, the part that holds it, and whether somebody who opens the workbook does not see it."""

    name: str
    part: str
    is_hidden: bool


@dataclass
class Workbook:
    """What the cells of every sheet are read by."""

    package: zipfile.ZipFile
    sheets: list[Sheet] = field(default_factory=list)
    formats: list[NumberFormat] = field(default_factory=list)
    """By the number of a cell's style."""
    texts: list[str] = field(default_factory=list)
    is_1904: bool = False
    """Days are counted from 1904-01-01."""
    is_uncalculated: bool = False
    """Its writer wants all formulas calculated when it is opened: the results that it stored are none."""


def open_workbook(package: zipfile.ZipFile) -> Workbook:
    """Read everything but the sheets.

    Raises:
        NoWorkbookError: it is another kind of package.
        WorkbookError: it is damaged.
    """
    book = Workbook(package)
    if "_rels/.rels" not in package.namelist():
        raise NoWorkbookError
    root = next((part for kind, part in _related(package, "").values() if kind == "officeDocument"), "")
    if not root.endswith(".xml"):
        raise NoWorkbookError
    related = _related(package, root)
    parts = dict(related.values())
    if "styles" in parts:
        _read_formats(book, parts["styles"])
    if "sharedStrings" in parts:
        _read_texts(book, parts["sharedStrings"])

    def start(tag: str, said: dict[str, str]) -> None:
        if tag == "workbookPr":
            book.is_1904 = is_true(said.get("date1904"))
        elif tag == "calcPr":
            book.is_uncalculated = is_true(said.get("fullCalcOnLoad"))
        elif tag == "sheet":
            kind, part = related[next(value for name, value in said.items() if name.endswith(":id"))]
            if kind == "worksheet":
                book.sheets.append(Sheet(said["name"], part, said.get("state", "visible") != "visible"))

    walk(package, root, start)
    return book


def is_true(said: str | None) -> bool:
    """Return a truth value of the format."""
    return said in {"1", "true", "on"}


def plain_text(stored: str) -> str:
    """Return a text as it was meant: what XML cannot hold is stored as ``_x000D_``.

    Half a surrogate stays as it is; no text may hold it.
    """
    if "_x" not in stored:
        return stored
    told = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), stored)
    return told.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def walk(
    package: zipfile.ZipFile,
    part: str,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Go through a part of the package; names come without their prefix.

    Raises:
        WorkbookError: there is no such part, or it is no XML.
    """
    for _ in steps(package, part, start, end, text):
        pass


def steps(
    package: zipfile.ZipFile,
    part: str,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Go through a part like :func:`walk`, stopping after each block of it."""
    names: dict[str, str] = {}
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def local(name: str) -> str:
        return names.get(name) or names.setdefault(name, name.rpartition(":")[2])

    parser.StartElementHandler = lambda name, said: start(local(name), said)
    if end is not None:
        parser.EndElementHandler = lambda name: end(local(name))
    if text is not None:
        parser.CharacterDataHandler = text
    # No writer of workbooks needs one, and entities can be made to grow without end.
    parser.StartDoctypeDeclHandler = _refuse
    try:
        with package.open(part) as stream:
            while block := stream.read(BLOCK):
                parser.Parse(block, False)
                yield
            parser.Parse(b"", True)
            yield
    except (KeyError, expat.ExpatError) as error:
        raise WorkbookError("a part is missing or no XML") from error


def _refuse(*said: object) -> None:
    raise WorkbookError("a document type")


def _related(package: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Return what a part is related to: relation id -> (kind, part)."""
    folder, _, name = part.rpartition("/")
    found: dict[str, tuple[str, str]] = {}

    def start(tag: str, said: dict[str, str]) -> None:
        if tag == "Relationship" and said.get("TargetMode") != "External":
            found[said["Id"]] = (said["Type"].rpartition("/")[2], _resolved(folder, said["Target"]))

    walk(package, f"{folder}/_rels/{name}.rels".lstrip("/"), start)
    return found


def _resolved(folder: str, target: str) -> str:
    places = [] if target.startswith("/") else folder.split("/")
    for step in target.split("/"):
        if step == "..":
            places = places[:-1]
        elif step != ".":
            places.append(step)
    return "/".join(place for place in places if place)


def _read_formats(book: Workbook, part: str) -> None:
    codes: dict[int, str] = {}
    inside: list[str] = []

    def start(tag: str, said: dict[str, str]) -> None:
        if tag == "numFmt":
            codes[int(said["numFmtId"])] = said["formatCode"]
        elif tag == "xf" and inside[-1:] == ["cellXfs"]:
            number = int(said.get("numFmtId", "0"))
            book.formats.append(number_format(number, codes.get(number)))
        inside.append(tag)

    def end(tag: str) -> None:
        inside.pop()

    walk(book.package, part, start, end)


def _read_texts(book: Workbook, part: str) -> None:
    reader = TextReader()

    def end(tag: str) -> None:
        reader.end(tag)
        if tag == "si":
            book.texts.append(plain_text(reader.take()))

    walk(book.package, part, lambda tag, said: reader.start(tag), end, reader.text)


class TextReader:
    """Puts together the text of an element: of all its runs, without the reading aids of ``rPh``."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._aids = 0
        self._listens = False

    def start(self, tag: str) -> None:
        """Enter an element."""
        self._aids += tag == "rPh"
        self._listens = tag == "t" and not self._aids

    def end(self, tag: str) -> None:
        """Leave an element."""
        self._aids -= tag == "rPh"
        self._listens = False

    def text(self, found: str) -> None:
        """Note text."""
        if self._listens:
            self._found.append(found)

    def take(self) -> str:
        """Return the text since the last call."""
        told = "".join(self._found)
        self._found.clear()
        return told
