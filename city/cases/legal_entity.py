"""法人库: firms that are one under new names and codes, and firms that are two however much they look like one."""

import numpy as np
import pyarrow as pa

from city.world.city import FIRM_BLOCK
from city.world.firms.firms import STATES, Firms, firms
from city.world.firms.pattern import (
    ABSORBED_SLOT,
    AGAIN_SLOT,
    BRANCH_SLOT,
    CLOSED_COMPANY,
    COOPERATIVE_SLOT,
    NAMESAKE_SLOT,
    PARENT_SLOT,
    PUBLIC_SLOT,
    RENAMED_SLOT,
    case_blocks,
    is_case,
)
from city.world.hashing import Ints
from city.world.people.lives import Lives
from city.world.planting import Cases, Kind, Reading
from city.world.texts import constant, date_text, take

KINDS = (
    Kind("old_numbers_only", 80, slot=CLOSED_COMPANY),
    Kind("renamed", 150, slot=RENAMED_SLOT),
    Kind("merged", 6, slot=ABSORBED_SLOT),
    Kind("code_reissued", 5, slot=PARENT_SLOT),
    Kind("revoked_or_cancelled", 300, slot=CLOSED_COMPANY),
    Kind("branch_and_parent", 80, decoy=True, slot=BRANCH_SLOT),
    Kind("same_trade_name", 60, decoy=True, slot=NAMESAKE_SLOT),
    Kind("village_collective", 40, decoy=True, slot=COOPERATIVE_SLOT),
    Kind("registered_again", 60, decoy=True, slot=AGAIN_SLOT),
)
"""``written_differently`` and ``wrong_check_character`` are mistakes of single records; see ``mistakes``."""
TRUTH = pa.schema([
    ("other", pa.int64()), ("since", pa.string()), ("name", pa.string()), ("uscc", pa.string()), ("state", pa.string()),
])  # fmt: skip
"""``other`` is the firm a case must not be joined with, −1 for none; the rest is what is true of the firm itself."""


def expected(lives: Lives, day: int) -> pa.Table:
    """Return the cases that have come to light by a city day."""
    whole = firms(lives.city)
    here = whole.rows(whole.of_blocks(lives.people.block))
    return pa.concat_tables([_of_kind(here, kind, lives.city.first + day - 1) for kind in KINDS])


def _of_kind(here: Firms, kind: Kind, last: int) -> pa.Table:
    since = _since(here, kind.name)
    index = np.flatnonzero(is_case(here.city, kind.name, here.block, here.slot) & (since <= last))
    f = here.rows(index)
    return pa.table({
        "case": constant(kind.name, len(f)), "number": f.number, "other": _other(f, kind.name),
        "since": date_text(np.maximum(since[index] + 1, f.city.first), "yyyy-MM-dd"), "name": f.name(last), "uscc": f.uscc(last),
        "state": take(STATES, f.state(last)),
    })  # fmt: skip


def _since(f: Firms, name: str) -> Ints:
    """Return the day of the turn, or of the foundation, in days since 1970-01-01."""
    turned = {"renamed": f.turns.renamed, "merged": f.turns.merged, "code_reissued": f.turns.reissued}
    return turned.get(name, f.turns.established)


def _other(f: Firms, name: str) -> Ints:
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


_JOINED = "h.found = o.found"
_HELD_BACK = (
    "EXISTS (SELECT 1 FROM truth_link l JOIN truth_error r USING (resource, record_key) WHERE l.kind = 'legal_entity' AND l.role = 'self'"
    " AND l.person = c.number AND r.kind = 'code_outside_list' AND resource = 'market_regulation.enterprise')"
)
"""Its line in the register has a code of no list."""
READING = Reading(
    tables={
        "base.legal_entity__entity": {
            "entity_id": "entity_id", "uscc": "uscc", "name": "entity_name", "state": "entity_state_code",
        }
    },
    answers="SELECT entity_id AS subject, uscc, name, state FROM legal_entity__entity",
    # Clean texts are half-width (contracts, "conform"), registered names have full-width brackets.
    found={
        "old_numbers_only": "e.state = c.state",
        "renamed": "e.name = translate(c.name, '（）', '()')",
        "merged": f"e.state = c.state AND NOT coalesce({_JOINED}, false)",
        # the register may leave the code out; nobody else's old one may stand for it
        "code_reissued": "coalesce(e.uscc, c.uscc) = c.uscc AND e.subject IS NOT NULL",
        "revoked_or_cancelled": "e.state = c.state",
    },
    reported={kind.name: _JOINED for kind in KINDS if kind.decoy},
    excused=_HELD_BACK,
    exact="e.name = translate(c.name, '（）', '()') AND e.state = c.state AND e.uscc IS NOT DISTINCT FROM c.uscc",
)  # fmt: skip
CASES = Cases("法人归一", "legal_entity", KINDS, tuple(sorted({kind.slot for kind in KINDS})), TRUTH, expected, READING)
