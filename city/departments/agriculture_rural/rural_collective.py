"""农村集体经济组织登记."""

from city.kit.view import View
from city.world.firms.firms import STATES
from city.world.firms.pattern import COLLECTIVE
from city.world.frames import Column, Frame
from city.world.people.lives import Lives
from city.world.places import villages
from city.world.texts import plain, take


def project(lives: Lives, day: int) -> Frame:
    """Return all village collectives as they stand on a city day."""
    view = View.of(lives, day, (COLLECTIVE,), "agriculture_rural.rural_collective", registers=True)
    f, city = view.firms, lives.city
    columns: dict[str, Column] = {
        "entity_kind_code": f.kind,
        "village_code": take(villages().codes, f.village),
        "member_count": plain(200 + city.pick(f.number, "firm.villagers", 2000)),
        "total_asset_amount": 10**8 + 10**5 * city.pick(f.number, "firm.assets", 10**5),
        "issuer_name": view.office("农业农村局"),
        "valid_to_date": f.established + 3653,
        "entity_state_code": take(STATES, f.state(view.last)),
    }
    return view.frame(columns, view.known & f.has_uscc)
