"""企业年报."""

import numpy as np
import pyarrow as pa

from city.departments.market_regulation import REGISTERED
from city.kit.view import View
from city.world.firms.firms import REVOKED
from city.world.firms.pattern import SHOP, is_case
from city.world.frames import Column, Frame
from city.world.hashing import Bools, Ints
from city.world.people.lives import Lives
from city.world.texts import constant


def reports(view: View) -> tuple[Bools, Ints]:
    """Return who files a report for the year before, some though struck off, and on which day."""
    f, city = view.firms, view.lives.city
    filed = city.chance(f.number, "firm.reports", np.where(f.sort == SHOP, 0.35, 0.88))
    ended = f.turns.ended < city.first - 400
    still = is_case(city, "revoked_or_cancelled", f.block, f.slot) | (f.state(city.first) == REVOKED)
    day = city.first - 320 + city.pick(f.number, "firm.reported", 180)
    late = city.chance(f.number, "firm.reports_late", 0.04)
    day = np.where(late, city.first - 100 + city.pick(f.number, "firm.reported", 160), day)
    return f.has_uscc & (f.established < city.first - 700) & ((filed & ~ended) | still), day


def project(lives: Lives, day: int) -> Frame:
    """Return the reports filed on a city day; day 0 has those of the year."""
    view = View.of(lives, day, REGISTERED + (SHOP,), "market_regulation.annual_report", registers=True)
    f, city = view.firms, lives.city
    filed, reported = reports(view)
    chosen = filed & ((reported <= view.today) if day == 0 else (reported == view.today))
    revenue = 10**7 * np.maximum(f.staff, 1) * (1 + city.pick(f.number, "firm.revenue", 40))
    year = lives.city.start.year - 1
    columns: dict[str, Column] = {
        "uscc": f.uscc(reported),
        "entity_name": f.name(reported),
        "report_year": constant(str(year), len(f)),
        "phone": view.phone,
        "contact_address": view.address,
        "total_asset_amount": revenue * 2,
        "liability_amount": revenue // 2,
        "revenue_amount": revenue,
        "profit_amount": revenue // 12,
        "tax_amount": revenue // 30,
        "staff_count": pa.array(f.staff).cast(pa.string()),
        "reported_date": reported,
        "entered_at": reported * 86400 + 8 * 3600 + city.pick(f.number, "firm.report_clock", 10 * 3600),
    }
    return view.frame(columns, chosen)
