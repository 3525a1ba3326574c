"""Registers of what is no company: public bodies, social organisations, schools, hospitals, village collectives."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from city.firm_names import HOSPITALS
from city.firm_pattern import (
    CARE,
    COLLECTIVE,
    FOUNDATION,
    GOVERNMENT,
    HOSPITAL,
    INSTITUTION,
    KINDERGARTEN,
    SCHOOL,
    SOCIETY,
    TRAINING,
)
from city.firm_view import STATES, View
from city.frames import Column, Frame
from city.hashing import Ints
from city.lives import Lives
from city.places import villages
from city.texts import NONE, Text, blank_where, choose, constant, join, number, take

_ABOVE = ("教育局", "民政局", "文化和旅游局", "体育局", "科学技术协会")
_NEXT_YEARS = 1461


def _count(values: Ints) -> Text:
    return pa.array(values).cast(pa.string())


def unit_code(view: View) -> Text:
    """Return the establishment's own codes of public bodies."""
    return join("BZ", view.county_code, number(view.lives.city.serial(view.firms.number, "unit_code"), 10))


def government_unit(lives: Lives, day: int) -> Frame:
    """Return the public bodies new or changed on a city day; day 0 has all."""
    view = View.of(
        lives, day, (GOVERNMENT, INSTITUTION, SCHOOL, HOSPITAL), "establishment.government_unit", registers=True
    )
    f = view.firms
    office = f.sort == GOVERNMENT
    columns: dict[str, Column] = view.core() | {
        "unit_code": unit_code(view),
        "org_code": f.org_code(view.last),
        "former_name": f.former_name(view.last),
        "entity_kind_code": f.kind,
        "parent_unit_code": constant("BZ370700", len(f)),
        "valid_to_date": np.where(office, NONE, _valid_to(view)),
        "admin_quota_count": _count(np.where(office, f.staff, 0)),
        "institution_quota_count": _count(np.where(office, 0, f.staff)),
        "entity_state_code": take(STATES, f.state(view.last)),
        "cancel_date": view.date_of(f.turns.cancelled),
    }
    return view.frame(("unit_code",), columns, view.changed)


