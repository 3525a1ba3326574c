"""编办: what its resources share."""

from city.world.city import City
from city.world.hashing import Ints
from city.world.places import COUNTY_CODES
from city.world.texts import Text, join, number


def unit_code(city: City, county: Ints, firm: Ints) -> Text:
    """Return the establishment office's codes of units."""
    return join("BZ", number(COUNTY_CODES[county], 6), number(city.serial(firm, "unit_code"), 10))
