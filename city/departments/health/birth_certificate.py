"""出生医学证明."""

import numpy as np

from city.departments.health import hospital
from city.kit.people import Records
from city.kit.standing import Standing
from city.world.frames import Frame
from city.world.people import attributes
from city.world.people.births import YEAR
from city.world.people.courses import NEVER
from city.world.people.lives import Lives
from city.world.texts import plain

CERTIFIED_YEARS = 9
"""Births this far back have a certificate in the system."""


def project(lives: Lives, day: int) -> Frame:
    """Return the certificates new or worked on; day 0 has those of nine years."""
    p, city = lives.people, lives.city
    born = (p.birth > city.first - CERTIFIED_YEARS * YEAR) & (p.mother >= 0) & ~p.guest
    standing = Standing(lives, "health.birth_certificate", day, np.where(born, p.birth + 2, NEVER))
    rows = Records.of_register(standing, "child")
    rows.person_in("mother", rows.of(p.mother))
    rows.person_in("father", rows.of(p.father))
    code, institution = hospital(city, rows.person, rows.of(p.county))
    return rows.frame({
        "birth_cert_no": rows.serial("birth_cert_no", "C37"),
        "birth_weight_g": plain(rows.count("birth_weight", 2600, 4099)),
        "gestation_weeks": plain(rows.count("gestation", 36, 41)),
        "delivery_kind_code": rows.choice("delivery", ("1", "2")),
        "institution_code": code,
        "institution_name": institution,
        "residence_address": rows.texts(attributes.residence_address(p, p.move <= p.birth)),
        "issue_date": rows.of(p.birth) + 2,
        "licence_state_code": rows.constant("1"),
    })  # fmt: skip
