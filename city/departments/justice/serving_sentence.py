"""服刑人员(监狱、社区矫正)."""

import numpy as np

from city.kit.people import Records
from city.world.city import HISTORY
from city.world.frames import Frame
from city.world.people import attributes
from city.world.people.lives import Lives
from city.world.places import COUNTIES
from city.world.texts import choose, join, number, take, ymd

_PRISONS = ("潍坊监狱", "潍北监狱", "昌潍监狱")


def project(lives: Lives, day: int) -> Frame:
    """Return the whole list as it stands on a city day; people released leave it after a year."""
    p, today = lives.people, lives.city.first + day
    listed = lives.sentenced & (lives.imprisoned < today) & (lives.release > today - HISTORY)
    rows = Records.of_list(lives, "justice.serving_sentence", day, listed & (p.death > lives.imprisoned))
    begun, inside = rows.of(lives.imprisoned), rows.of(lives.in_prison)
    out = rows.of(lives.release) <= today
    bureau = join(take([county.officials for county in COUNTIES], rows.of(p.county)), "司法局社区矫正中心")
    return rows.frame({
        "record_no": join("F", number(ymd(begun)[0], 4), rows.serial("record_no")),
        "household_address": rows.texts(attributes.household_address(p, np.zeros(len(p), dtype=bool))),
        "sentence_kind_code": rows.flag(inside, "10", "20"),
        "prison_name": choose(inside, rows.choice("prison_name", _PRISONS), bureau),
        "imprison_date": begun,
        "sentence_to_date": rows.of(lives.sentence_end),
        "release_date": rows.only(out, rows.of(lives.release)),
        "sentence_state_code": rows.flag(out, "2", "1"),
    })  # fmt: skip
