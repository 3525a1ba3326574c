"""养老待遇静默认证: whoever is dead or in prison and still paid, whoever left no trace; and those who only look like it."""

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

import numpy as np
import pyarrow as pa

from city.kit.script import is_broken
from city.world.city import BLOCK, EPOCH, HISTORY, City
from city.world.hashing import Ints
from city.world.people.courses import NEVER
from city.world.people.lives import Lives
from city.world.planting import (
    BY_CERTIFICATE,
    BY_CREMATION,
    BY_REGISTER,
    NAMESAKE_SLOT,
    Cases,
    Fates,
    Kind,
    Reading,
    spread,
)
from city.world.texts import month_index

SLOTS = tuple(range(60, 75))
"""Slots of people old enough for certain; see ``households``."""
LATER_DAYS = 30
"""On each of the first days one more case comes to light."""
KINDS = (
    Kind("dead_all_sources", 12),
    Kind("dead_one_source", 12),
    Kind("dead_id_mistyped", 6),
    Kind("dead_with_later_traces", 4),
    Kind("jailed", 5),
    Kind("no_trace", 40),
    Kind("one_trace_only", 60),
    Kind("stopped_in_time", 40, decoy=True),
    Kind("dead_namesake", 20, decoy=True),
    Kind("released", 5, decoy=True),
)
CODE = {kind.name: index for index, kind in enumerate(KINDS)}
DEAD = tuple(
    CODE[name] for name in ("dead_all_sources", "dead_one_source", "dead_id_mistyped", "dead_with_later_traces")
)
"""Dead and still paid."""
LATER = ("dead_one_source", "dead_all_sources", "stopped_in_time", "dead_id_mistyped", "dead_with_later_traces")
SOLE_SOURCE = np.array([BY_CREMATION, BY_CERTIFICATE, BY_REGISTER])
"""Which source alone knows of a death, by variant."""
ALL_SOURCES = BY_REGISTER | BY_CREMATION | BY_CERTIFICATE
STATUS = {
    "dead_all_sources": "dead", "dead_one_source": "dead", "dead_id_mistyped": "dead", "dead_with_later_traces": "dead",
    "jailed": "in_prison", "no_trace": "to_be_checked", "one_trace_only": "alive", "stopped_in_time": "dead",
    "dead_namesake": "alive", "released": "alive",
}  # fmt: skip


@dataclass(frozen=True)
class Planted:
    """All cases of a city; arrays of one length, ordered by number."""

    kind: Ints
    """Index into ``KINDS``."""
    person: Ints
    day: Ints
    """City day on which the sources that prove it are delivered."""
    event: Ints
    """Death, imprisonment or release, in days since 1970-01-01; 0 where nothing happened."""
    variant: Ints
    """0, 1, 2: which source, which trace, which mistake."""


@lru_cache(maxsize=8)
def planted(city: City) -> Planted:
    """Return the cases of a city."""
    kinds: list[int] = []
    days: list[int] = []
    for index, kind in enumerate(KINDS):
        kinds += [index] * kind.count(city)
        days += [0] * kind.count(city)
    room = city.blocks * len(SLOTS)
    for day in range(1, LATER_DAYS + 1):
        if len(kinds) < room:
            kinds.append(CODE[LATER[(day - 1) % len(LATER)]])
            days.append(day)
    number = np.arange(len(kinds), dtype=np.int64)
    kind_of, day_of = np.array(kinds, dtype=np.int64), np.array(days, dtype=np.int64)
    # one namesake at most per block: its kind comes first, whatever the number of blocks
    order = np.argsort(kind_of != CODE["dead_namesake"], kind="stable")
    person = np.empty_like(number)
    person[order] = spread(city, SLOTS, len(number))
    return Planted(kind_of, person, day_of, _events(city, kind_of, day_of, person), number % 3)


def _events(city: City, kind: Ints, day: Ints, person: Ints) -> Ints:
    """Return the day of death, imprisonment or release; late-found deaths lie two to four months back."""
    first = city.first
    early = first - 100 - city.pick(person, "case_event", 140)
    found_later = first + day - 62 - city.pick(person, "case_event", 60)
    event = np.where(day > 0, found_later, early)
    event = np.where(kind == CODE["released"], first - 150 - city.pick(person, "case_event", 60), event)
    event = np.where(kind == CODE["stopped_in_time"], np.where(day > 0, first + day - 1, early), event)
    nothing = np.isin(kind, [CODE["no_trace"], CODE["one_trace_only"], CODE["dead_namesake"]])
    return np.where(nothing, 0, event)


def fates(city: City) -> Fates:
    """Return what happens to the people of the cases."""
    known = planted(city)
    person, event, variant = known.person, known.event, known.variant
    is_ = {name: known.kind == code for name, code in CODE.items()}
    told_by = np.select(
        [is_["dead_one_source"], is_["dead_all_sources"] | is_["stopped_in_time"], is_["dead_id_mistyped"],
         is_["dead_with_later_traces"]],
        [SOLE_SOURCE[variant], ALL_SOURCES, BY_CREMATION, BY_CREMATION | BY_CERTIFICATE], 0,
    )  # fmt: skip
    term = city.pick(person, "term", 2500)
    by_visits, by_bus = is_["one_trace_only"] & (variant != 1), is_["one_trace_only"] & (variant == 1)
    return Fates.of(
        person,
        known.day,
        death=np.where(np.isin(known.kind, [*DEAD, CODE["stopped_in_time"]]), event, NEVER),
        told_by=told_by,
        wrong_id=np.where(is_["dead_id_mistyped"], variant, -1),
        paid_on=np.isin(known.kind, DEAD),
        imprisoned=np.select(
            [is_["jailed"], is_["released"]], [event, event - 200 - city.pick(person, "term", 300)], NEVER
        ),
        released=np.select([is_["jailed"], is_["released"]], [event + 1100 + 365 + term, event], NEVER),
        paused=is_["released"],
        visits=np.where(is_["no_trace"] | by_bus, -1, 0),
        rides=np.select([is_["no_trace"] | by_visits, by_bus | is_["dead_with_later_traces"]], [-1, 1], 0),
        rides_on=is_["dead_with_later_traces"],
        uncertified=is_["no_trace"],
        namesake=is_["dead_namesake"],
    )


