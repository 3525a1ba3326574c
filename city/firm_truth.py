"""The truth about legal entities: what they really are, and which cases a library must join or keep apart."""

import numpy as np
import pyarrow as pa

from city.courses import NEVER
from city.firm_pattern import CASES, FIRM_BLOCK, KINDS, NAMESAKE_SLOT, PUBLIC_SLOT, Kind, case_blocks, is_case
from city.firm_view import STATES, View
from city.hashing import Bools, Ints
from city.lives import Lives
from city.places import villages
from city.texts import NONE, Text, constant, date_text, take

FIRM = pa.schema([
    ("firm", pa.int64()), ("name", pa.string()), ("uscc", pa.string()), ("org_code", pa.string()), ("registration_no", pa.string()),
    ("kind", pa.string()), ("state", pa.string()), ("established_date", pa.string()), ("ended_date", pa.string()),
    ("representative", pa.int64()), ("village_code", pa.string()), ("parent", pa.int64()), ("successor", pa.int64()),
    ("business_date", pa.string()),
])  # fmt: skip
"""Golden values as of a business date; the newest row of a firm counts. ``representative`` is a person number, ``parent`` and
``successor`` are firm numbers, −1 for none; ``state`` as in the code list entity_state."""
FIRM_CASE = pa.schema([
    ("case", pa.string()), ("decoy", pa.bool_()), ("firm", pa.int64()), ("other", pa.int64()), ("business_date", pa.string()),
])  # fmt: skip
"""``other`` is the firm a decoy must not be joined with, or the successor; −1 for none."""


def firm_table(lives: Lives, day: int) -> pa.Table:
    """Return the true values of the firms that are new or changed on a city day; day 0 has all."""
    view = View.of(lives, day, tuple(range(len(KINDS))), "market_regulation.truth", registers=True)
    f, last = view.firms, view.today
    ended = np.where(f.turns.ended <= last, f.turns.ended, NONE)
    table = pa.table({
        "firm": f.number, "name": f.name(last), "uscc": f.uscc(last), "org_code": f.org_code(last), "registration_no": f.registration_no,
        "kind": f.kind, "state": take(STATES, f.state(last)), "established_date": date_text(f.established, "yyyy-MM-dd"),
        "ended_date": date_text(ended, "yyyy-MM-dd"), "representative": f.representative(last),
        "village_code": take(villages().codes, f.village), "parent": f.parent,
        "successor": np.where(f.turns.merged <= last, f.merged_into, -1),
    })  # fmt: skip
    return table.take(pa.array(np.flatnonzero(view.changed)))


def case_table(lives: Lives, day: int) -> pa.Table:
    """Return the cases that come to light on a city day; day 0 has all earlier ones."""
    view = View.of(lives, day, tuple(range(len(KINDS))), "market_regulation.truth", registers=True)
    parts = [_cases(view, kind) for kind in CASES]
    return pa.concat_tables(parts)


def _cases(view: View, kind: Kind) -> pa.Table:
    f = view.firms
    planted = is_case(f.city, kind.name, f.block, f.slot)
    when = _since(view, kind.name)
    index = np.flatnonzero(planted & ((when <= view.today) if view.day == 0 else (when == view.today)))
    names: Text = constant(kind.name, len(index))
    decoy: Bools = np.full(len(index), kind.decoy)
    return pa.table({"case": names, "decoy": decoy, "firm": f.number[index], "other": _other(view, kind.name)[index]})


def _since(view: View, name: str) -> Ints:
    turns = view.firms.turns
    if name in ("renamed", "merged", "code_reissued"):
        return {"renamed": turns.renamed, "merged": turns.merged, "code_reissued": turns.reissued}[name]
    return np.where(turns.established < NEVER, turns.established, NEVER)


def _other(view: View, name: str) -> Ints:
    f = view.firms
    if name == "same_trade_name":
        blocks = case_blocks(f.city, name)
        partner = np.full(f.city.blocks, -1, dtype=np.int64)
        pairs = blocks[: len(blocks) // 2 * 2].reshape(-1, 2)
        partner[pairs[:, 0]], partner[pairs[:, 1]] = pairs[:, 1], pairs[:, 0]
        known = partner[f.block]
        return np.where(known < 0, -1, known * FIRM_BLOCK + NAMESAKE_SLOT)
    others = {
        "merged": f.merged_into, "branch_and_parent": f.parent, "registered_again": f.predecessor,
        "village_collective": f.block * FIRM_BLOCK + PUBLIC_SLOT,
    }  # fmt: skip
    return others.get(name, np.full(len(f), -1, dtype=np.int64))
