"""残疾人."""

import numpy as np

from city.kit.people import Records
from city.world.frames import Frame
from city.world.people.births import YEAR
from city.world.people.lives import Lives

DISABLED = 0.027
"""Of the people."""


def project(lives: Lives, day: int) -> Frame:
    """Return everybody with a disability card, as of a city day."""
    p, city, today = lives.people, lives.city, lives.city.first + day
    issued = np.maximum(city.first - 3600 + city.pick(p.person, "disabled.issued", 4500), p.birth + 900)
    has = city.chance(p.person, "disabled", DISABLED) & (p.slot < 100) & (issued < today)
    listed = has & (issued < p.death) & (np.minimum(p.death, p.leave) > today - 60)
    rows = Records.of_list(lives, "disabled_persons_federation.disabled_person", day, listed)
    rows.person_in("guardian", rows.of(np.where((today - p.birth) / YEAR < 18, p.mother, p.spouse)))
    return rows.frame({
        "disability_cert_no": rows.serial("disability_cert", "CJ3707"),
        "disability_kind_code": rows.choice("disability_kind", ("1", "2", "3", "4", "5", "6")),
        "disability_level_code": rows.choice("disability_level", ("1", "2", "3", "4")),
        "issue_date": rows.of(issued),
        "valid_to_date": rows.of(issued) + 3652,
        "licence_state_code": rows.constant("1"),
    })  # fmt: skip
