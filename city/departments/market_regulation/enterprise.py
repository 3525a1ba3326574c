"""企业与农民专业合作社登记."""

import numpy as np
import pyarrow.compute as pc

from city.departments.market_regulation import REGISTERED, common
from city.kit.view import View
from city.world.frames import Frame
from city.world.people.lives import Lives
from city.world.texts import NONE


def project(lives: Lives, day: int) -> Frame:
    """Return the companies, branches and cooperatives new or changed on a city day; day 0 has all."""
    view = View.of(lives, day, REGISTERED, "market_regulation.enterprise", registers=True)
    f, city = view.firms, lives.city
    columns = common(view) | {
        # the register's old column keeps the first code, whatever has been issued since
        "org_code": f.org_code(0),
        "entity_kind_code": f.kind,
        "economic_type_code": view.choice("firm.economic_type", ("160", "170", "150")),
        "parent_uscc": view.parent_uscc,
        "term_to_date": np.where(city.chance(f.number, "firm.term", 0.3), f.established + 7305, NONE),
    }
    named = pc.is_valid(view.parent_uscc).to_numpy(zero_copy_only=False)
    frame = view.frame(columns, view.changed, firms={"parent": np.where(named, f.parent, -1)},
        hidden={"_former": (f.turns.renamed <= view.today).astype(np.int64)},
    )  # fmt: skip
    frame.noted[("org_code", "code_reissued")] = (f.turns.reissued <= view.today)[view.changed]
    return frame
