"""税务登记、信用等级与欠税."""

import numpy as np
import pyarrow.compute as pc

from city.kit.view import View
from city.world.firms.firms import EXISTING
from city.world.firms.pattern import (
    BRANCH,
    CARE,
    COMPANY,
    COOPERATIVE,
    HOSPITAL,
    INSTITUTION,
    KINDERGARTEN,
    LAW_FIRM,
    SHOP,
    TRAINING,
    UNION,
)
from city.world.firms.turns import CODES_SINCE
from city.world.frames import Column, Frame
from city.world.people.lives import Lives
from city.world.places import COUNTY_CODES
from city.world.texts import NONE, choose, constant, join, number, take

_SORTS = (COMPANY, COOPERATIVE, BRANCH, SHOP, INSTITUTION, HOSPITAL, KINDERGARTEN, TRAINING, CARE, LAW_FIRM, UNION)


def project(lives: Lives, day: int) -> Frame:
    """Return the taxpayers new or changed on a city day; day 0 has all."""
    view = View.of(lives, day, _SORTS, "tax.taxpayer")
    f, city = view.firms, lives.city
    liable = city.chance(f.number, "tax.liable", np.where(f.sort == SHOP, 0.7, 0.97))
    old = join(number(COUNTY_CODES[f.county], 6), f.org_code(0))
    first = f.usccs[0]
    serial = view.serial("taxpayer_no", "37", 13)
    numbers = choose((f.established < CODES_SINCE) & f.has_organisation_code, old, first)
    owes = city.chance(f.number, "tax.owes", 0.02)
    state = f.state(view.last)
    columns: dict[str, Column] = {
        "taxpayer_no": pc.coalesce(numbers, serial),
        "taxpayer_kind_code": take(("10", "20", "30"), np.where(f.sort == SHOP, 2, np.where(f.staff > 20, 0, 1))),
        "industry_code": f.industry,
        "tax_office_name": join("国家税务总局", view.office("税务局")),
        "registered_date": f.established + 5,
        "taxpayer_state_code": take(("1", "2", "3"), state),
        "cancel_date": np.where(state == EXISTING, NONE, view.date_of(f.turns.cancelled)),
        "credit_year": constant(str(city.start.year - 1), len(f)),
        "credit_grade_code": view.choice("tax.grade", ("A", "B", "M", "C", "D")),
        "arrears_amount": np.where(owes, 10**6 + 100 * city.pick(f.number, "tax.arrears", 10**6), 0),
        "arrears_from_date": np.where(owes, city.first - 30 - city.pick(f.number, "tax.arrears_from", 700), NONE),
    }
    hidden: dict[str, Column] = {
        "_lent_uscc": view.lent_uscc,
        "_registration_no": f.registration_no,
    }
    return view.frame(columns, view.changed & liable, hidden=hidden)
