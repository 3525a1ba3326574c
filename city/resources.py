"""The resources in the order in which the city makes them."""

from collections.abc import Callable, Mapping

from city.departments import (
    civil_affairs,
    credit,
    health,
    hrss,
    justice,
    market_regulation,
    public_bodies,
    public_security,
    tax,
    transport,
)
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
    "market_regulation.enterprise": market_regulation.enterprise,
    "market_regulation.individual_business": market_regulation.individual_business,
    "market_regulation.entity_member": market_regulation.entity_member,
    "market_regulation.entity_change": market_regulation.entity_change,
    "market_regulation.annual_report": market_regulation.annual_report,
    "tax.taxpayer": tax.taxpayer,
    "establishment.government_unit": public_bodies.government_unit,
    "civil_affairs.social_organisation": public_bodies.social_organisation,
    "civil_affairs.care_institution": public_bodies.care_institution,
    "health.medical_institution": public_bodies.medical_institution,
    "education.school": public_bodies.school,
    "education.training_institution": public_bodies.training_institution,
    "agriculture_rural.rural_collective": public_bodies.rural_collective,
    "development_reform.credit_penalty": credit.credit_penalty,
    "development_reform.credit_list": credit.credit_list,
    "industry_it.enterprise_title": credit.enterprise_title,
}