TRUTH = pa.schema([
    ("since", pa.string()), ("status", pa.string()), ("event_date", pa.string()), ("end_date", pa.string()), ("months", pa.int64()),
    ("amount", pa.string()), ("latest_trace", pa.string()), ("source", pa.string()),
])  # fmt: skip


def expected(lives: Lives, day: int) -> pa.Table:
    """Return one row per case that has come to light by a city day.

    Over-payment counts successful payments, delivered by then, for months after the month of death (or of imprisonment, while it
    lasts).
    """
    p, known = lives.people, planted(lives.city)
    # a death in a file that cannot be used is told on the next day
    told = np.array([at + is_broken("civil_affairs.cremation", at) for at in known.day.tolist()], dtype=np.int64)
    here = np.isin(known.person // BLOCK, p.block) & (told <= day)
    rows = []
    for case in np.flatnonzero(here)[np.argsort(known.person[here])]:
        kind = KINDS[int(known.kind[case])].name
        index = int(np.searchsorted(p.person, known.person[case]))
        months, cents = _over_paid(lives, kind, index, day)
        inside = kind in ("jailed", "released")
        begun = int(lives.imprisoned[index]) if inside else int(p.death[index])
        trace, source = _latest_trace(lives, index, day) if kind == "one_trace_only" else (0, None)
        rows.append({
            "case": kind, "number": int(known.person[case]), "since": lives.city.date_of(int(told[case])).isoformat(),
            "status": STATUS[kind], "event_date": _day(begun), "end_date": _day(int(lives.release[index]) if inside else NEVER),
            "months": months, "amount": f"{cents // 100}.{cents % 100:02d}", "latest_trace": _day(trace), "source": source,
        })  # fmt: skip
    return pa.Table.from_pylist(rows, pa.schema([("case", pa.string()), ("number", pa.int64()), *TRUTH]))


def _day(number: int | np.int64) -> str | None:
    return None if not 0 < number < NEVER else (EPOCH + timedelta(days=int(number))).isoformat()


def _over_paid(lives: Lives, kind: str, index: int, day: int) -> tuple[int, int]:
    p, last = lives.people, lives.city.first + day - 1
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
    """Return the latest visit or ride before a city day; late records may hide the very last."""
    days = np.arange(lives.city.first - HISTORY + day, lives.city.first + day, dtype=np.int64)
    best: tuple[int, str | None] = (0, None)
    for source, (who, on) in (("medical_visit", lives.visits(days)), ("bus_tap", lives.taps(days))):
        mine: Ints = on[who == index]
        if len(mine) and int(mine.max()) > best[0]:
            best = (int(mine.max()), source)
    return best


_PAID = "sum(CASE WHEN reason = '{reason}' THEN overpaid_amount::DECIMAL(18, 2) ELSE 0 END)"
READING = Reading(
    tables={
        "special.silent_certification__evidence": {
            "person_id": "person_id", "pay_month": "pay_month", "state": "certification_state_code", "death_date": "death_date",
            "last_trace_source": "last_trace_source", "contradiction": "contradicting_trace_date",
            "overpaid_amount": "overpaid_amount", "reason": "overpaid_reason_code",
        }
    },
    answers="SELECT person_id AS subject, arg_max(state, pay_month) AS state, max(death_date) AS death_date,"
    " max(contradiction) AS contradiction, arg_max(last_trace_source, pay_month) AS last_trace_source,"
    f" {_PAID.format(reason='after_death')} AS after_death, {_PAID.format(reason='in_prison')} AS in_prison,"
    " count(*) FILTER (overpaid_amount::DECIMAL(18, 2) > 0) AS months FROM silent_certification__evidence GROUP BY person_id",
    found={
        "dead_all_sources": "e.after_death > 0 AND e.state = 'dead'",
        "dead_one_source": "e.after_death > 0 AND e.state = 'dead'",
        "dead_id_mistyped": "e.after_death > 0 AND e.state = 'dead'",
        "dead_with_later_traces": "e.after_death > 0 AND e.state = 'dead' AND e.contradiction IS NOT NULL",
        "jailed": "e.in_prison > 0 AND e.state = 'in_prison'",
        "no_trace": "e.state = 'to_be_checked'",
        "one_trace_only": "e.state = 'alive' AND e.last_trace_source LIKE '%' || c.source",
    },
    reported={
        "stopped_in_time": "e.after_death > 0",
        "dead_namesake": "e.after_death > 0 OR e.state = 'dead'",
        "released": "e.in_prison > 0 OR e.state = 'in_prison'",
    },
    exact="e.months = c.months AND e.after_death + e.in_prison = c.amount::DECIMAL(18, 2)"
    " AND (c.status <> 'dead' OR e.death_date = c.event_date)",
    suspected="e.after_death + e.in_prison > 0",
)  # fmt: skip
CASES = Cases("静默认证", "person", KINDS, (*SLOTS, NAMESAKE_SLOT), TRUTH, expected, READING, fates)
