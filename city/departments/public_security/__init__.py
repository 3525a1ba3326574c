"""公安局: what its resources share."""

from city.world.city import City
from city.world.hashing import Ints
from city.world.texts import Text, join, number


def register_no(city: City, person: Ints, second: bool = False) -> Text:
    """Return the register's own number of people; ``second`` for those registered twice."""
    return join("R2" if second else "R1", number(city.serial(person, "resident_no"), 10))
