"""机关事业单位登记与核定编制."""

import numpy as np

from city.departments.establishment import unit_code
from city.kit.view import View, valid_to
from city.world.firms.firms import STATES
from city.world.firms.pattern import (
    GOVERNMENT,
    HOSPITAL,
    INSTITUTION,
    SCHOOL,
)
from city.world.frames import Column, Frame
from city.world.people.lives import Lives
from city.world.texts import NONE, plain, take


def project(lives: Lives, day: int) -> Frame:
    """Return the public bodies new or changed on a city day; day 0 has all."""
    view = View.of(
        lives, day, (GOVERNMENT, INSTITUTION, SCHOOL, HOSPITAL), "establishment.government_unit", registers=True
    )
    f = view.firms
    office = f.sort == GOVERNMENT
    columns: dict[str, Column] = {
        "unit_code": unit_code(lives.city, f.county, f.number),
        "org_code": f.org_code(view.last),
        "former_name": f.former_name(view.last),
        "entity_kind_code": f.kind,
        "parent_unit_code": view.constant("BZ370700"),
        "valid_to_date": np.where(office, NONE, valid_to(view)),
        "admin_quota_count": plain(np.where(office, f.staff, 0)),
        "institution_quota_count": plain(np.where(office, 0, f.staff)),
        "entity_state_code": take(STATES, f.state(view.last)),
        "cancel_date": view.date_of(f.turns.cancelled),
    }
    return view.frame(columns, view.changed)
