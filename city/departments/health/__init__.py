"""卫健委: what its resources share."""

from city.world.city import City
from city.world.hashing import Ints
from city.world.places import COUNTIES, COUNTY_CODES
from city.world.texts import Text, join, number, take

_HOSPITALS = tuple(
    f"{county.officials}{kind}" for county in COUNTIES for kind in ("人民医院", "中医院", "妇幼保健院", "中心卫生院")
)


def hospital(city: City, keys: Ints, county: Ints) -> tuple[Text, Text]:
    """Return code and name of the hospital that each key goes to."""
    kind = city.pick(keys, "hospital", 4)
    return join("H", number(COUNTY_CODES[county], 6), number(kind + 1, 3)), take(_HOSPITALS, county * 4 + kind)
