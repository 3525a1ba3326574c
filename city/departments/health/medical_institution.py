"""医疗卫生机构与急救站点."""

import numpy as np

from city.kit.view import View, valid_to
from city.world.firms.firms import STATES
from city.world.firms.names import HOSPITALS
from city.world.firms.pattern import (
    HOSPITAL,
)
from city.world.frames import Column, Frame
from city.world.people.lives import Lives
from city.world.texts import blank_where, choose, join, number, plain, take


def project(lives: Lives, day: int) -> Frame:
    """Return the hospitals and clinics new or changed on a city day; day 0 has all."""
    view = View.of(lives, day, (HOSPITAL,), "health.medical_institution")
    f, city = view.firms, lives.city
    large = f.rank < len(HOSPITALS)
    columns: dict[str, Column] = {
        "institution_code": join("H", view.county_code, number(f.rank + 1, 3)),
        "insurance_institution_code": join("H", view.county_code, number(f.rank + 1, 5)),
        "institution_kind_code": take(("A1", "D6"), (~large).astype(np.int64)),
        "level_code": blank_where(view.choice("firm.level", ("33", "22")), ~large),
        "bed_count": plain(np.where(large, 100 + city.pick(f.number, "firm.beds", 900), 0)),
        "is_emergency_station": choose(large, "1", "0"),
        "is_designated": view.constant("1"),
        "designated_to_date": valid_to(view),
        "permit_no": join("PDY", number(city.serial(f.number, "health_permit"), 10), view.county_code),
        "valid_to_date": valid_to(view),
        "institution_state_code": take(STATES, f.state(view.last)),
    }
    return view.frame(columns, view.changed)
