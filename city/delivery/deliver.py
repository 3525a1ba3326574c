"""One business date of the city: every department hands over what it has, in its own form, and the truth is set aside."""

import json
import os
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import yaml

from city.delivery.databases import store
from city.delivery.forms import replace_file
from city.delivery.outputs import Outputs
from city.delivery.truth import TruthWriter
from city.kit import script
from city.kit.layouts import departments, resources
from city.kit.resources import kept
from city.world.city import City
from city.world.people.lives import Lives
from city.world.people.population import people
from citylake.settings import Settings

CHUNK = 48
"""Blocks of 100 people made at a time; bounds the memory."""


class CityError(ValueError):
    """The city cannot deliver what was asked; the message says what to do."""


@dataclass(frozen=True)
class Delivered:
    """What a call of ``deliver`` did."""

    business_date: date
    days: tuple[int, ...]
    """City days made now; empty if this date had been delivered before, or nobody delivers."""
    rows: dict[str, int] = field(default_factory=dict)
    """Rows handed over per resource."""
    quiet: bool = False


@dataclass(frozen=True)
class State:
    """The city's small memory."""

    people: int
    seed: int
    start: date
    through: int
    """Last city day made; −1 before the first."""
    dates: tuple[str, ...]
    """Business dates asked for."""

    @property
    def city(self) -> City:
        """The city this state belongs to."""
        return City(self.people, self.seed, self.start)


def load_state(settings: Settings) -> State | None:
    """Return the city's memory, ``None`` before the first delivery."""
    path = _state_path(settings)
    if not path.exists():
        return None
    values = json.loads(path.read_text("utf-8"))
    return State(
        values["people"], values["seed"], date.fromisoformat(values["start"]), values["through"], tuple(values["dates"])
    )


def deliver(settings: Settings, business_date: date, quiet: bool = False) -> Delivered:
    """Let the city live up to a business date and every department hand over what it has.

    Delivering a date again changes nothing. Days skipped are handed over with the next date.

    Args:
        settings: the installation; ``people`` and ``seed`` count on the first call only.
        business_date: the morning on which the lake collects.
        quiet: nobody delivers anything on this date.

    Raises:
        CityError: the date lies before the city's first.
    """
    state = load_state(settings) or State(settings.people, settings.seed, business_date, -1, ())
    day = (business_date - state.start).days
    if day < 0:
        raise CityError(
            f"the city begins on {state.start}; nothing was delivered on {business_date}: choose a later date"
        )
    write_connections(settings)
    if business_date.isoformat() in state.dates or day <= state.through:
        return Delivered(business_date, (), quiet=quiet)
    days = () if quiet else tuple(range(state.through + 1, day + 1))
    rows: dict[str, int] = {}
    for number in days:
        for resource, count in deliver_day(settings, state.city, number).items():
            rows[resource] = rows.get(resource, 0) + count
    through = state.through if quiet else day
    _save(settings, State(state.people, state.seed, state.start, through, (*state.dates, business_date.isoformat())))
    return Delivered(business_date, days, rows, quiet)


def deliver_day(settings: Settings, city: City, day: int, chunk: int = CHUNK) -> dict[str, int]:
    """Make one city day and hand it over.

    Args:
        settings: the installation.
        city: the city.
        day: city day.
        chunk: blocks made at a time; the result does not depend on it.

    Returns:
        Rows handed over per resource.
    """
    outputs = Outputs(settings, city, day)
    truth = TruthWriter(truth_folder(settings), city, day)
    rows = dict.fromkeys(resources(), 0)
    for blocks in city.chunks(chunk):
        lives = Lives(people(city, blocks))
        truth.people(lives)
        truth.firms(lives)
        truth.cases(lives)
        for resource in rows:
            if script.hands_over(resource, day):
                frame, damages = kept(lives, resource, script.made_on(resource, day))
                outputs.write(frame)
                truth.records(frame, damages, city.date_of(script.usable_on(resource, day)))
                rows[resource] += len(frame)
    outputs.close()
    truth.close()
    return rows


def truth_folder(settings: Settings) -> Path:
    """Return the folder of the truth."""
    return settings.home / "city" / "truth"


def write_connections(settings: Settings) -> None:
    """Write where the databases are into ``secrets/connections.yml``; what is there already stays."""
    path = settings.secrets / "connections.yml"
    known: dict[str, str] = (yaml.safe_load(path.read_text("utf-8")) or {}) if path.exists() else {}
    wanted = {name: store(settings, name) for name in departments("database")}
    set_connections(settings, {name: url for name, url in wanted.items() if name not in known})


def set_connections(settings: Settings, urls: dict[str, str]) -> None:
    """Add or replace connections; the file is readable by its owner only."""
    path = settings.secrets / "connections.yml"
    known = (yaml.safe_load(path.read_text("utf-8")) or {}) if path.exists() else {}
    if path.exists() and all(known.get(name) == url for name, url in urls.items()):
        return
    settings.secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(".connections.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        yaml.safe_dump(known | urls, file, allow_unicode=True)
    temporary.replace(path)


def _state_path(settings: Settings) -> Path:
    return settings.home / "city" / "state.json"


def _save(settings: Settings, state: State) -> None:
    values = {
        "people": state.people,
        "seed": state.seed,
        "start": state.start.isoformat(),
        "through": state.through,
        "dates": list(state.dates),
    }
    replace_file(_state_path(settings), json.dumps(values, indent=1).encode())
