"""服刑人员(监狱、社区矫正)."""

import numpy as np
import pyarrow as pa

from city.world.city import HISTORY
from city.world.frames import Frame
from city.world.people import attributes
from city.world.people.documents import identity
from city.world.people.lives import Lives
from city.world.places import COUNTIES
from city.world.texts import NONE, choose, join, number, take, ymd

_PRISONS = ("潍坊监狱", "潍北监狱", "昌潍监狱")


def project(lives: Lives, day: int) -> Frame:
    """Return the whole list as it stands on a city day; people released leave it after a year."""
    p, city = lives.people, lives.city
    today = city.first + day
    listed = lives.sentenced & (lives.imprisoned < today) & (lives.release > today - HISTORY)
    index = np.flatnonzero(listed & (p.death > lives.imprisoned))
    person = p.person[index]
    pick = pa.array(index)
    who = identity(p, "justice.serving_sentence", today).rows(index)
    out = lives.release[index] <= today
    prison = take(_PRISONS, city.pick(person, "prison_name", len(_PRISONS)))
    bureau = join(take([county.officials for county in COUNTIES], p.county[index]), "司法局社区矫正中心")
    columns = {
        "record_no": join(
            "F", number(ymd(lives.imprisoned[index])[0], 4), number(city.serial(person, "record_no"), 10)
        ),
        "id_no": who.id_no,
        "name": who.name,
        "sex_code": attributes.sex_code(p).take(pick),
        "birth_date": p.birth[index],
        "household_address": attributes.household_address(p, np.zeros(len(p), dtype=bool)).take(pick),
        "sentence_kind_code": choose(lives.in_prison[index], "10", "20"),
        "prison_name": choose(lives.in_prison[index], prison, bureau),
        "imprison_date": lives.imprisoned[index],
        "sentence_to_date": lives.sentence_end[index],
        "release_date": np.where(out, lives.release[index], NONE),
        "sentence_state_code": choose(out, "2", "1"),
    }
    return Frame(
        "justice.serving_sentence",
        ("record_no",),
        columns,
        person,
        {"self": person},
        person,
        p.planted[index],
        noted=who.noted,
    )
