"""Data elements (数据元): each shared column described once, after GB/T and DB37/T 4223."""

from typing import Any

from pydantic import Field

from citylake.contract.model import Grade, Model


class Element(Model):
    """What a column of this name means wherever it stands. Keys are those of a column."""

    label: str = Field(min_length=1)
    type: str = "string"
    grade: Grade
    codes: str | None = None
    mask: str | None = None
    direct: bool = False
    format: str | tuple[str, ...] = ()
    null_values: tuple[str, ...] = ()
    source: str = ""
    """Standard the element follows."""

    def column(self) -> dict[str, Any]:
        """Return the keys a contract's column takes over, unless it says otherwise."""
        return self.model_dump(exclude={"source"}, exclude_defaults=True) | {"label": self.label, "grade": self.grade}
