"""市场监管局: what its resources share."""

import numpy as np

from city.kit.view import View
from city.world.firms.firms import STATES
from city.world.firms.pattern import BRANCH, COMPANY, COOPERATIVE, SHOP
from city.world.frames import Column
from city.world.places import villages
from city.world.texts import Text, join, number, take

REGISTERED = (COMPANY, COOPERATIVE, BRANCH)
_SCOPES = ("生产、销售", "批发、零售", "技术服务", "一般项目：销售代理", "许可项目：道路货物运输", "种植、养殖及销售")
OFFICE = "市场监督管理局"


def entity_no(view: View) -> Text:
    """Return the register's own numbers."""
    return view.serial("entity_no", "370700")


def common(view: View) -> dict[str, Column]:
    """Return the columns of companies and shops alike."""
    f, city = view.firms, view.lives.city
    state = f.state(view.last)
    capital = 10 ** (6 + city.pick(f.number, "firm.capital", 4)) * (1 + city.pick(f.number, "firm.capital_units", 9))
    return {
        "entity_no": entity_no(view),
        "reg_no": f.registration_no,
        "former_name": f.former_name(view.last),
        "industry_code": f.industry,
        "registered_capital_amount": np.where(f.sort == SHOP, capital // 20, capital),
        "address_code": join(_village(view), number(city.pick(f.premises, "address_no", 10**8), 8)),
        "business_scope": view.choice("firm.scope", _SCOPES),
        "entity_state_code": take(STATES, state),
        "revoke_date": view.date_of(f.turns.revoked),
        "cancel_date": view.date_of(f.turns.cancelled),
        "issuer_name": view.office(OFFICE),
    }


def _village(view: View) -> Text:
    return take(villages().codes, view.firms.village)
