"""流动人口与居住证."""

import numpy as np

from city.kit.people import Records
from city.kit.standing import Standing
from city.world.frames import Frame
from city.world.people.courses import NEVER
from city.world.people.lives import Lives
from city.world.people.permits import last_anniversary, permit_no, permitted
from city.world.people.work import Work

LANDLORDS = (75, 78, 81, 84, 87)
"""Slots of those who let rooms; see ``households``."""
REASONS = ("01", "02", "03", "05", "09")


def project(lives: Lives, day: int) -> Frame:
    """Return the permits new, renewed or worked on; day 0 has all."""
    p = lives.people
    begins = permitted(lives)
    standing = Standing(lives, "public_security.residence_permit", day, begins)
    renewed = last_anniversary(begins, standing.today, 365)
    standing.learn(np.where(begins < NEVER, renewed, NEVER))
    rows = Records.of_register(standing)
    host = rows.city.pick(rows.of(p.household), "landlord", len(LANDLORDS))
    rows.person_in("landlord", rows.index - rows.of(p.slot) + np.array(LANDLORDS)[host])
    rows.firm_in("employer", rows.of(Work(lives).place(rows.today)))
    return rows.frame({
        "certificate_no": rows.texts(permit_no(lives)),
        "arrival_date": rows.of(p.arrive),
        "residence_reason_code": rows.choice("residence_reason", REASONS),
        "issue_date": rows.of(begins),
        "valid_to_date": rows.of(renewed) + 364,
        "licence_state_code": rows.constant("1"),
    })  # fmt: skip
