"""养老机构与设施."""

import pyarrow.compute as pc

from city.kit.view import View
from city.world.firms.firms import STATES
from city.world.firms.pattern import CARE
from city.world.frames import Column, Frame
from city.world.people.lives import Lives
from city.world.places import villages
from city.world.texts import plain, take


def project(lives: Lives, day: int) -> Frame:
    """Return the care homes new or changed on a city day; day 0 has all."""
    view = View.of(lives, day, (CARE,), "civil_affairs.care_institution")
    f, city = view.firms, lives.city
    beds = 20 + city.pick(f.number, "firm.beds", 180)
    columns: dict[str, Column] = {
        "facility_code": view.serial("facility_code", "YL"),
        "facility_kind_code": view.constant("10"),
        "street_code": pc.utf8_slice_codeunits(take(villages().codes, f.village), 0, 9),
        "bed_count": plain(beds),
        "nursing_bed_count": plain(beds // 2),
        "occupied_bed_count": plain(beds * 2 // 3),
        "staff_count": plain(f.staff),
        "star_level_code": view.choice("firm.stars", ("1", "2", "3", "4", "5")),
        "leader_name": view.head.name,
        "facility_state_code": take(STATES, f.state(view.last)),
    }
    return view.frame(columns, view.changed)
