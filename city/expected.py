"""The answers silent certification must give about the planted cases, as of a business date."""

from datetime import timedelta

import numpy as np

from city.cases import CODE, KINDS
from city.courses import NEVER
from city.hashing import Ints
from city.lives import HISTORY, Lives
from city.script import BROKEN, MISHAPS
from city.texts import month_index
from city.world import EPOCH

_SPOILT = [item.day for item in MISHAPS if item.resource == "civil_affairs.cremation" and item.trouble in BROKEN]
"""City days whose death records cannot be used before the next."""
STATUS = {
    "dead_all_sources": "dead", "dead_one_source": "dead", "dead_id_mistyped": "dead", "dead_with_later_traces": "dead",
    "jailed": "in_prison", "no_trace": "to_be_checked", "one_trace_only": "alive", "stopped_in_time": "dead",
    "dead_namesake": "alive", "released": "alive",
}  # fmt: skip


def expected(lives: Lives, day: int) -> list[dict[str, object]]:
    """Return one row per case that has come to light by a city day.

    Over-payment counts successful payments, delivered by then, for months after the month of death (or of imprisonment, while it
    lasts).
    """
    p = lives.people
    rows = []
    known = p.case_day + np.isin(p.case_day, _SPOILT)
    for index in np.flatnonzero((p.case >= 0) & (known <= day)):
        kind = KINDS[int(p.case[index])].name
        months, cents = _over_paid(lives, int(index), day)
        begun = int(lives.imprisoned[index]) if kind in ("jailed", "released") else int(p.death[index])
        ended = int(lives.release[index]) if kind in ("jailed", "released") else NEVER
        trace, source = _latest_trace(lives, int(index), day)
        rows.append({
            "case": kind, "person": int(p.person[index]), "since": lives.city.date_of(int(known[index])).isoformat(),
            "status": STATUS[kind], "event_date": _day(begun), "end_date": _day(ended), "months": months,
            "amount": f"{cents // 100}.{cents % 100:02d}", "latest_trace": _day(trace), "source": source,
        })  # fmt: skip
    return rows


def _day(number: int | np.int64) -> str | None:
    return None if not 0 < number < NEVER else (EPOCH + timedelta(days=int(number))).isoformat()


def _over_paid(lives: Lives, index: int, day: int) -> tuple[int, int]:
    p, last = lives.people, lives.city.first + day - 1
    kind = KINDS[int(p.case[index])].name
    if STATUS[kind] not in ("dead", "in_prison"):
        return 0, 0
    begun = int(p.death[index]) if STATUS[kind] == "dead" else int(lives.imprisoned[index])
    first = max(int(month_index(np.array([begun]))[0]) + 1, int(month_index(np.array([lives.city.first - HISTORY]))[0]))
    count = 0
    for month in range(first, int(month_index(np.array([last]))[0]) + 1):
        paid_on = int(lives.pay_date(month)[index])
        count += bool(lives.paid(month)[index]) and lives.city.first - HISTORY <= paid_on <= last
    return count, count * int(lives.pension_amount[index])


def _latest_trace(lives: Lives, index: int, day: int) -> tuple[int, str | None]:
    """Return the latest visit or ride of a one-trace case before a city day; late records may hide the very last."""
    if lives.people.case[index] != CODE["one_trace_only"]:
        return 0, None
    days = np.arange(lives.city.first - HISTORY + day, lives.city.first + day, dtype=np.int64)
    best: tuple[int, str | None] = (0, None)
    for source, (who, on) in (("medical_visit", lives.visits(days)), ("bus_tap", lives.taps(days))):
        mine: Ints = on[who == index]
        if len(mine) and int(mine.max()) > best[0]:
            best = (int(mine.max()), source)
    return best
