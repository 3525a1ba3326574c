"""The resources in the order in which the city makes them."""

from collections.abc import Callable, Mapping

from city.departments import civil_affairs, health, hrss, justice, public_security, transport
from city.frames import Frame
from city.lives import Lives

Projection = Callable[[Lives, int], Frame]

PROJECTIONS: Mapping[str, Projection] = {
    "public_security.household_register": public_security.household_register,
    "public_security.household_change": public_security.household_change,
    "civil_affairs.marriage": civil_affairs.marriage,
    "civil_affairs.cremation": civil_affairs.cremation,
    "hrss.pension_recipient": hrss.pension_recipient,
    "hrss.pension_payment": hrss.pension_payment,
    "health.death_certificate": health.death_certificate,
    "health.medical_visit": health.medical_visit,
    "transport.bus_tap": transport.bus_tap,
    "justice.serving_sentence": justice.serving_sentence,
}
