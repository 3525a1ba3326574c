"""How departments get legal entities wrong."""

from collections.abc import Callable, Mapping

from city.world.firms.codes import mistyped_uscc, organisation_part
from city.world.firms.names import written_differently
from city.world.frames import Frame

RULES: Mapping[str, Callable[[str, int], str]] = {
    "uscc_bad_check": mistyped_uscc,
    "organisation_code_only": lambda text, word: organisation_part(text),
    "written_differently": written_differently,
    "half_width_brackets": lambda text, word: text.replace("（", "(").replace("）", ")"),
}
BORROWED: Mapping[str, str] = {"borrowed_uscc": "_lent_uscc", "registration_no_only": "_registration_no"}
"""Kind of mistake -> hidden column with the code that stands there instead."""


def subject(frame: Frame, field: str) -> str:
    """Return the common beginning of the fields that say who the entity of a code is: one of them goes wrong at a time."""
    part = field.removesuffix("uscc")
    if part:
        return part
    return next((name.removesuffix("name") for name in ("entity_name", "subject_name") if name in frame.columns), "")
