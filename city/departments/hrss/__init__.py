"""人社局: what its resources share."""

from city.world.city import City
from city.world.hashing import Ints
from city.world.texts import Text, join, number

OCCUPATIONS = ("1", "2", "3", "4", "5", "6")


def personal_no(city: City, person: Ints) -> Text:
    """Return the personal social-insurance numbers."""
    return join("37", number(city.serial(person, "personal_no"), 10))


def account(city: City, person: Ints) -> Text:
    """Return the bank accounts that pensions are paid into."""
    return join("621799", number(city.serial(person, "account"), 10), number(city.pick(person, "account_end", 1000), 3))
