"""The truth about legal entities: what they really are."""

import numpy as np
import pyarrow as pa

from city.world.firms.firms import STATES, firms
from city.world.people.lives import Lives
from city.world.places import villages
from city.world.texts import NONE, date_text, take

FIRM = pa.schema([
    ("firm", pa.int64()), ("name", pa.string()), ("uscc", pa.string()), ("org_code", pa.string()), ("registration_no", pa.string()),
    ("kind", pa.string()), ("state", pa.string()), ("established_date", pa.string()), ("ended_date", pa.string()),
    ("representative", pa.int64()), ("village_code", pa.string()), ("parent", pa.int64()), ("successor", pa.int64()),
    ("business_date", pa.string()),
])  # fmt: skip
"""Golden values as of a business date; the newest row of a firm counts. ``representative`` is a person number, ``parent`` and
``successor`` are firm numbers, −1 for none; ``state`` as in the code list entity_state."""


def firm_table(lives: Lives, day: int) -> pa.Table:
    """Return the true values of the firms that are new or changed on a city day; day 0 has all."""
    whole, last = firms(lives.city), lives.city.first + day - 1
    here = whole.rows(whole.of_blocks(lives.people.block))
    f = here.rows(np.flatnonzero(here.known(last) & (here.turns.any_on(last) | (day == 0))))
    ended = np.where(f.turns.ended <= last, f.turns.ended, NONE)
    return pa.table({
        "firm": f.number, "name": f.name(last), "uscc": f.uscc(last), "org_code": f.org_code(last), "registration_no": f.registration_no,
        "kind": f.kind, "state": take(STATES, f.state(last)), "established_date": date_text(f.established, "yyyy-MM-dd"),
        "ended_date": date_text(ended, "yyyy-MM-dd"), "representative": f.representative(last),
        "village_code": take(villages().codes, f.village), "parent": f.parent,
        "successor": np.where(f.turns.merged <= last, f.merged_into, -1),
    })  # fmt: skip
