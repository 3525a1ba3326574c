"""Workbooks as other programs write them: packages put together part by part."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


@dataclass(frozen=True)
class Raw:
    """A cell by its XML: attributes and content."""

    inner: str
    attributes: str = ""


def number(text: str, *, style: int = 0, formula: str = "") -> Raw:
    """A stored number, the result of a formula when one is given."""
    told = f"<f>{escape(formula)}</f>" if formula else ""
    return Raw(f"{told}<v>{text}</v>", f' s="{style}"' if style else "")


@dataclass
class Page:
    """A sheet: rows of cells (text, number, None or :class:`Raw`), and what else stands in its part."""

    name: str
    rows: Sequence[Sequence[Any]]
    state: str = "visible"
    merged: Sequence[str] = ()
    hidden_rows: Sequence[int] = ()
    columns: str = ""


@dataclass
class Package:
    """A workbook to be written."""

    pages: Sequence[Page]
    formats: Sequence[str] = ()
    """Number formats; the first is style 1."""
    texts: Sequence[str] = ()
    """Inner XML of shared texts."""
    properties: str = ""
    """Attributes of ``workbookPr``."""
    calculation: str = ""
    """Attributes of ``calcPr``."""
    parts: Mapping[str, str | bytes] = field(default_factory=dict)
    """Parts that replace those made here."""


def package(book: Package) -> bytes:
    """Return the bytes of a workbook."""
    sheets = "".join(
        f'<sheet name={quoteattr(page.name)} sheetId="{place}" state="{page.state}" r:id="s{place}"/>'
        for place, page in enumerate(book.pages, start=1)
    )
    calculation = f"<calcPr {book.calculation}/>" if book.calculation else ""
    related = {f"s{place}": ("worksheet", f"worksheets/sheet{place}.xml") for place in range(1, len(book.pages) + 1)}
    parts = {
        "[Content_Types].xml": _types(len(book.pages)),
        "_rels/.rels": _relations({"w": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": (
            f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><workbookPr {book.properties}/>'
            f"<sheets>{sheets}</sheets>{calculation}</workbook>"
        ),
        "xl/_rels/workbook.xml.rels": _relations(
            related | {"t": ("sharedStrings", "sharedStrings.xml"), "f": ("styles", "/xl/styles.xml")}
        ),
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{"".join(f"<si>{text}</si>" for text in book.texts)}</sst>',
        "xl/styles.xml": _styles(book.formats),
    }
    for place, page in enumerate(book.pages, start=1):
        parts[f"xl/worksheets/sheet{place}.xml"] = _sheet(page)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name, text in (parts | dict(book.parts)).items():
            target.writestr(zipfile.ZipInfo(name), text)
    return out.getvalue()


def _types(pages: int) -> str:
    kinds = {f"worksheets/sheet{place}": "worksheet" for place in range(1, pages + 1)}
    kinds |= {"workbook": "sheet.main", "styles": "styles", "sharedStrings": "sharedStrings"}
    told = "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="{CONTENT}.{kind}+xml"/>' for part, kind in kinds.items()
    )
    rels = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    return f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{rels}{told}</Types>'


def _relations(related: Mapping[str, tuple[str, str]]) -> str:
    told = "".join(
        f'<Relationship Id="{name}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for name, (kind, target) in related.items()
    )
    return f'<Relationships xmlns="{PACKAGE}">{told}</Relationships>'


def _styles(formats: Sequence[str]) -> str:
    codes = "".join(
        f'<numFmt numFmtId="{place}" formatCode={quoteattr(code)}/>' for place, code in enumerate(formats, start=164)
    )
    cells = "".join(f'<xf numFmtId="{place}" applyNumberFormat="1"/>' for place in range(164, 164 + len(formats)))
    return (
        f'<styleSheet xmlns="{MAIN}"><numFmts>{codes}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
        f'<cellXfs><xf numFmtId="0"/>{cells}</cellXfs></styleSheet>'
    )


def _sheet(page: Page) -> str:
    rows = "".join(
        f'<row r="{place}"{" hidden=" + chr(34) + "1" + chr(34) if place in page.hidden_rows else ""}>'
        + "".join(_cell(f"{chr(65 + column)}{place}", cell) for column, cell in enumerate(cells))
        + "</row>"
        for place, cells in enumerate(page.rows, start=1)
    )
    merged = "".join(f'<mergeCell ref="{area}"/>' for area in page.merged)
    merged = f"<mergeCells>{merged}</mergeCells>" if merged else ""
    return f'<worksheet xmlns="{MAIN}"><cols>{page.columns}</cols><sheetData>{rows}</sheetData>{merged}</worksheet>'


def _cell(place: str, cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Raw):
        return f'<c r="{place}"{cell.attributes}>{cell.inner}</c>'
    if isinstance(cell, str):
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
    return f'<c r="{place}"><v>{cell}</v></c>'