def _valid_to(view: View) -> Ints:
    """Return the end of a four-year licence that runs now."""
    age = view.lives.city.first - view.firms.established
    return np.asarray(view.firms.established + (np.maximum(age, 0) // _NEXT_YEARS + 1) * _NEXT_YEARS, dtype=np.int64)


def social_organisation(lives: Lives, day: int) -> Frame:
    """Return the social organisations new or changed on a city day; day 0 has all."""
    view = View.of(
        lives,
        day,
        (SOCIETY, TRAINING, CARE, KINDERGARTEN, FOUNDATION),
        "civil_affairs.social_organisation",
        registers=True,
    )
    f, city = view.firms, lives.city
    columns: dict[str, Column] = view.core() | {
        "org_code": f.org_code(view.last),
        "reg_no": join("鲁潍民证字第", number(city.serial(f.number, "social_reg_no"), 10), "号"),
        "former_name": f.former_name(view.last),
        "entity_kind_code": f.kind,
        "governing_unit_name": take(_ABOVE, city.pick(f.number, "firm.above", len(_ABOVE))),
        "registered_capital_amount": 3 * 10**6 * (1 + city.pick(f.number, "firm.capital", 30)),
        "business_scope": take(
            ("学术交流、咨询服务", "教育培训", "养老服务", "公益慈善"), city.pick(f.number, "firm.scope", 4)
        ),
        "valid_to_date": _valid_to(view),
        "review_year": constant(str(city.start.year - 1), len(f)),
        "review_result_code": take(("1", "1", "1", "2", "3"), city.pick(f.number, "firm.review", 5)),
        "entity_state_code": take(STATES, f.state(view.last)),
        "cancel_date": view.date_of(f.turns.cancelled),
    }
    return view.frame(("uscc",), columns, view.changed & f.has_uscc)


def care_institution(lives: Lives, day: int) -> Frame:
    """Return the care homes new or changed on a city day; day 0 has all."""
    view = View.of(lives, day, (CARE,), "civil_affairs.care_institution")
    f, city = view.firms, lives.city
    beds = 20 + city.pick(f.number, "firm.beds", 180)
    core = view.core()
    columns: dict[str, Column] = core | {
        "facility_code": join("YL", number(city.serial(f.number, "facility_code"), 10)),
        "facility_kind_code": constant("10", len(f)),
        "street_code": pc.utf8_slice_codeunits(take(villages().codes, f.village), 0, 9),
        "bed_count": _count(beds),
        "nursing_bed_count": _count(beds // 2),
        "occupied_bed_count": _count(beds * 2 // 3),
        "staff_count": _count(f.staff),
        "star_level_code": take(("1", "2", "3", "4", "5"), city.pick(f.number, "firm.stars", 5)),
        "leader_name": core["representative_name"],
        "facility_state_code": take(STATES, f.state(view.last)),
    }
    return view.frame(("facility_code",), columns, view.changed, {})


def medical_institution(lives: Lives, day: int) -> Frame:
    """Return the hospitals and clinics new or changed on a city day; day 0 has all."""
    view = View.of(lives, day, (HOSPITAL,), "health.medical_institution")
    f, city = view.firms, lives.city
    large = f.rank < len(HOSPITALS)
    columns: dict[str, Column] = view.core() | {
        "institution_code": join("H", view.county_code, number(f.rank + 1, 3)),
        "insurance_institution_code": join("H", view.county_code, number(f.rank + 1, 5)),
        "institution_kind_code": take(("A1", "D6"), (~large).astype(np.int64)),
        "level_code": blank_where(take(("33", "22"), city.pick(f.number, "firm.level", 2)), ~large),
        "bed_count": _count(np.where(large, 100 + city.pick(f.number, "firm.beds", 900), 0)),
        "is_emergency_station": choose(large, "1", "0"),
        "is_designated": constant("1", len(f)),
        "designated_to_date": _valid_to(view),
        "permit_no": join("PDY", number(city.serial(f.number, "health_permit"), 10), view.county_code),
        "valid_to_date": _valid_to(view),
        "institution_state_code": take(STATES, f.state(view.last)),
    }
    return view.frame(("institution_code",), columns, view.changed, {})


def school_code(view: View) -> Text:
    """Return the education office's own codes of schools."""
    return join("37", number(view.lives.city.serial(view.firms.number, "school_code"), 10))


def school(lives: Lives, day: int) -> Frame:
    """Return all schools and kindergartens as they stand on a city day."""
    view = View.of(lives, day, (SCHOOL, KINDERGARTEN), "education.school")
    f, city = view.firms, lives.city
    public = f.sort == SCHOOL
    classes = 3 + city.pick(f.number, "firm.classes", 40)
    columns: dict[str, Column] = view.core() | {
        "school_code": school_code(view),
        "school_kind_code": choose(public, "211", "111"),
        "sponsor_kind_code": choose(public, "1", "2"),
        "class_count": _count(classes),
        "place_count": _count(classes * 45),
        "pupil_count": _count(classes * (30 + city.pick(f.number, "firm.pupils", 15))),
        "teacher_count": _count(classes * 3),
        "school_state_code": take(STATES, f.state(view.last)),
    }
    return view.frame(("school_code",), columns, view.known, {})


def training_institution(lives: Lives, day: int) -> Frame:
    """Return all private training schools as reviewed this year."""
    view = View.of(lives, day, (TRAINING,), "education.training_institution")
    f, city = view.firms, lives.city
    columns: dict[str, Column] = view.core() | {
        "permit_no": join("教民", number(city.serial(f.number, "training_permit"), 10), "号"),
        "review_year": constant(str(city.start.year), len(f)),
        "institution_kind_code": take(("10", "20"), city.pick(f.number, "firm.training_kind", 2)),
        "issue_date": f.established + 30,
        "valid_to_date": _valid_to(view),
        "review_date": city.first - 100 - city.pick(f.number, "firm.reviewed", 100),
        "review_result_code": take(("1", "1", "1", "2", "3"), city.pick(f.number, "firm.review", 5)),
        "pupil_count": _count(20 + city.pick(f.number, "firm.pupils", 300)),
    }
    return view.frame(("permit_no", "review_year"), columns, view.known)


def rural_collective(lives: Lives, day: int) -> Frame:
    """Return all village collectives as they stand on a city day."""
    view = View.of(lives, day, (COLLECTIVE,), "agriculture_rural.rural_collective", registers=True)
    f, city = view.firms, lives.city
    columns: dict[str, Column] = view.core() | {
        "entity_kind_code": f.kind,
        "village_code": take(villages().codes, f.village),
        "member_count": _count(200 + city.pick(f.number, "firm.villagers", 2000)),
        "total_asset_amount": 10**8 + 10**5 * city.pick(f.number, "firm.assets", 10**5),
        "issuer_name": view.office("农业农村局"),
        "valid_to_date": f.established + 3653,
        "entity_state_code": take(STATES, f.state(view.last)),
    }
    return view.frame(("uscc",), columns, view.known & f.has_uscc)
