"""学校与幼儿园."""

from city.departments.education import school_code
from city.kit.view import View
from city.world.firms.firms import STATES
from city.world.firms.pattern import KINDERGARTEN, SCHOOL
from city.world.frames import Column, Frame
from city.world.people.lives import Lives
from city.world.texts import choose, plain, take


def project(lives: Lives, day: int) -> Frame:
    """Return all schools and kindergartens as they stand on a city day."""
    view = View.of(lives, day, (SCHOOL, KINDERGARTEN), "education.school")
    f, city = view.firms, lives.city
    public = f.sort == SCHOOL
    classes = 3 + city.pick(f.number, "firm.classes", 40)
    columns: dict[str, Column] = {
        "school_code": school_code(city, f.number),
        "school_kind_code": choose(public, "211", "111"),
        "sponsor_kind_code": choose(public, "1", "2"),
        "class_count": plain(classes),
        "place_count": plain(classes * 45),
        "pupil_count": plain(classes * (30 + city.pick(f.number, "firm.pupils", 15))),
        "teacher_count": plain(classes * 3),
        "school_state_code": take(STATES, f.state(view.last)),
    }
    return view.frame(columns, view.known)
