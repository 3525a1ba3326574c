"""民办教育与校外培训机构年审."""

from city.kit.view import View, valid_to
from city.world.firms.pattern import TRAINING
from city.world.frames import Column, Frame
from city.world.people.lives import Lives
from city.world.texts import constant, join, number, plain


def project(lives: Lives, day: int) -> Frame:
    """Return all private training schools as reviewed this year."""
    view = View.of(lives, day, (TRAINING,), "education.training_institution")
    f, city = view.firms, lives.city
    columns: dict[str, Column] = {
        "permit_no": join("教民", number(city.serial(f.number, "training_permit"), 10), "号"),
        "review_year": constant(str(city.start.year), len(f)),
        "institution_kind_code": view.choice("firm.training_kind", ("10", "20")),
        "issue_date": f.established + 30,
        "valid_to_date": valid_to(view),
        "review_date": city.first - 100 - city.pick(f.number, "firm.reviewed", 100),
        "review_result_code": view.choice("firm.review", ("1", "1", "1", "2", "3")),
        "pupil_count": plain(20 + city.pick(f.number, "firm.pupils", 300)),
    }
    return view.frame(columns, view.known)
