"""教育局: what its resources share."""

from city.world.city import City
from city.world.hashing import Ints
from city.world.texts import Text, join, number


def school_code(city: City, firm: Ints) -> Text:
    """Return the education office's codes of schools."""
    return join("37", number(city.serial(firm, "school_code"), 10))
