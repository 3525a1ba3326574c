"""机动车驾驶证."""

import numpy as np

from city.kit.people import Records
from city.kit.standing import Standing
from city.world.frames import Frame
from city.world.people.births import YEAR
from city.world.people.courses import NEVER
from city.world.people.lives import Lives
from city.world.people.permits import TERM, file_no, last_anniversary, licensed

CLASSES = ("C1", "C1", "C1", "C1", "C2", "C2", "B2", "A2", "D", "E")


def project(lives: Lives, day: int) -> Frame:
    """Return the licences new, renewed or worked on; day 0 has all."""
    begins = licensed(lives)
    standing = Standing(lives, "public_security.driving_licence", day, begins)
    renewed = last_anniversary(begins, standing.today, TERM)
    standing.learn(np.where(begins < NEVER, renewed, NEVER))
    rows = Records.of_register(standing)
    points = rows.city.pick(rows.person, "points", 30, rows.of(standing.corrected))
    old = rows.of(lives.people.birth) < rows.today - 70 * YEAR
    return rows.frame({
        "file_no": rows.texts(file_no(lives)),
        "driving_class_code": rows.choice("driving_class", CLASSES),
        "first_issue_date": rows.of(begins),
        "issue_date": rows.of(renewed),
        "valid_from_date": rows.of(renewed),
        "valid_to_date": rows.of(renewed) + TERM,
        "points_count": np.where(points > 12, 0, points),
        "next_exam_date": rows.only(old, rows.today + 365 - rows.count("exam", 0, 299)),
        "issuer_name": rows.constant("潍坊市公安局交通警察支队"),
        "licence_state_code": rows.constant("1"),
    })  # fmt: skip
