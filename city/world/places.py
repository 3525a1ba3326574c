"""The prefecture 3707: counties with their retired codes, villages, streets and what addresses look like."""

import csv
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa

from city.world.hashing import Bools, Ints, pick, uniform
from city.world.texts import Text, choose, join, number, take, ymd
from citylake.settings import PROJECT_ROOT

PREFECTURE = "山东省潍坊市"


@dataclass(frozen=True)
class County:
    """A county, the code it has now, the codes numbers were once issued under, and its share of the people."""

    code: int
    name: str
    share: int
    """Of 64."""
    retired: tuple[tuple[int, int], ...]
    """(code, last year of birth registered under it), oldest first."""
    elsewhere: tuple[int, ...]
    """Counties outside the prefecture in which its newcomers were born; no two counties share one."""
    officials: str
    away: tuple[int, str]
    """County of another province in whose register its guests are; no two share one."""


COUNTIES = (
    County(370702, "潍城区", 3, ((370701, 1983),), (370102, 370303, 370602), "潍城", (130102, "河北省石家庄市长安区")),
    County(370703, "寒亭区", 3, (), (370103, 370304, 370611), "寒亭", (130202, "河北省唐山市路南区")),
    County(370704, "坊子区", 4, (), (370104, 370305, 370612), "坊子", (140105, "山西省太原市小店区")),
    County(
        370705,
        "奎文区",
        6,
        ((370700, 1994),),
        (370105, 370306, 370613, 230102, 220102),
        "奎文",
        (210102, "辽宁省沈阳市和平区"),
    ),
    County(370724, "临朐县", 5, (), (370181, 370321, 371302), "临朐", (220103, "吉林省长春市宽城区")),
    County(370725, "昌乐县", 4, (), (370124, 370322, 371311), "昌乐", (320102, "江苏省南京市玄武区")),
    County(
        370781,
        "青州市",
        7,
        ((370721, 1986), (379001, 1989)),
        (370125, 370323, 371312, 230103),
        "青州",
        (340102, "安徽省合肥市瑶海区"),
    ),
    County(
        370782,
        "诸城市",
        8,
        ((370728, 1987), (379007, 1989)),
        (370202, 371102, 371121, 230104),
        "诸城",
        (410102, "河南省郑州市中原区"),
    ),
    County(
        370783, "寿光市", 8, ((370723, 1993),), (370502, 370503, 370523, 220104), "寿光", (420102, "湖北省武汉市江岸区")
    ),
    County(370784, "安丘市", 6, ((370722, 1994),), (370203, 371122, 371323), "安丘", (510104, "四川省成都市锦江区")),
    County(370785, "高密市", 6, ((370727, 1994),), (370281, 370282, 370283), "高密", (610102, "陕西省西安市新城区")),
    County(370786, "昌邑市", 4, ((370726, 1994),), (370285, 370683, 370681), "昌邑", (330102, "浙江省杭州市上城区")),
)
SLOTS_OF_64 = np.repeat(np.arange(len(COUNTIES)), [county.share for county in COUNTIES])
RANK_OF_64 = np.concatenate([np.arange(county.share) for county in COUNTIES])
SHARES = np.array([county.share for county in COUNTIES])
COUNTY_CODES = np.array([county.code for county in COUNTIES])

_RETIRED_SHARE = 0.42
"""Of those old enough; gives about 18 % of all people a code that has since been retired."""


@dataclass(frozen=True)
class Villages:
    """All villages of the prefecture, ordered by code."""

    codes: Text
    full_names: Text
    """With county and street, ready to be continued by a door number."""
    streets: Text
    short_names: Text
    """Of the village alone, as 某某村 or 某某社区."""
    starts: Ints
    """Per county: place of its first village."""
    counts: Ints


@lru_cache(maxsize=1)
def villages() -> Villages:
    """Read the villages from the project's code list."""
    path = PROJECT_ROOT / "schemas" / "codes" / "village.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    own = {county.code: index for index, county in enumerate(COUNTIES)} | {370772: 1}
    county_of = np.array([own[int(row["code"][:6])] for row in rows])
    order = np.argsort(county_of, kind="stable")
    names = [f"{COUNTIES[county_of[i]].name}{rows[i]['street_name']}{_short(rows[i]['label'])}" for i in order]
    counts = np.bincount(county_of, minlength=len(COUNTIES))
    return Villages(
        pa.array([rows[i]["code"] for i in order]),
        pa.array([PREFECTURE + name for name in names]),
        pa.array([rows[i]["street_name"] for i in order]),
        pa.array([_short(rows[i]["label"]) for i in order]),
        np.cumsum(counts) - counts,
        counts,
    )


def _short(label: str) -> str:
    for ending in ("居民委员会", "村民委员会", "社区居委会", "村委会", "居委会"):
        if label.endswith(ending) and len(label) > len(ending):
            return label[: -len(ending)] + ("社区" if ending.startswith(("居", "社")) else "村")
    return label


def birth_area(keys: Ints, county: Ints, birth: Ints, newcomer: Bools, guest: Bools, seed: int) -> Ints:
    """Return the six-digit code of first registration.

    Args:
        keys: people.
        county: index into ``COUNTIES``.
        birth: days since 1970-01-01.
        newcomer: born outside the prefecture.
        guest: registered in another province.
        seed: seed of the city.
    """
    year = ymd(birth)[0]
    area = COUNTY_CODES[county].copy()
    kept = uniform(keys, "kept_retired_code", seed) < _RETIRED_SHARE
    for index, item in enumerate(COUNTIES):
        here = county == index
        for code, last in reversed(item.retired):
            area[here & kept & (year <= last)] = code
        places = np.array(item.elsewhere)
        outside = here & newcomer
        area[outside] = places[pick(keys, "born_elsewhere", seed, len(places))[outside]]
        area[here & guest] = item.away[0]
    return area


def village_of(keys: Ints, county: Ints, field: str, seed: int) -> Ints:
    """Return a village per key inside its county, an index into ``villages()``."""
    known = villages()
    drawn = pick(keys, field, seed, 2**20)
    return known.starts[county] + drawn % known.counts[county]


_ESTATES = (
    "阳光花园",
    "金都小区",
    "北海家园",
    "鸢飞苑",
    "东方名城",
    "圣荣小区",
    "佳和花园",
    "虞河新村",
    "恒信华府",
    "泰华城",
    "怡景苑",
    "龙泉家园",
)


def addresses(homes: Ints, village: Ints, seed: int) -> Text:
    """Return one full address per home: a door in a village, or a flat in an estate."""
    base = villages().full_names.take(pa.array(village))
    door = join(base, number(1 + pick(homes, "door", seed, 998), 3), "号")
    flat = join(
        base,
        take(_ESTATES, pick(homes, "estate", seed, len(_ESTATES))),
        take([str(i) for i in range(1, 40)], pick(homes, "building", seed, 39)),
        "号楼",
        take(["1", "2", "3", "4"], pick(homes, "stair", seed, 4)),
        "单元",
        number(101 + 100 * pick(homes, "floor", seed, 18) + pick(homes, "door_on_floor", seed, 4), 4),
    )
    return choose(pick(homes, "lives_in_flat", seed, 100) < 45, flat, door)


def address_codes(homes: Ints, village: Ints, seed: int) -> Text:
    """Return the standard address code of each home: village and a door number."""
    return join(villages().codes.take(pa.array(village)), number(pick(homes, "address_no", seed, 10**8), 8))
