"""Names of legal entities as a register writes them: region, trade name, line of business, form; and how others write them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from city.world.city import City
from city.world.hashing import Ints
from city.world.places import COUNTIES, villages

_TRADE_FIRST = "鑫恒盛泰华瑞金宏福永顺康隆昌兴润德信诚联海天东鲁齐鸢潍盈百万聚汇博远新中"
_TRADE_SECOND = "源达通和丰盛泰祥隆顺利发旺业美佳阳光宇辰峰诚信德润华昌兴安康乐富嘉成林海"

LINES: tuple[tuple[str, str], ...] = (
    ("机械", "3484"), ("机械制造", "3599"), ("商贸", "5199"), ("贸易", "5193"), ("建筑工程", "4710"), ("建设", "4710"),
    ("化工", "2614"), ("食品", "1499"), ("物流", "5430"), ("运输", "5430"), ("农业科技", "0514"), ("农业发展", "0190"),
    ("信息技术", "6520"), ("科技", "7590"), ("纺织", "1711"), ("服饰", "1810"), ("塑料制品", "2929"), ("新材料", "2651"),
    ("置业", "7010"), ("物业管理", "7020"), ("汽车销售", "5261"), ("医疗器械", "3589"), ("电子", "3990"), ("环保科技", "7722"),
    ("装饰工程", "5011"), ("广告传媒", "7251"), ("人力资源", "7262"), ("餐饮管理", "6210"), ("生物科技", "7340"), ("水产", "0411"),
)  # fmt: skip
"""What companies do, and its class in GB/T 4754."""
SHOPS: tuple[tuple[str, str], ...] = (
    ("超市", "5212"), ("便利店", "5213"), ("饭店", "6210"), ("快餐店", "6220"), ("小吃店", "6291"), ("服装店", "5232"),
    ("五金店", "5271"), ("理发店", "8040"), ("汽车修理厂", "8111"), ("建材经营部", "5285"), ("农资经营部", "5166"), ("水果店", "5223"),
    ("蔬菜批发部", "5123"), ("手机店", "5274"), ("养殖场", "0321"), ("烟酒店", "5226"), ("文具店", "5241"), ("家电维修部", "8132"),
)  # fmt: skip
"""What shops do, and its class in GB/T 4754."""
_FORMS = ("有限公司",) * 15 + ("有限责任公司",) * 2 + ("股份有限公司", "厂", "合伙企业（有限合伙）")
_CROPS = ("果蔬", "粮食", "生猪养殖", "农机", "苗木", "花生", "大姜", "西瓜")
_BUREAUS = (
    "财政局", "教育和体育局", "民政局", "司法局", "人力资源和社会保障局", "自然资源局", "住房和城乡建设局", "交通运输局",
    "水利局", "农业农村局", "商务局", "卫生健康局", "应急管理局", "审计局", "市场监督管理局", "统计局", "行政审批服务局", "信访局",
    "档案馆", "医疗保障局",
)  # fmt: skip
_INSTITUTIONS = (
    "图书馆",
    "文化馆",
    "林业站",
    "农业技术推广中心",
    "公路事业发展中心",
    "疾病预防控制中心",
    "环境卫生中心",
    "不动产登记中心",
)
_SOCIETIES = (
    "商会",
    "篮球协会",
    "书法家协会",
    "摄影家协会",
    "志愿者协会",
    "蔬菜协会",
    "老年人体育协会",
    "餐饮行业协会",
)
HOSPITALS = ("人民医院", "中医院", "妇幼保健院", "中心卫生院")
"""Of every county, as its people go to them; each further one is a clinic."""


@dataclass(frozen=True)
class Wording:
    """What the names of many entities are put together from; arrays of one length."""

    city: City
    number: Ints
    county: Ints
    village: Ints
    """Index into ``places.villages()``."""
    rank: Ints
    """Place among the entities of its sort in its county."""

    def choice(self, field: str, count: int) -> list[int]:
        """Return one index per entity."""
        return list(self.city.pick(self.number, f"firm.{field}", count))

    def trade(self, turn: str) -> list[str]:
        """Return a trade name of two characters each."""
        first = self.choice(f"trade_first{turn}", len(_TRADE_FIRST))
        second = self.choice(f"trade_second{turn}", len(_TRADE_SECOND))
        return [_TRADE_FIRST[a] + _TRADE_SECOND[b] for a, b in zip(first, second, strict=True)]

    def counties(self) -> list[str]:
        """Return the full county names."""
        return [COUNTIES[county].name for county in self.county]

    def hamlets(self) -> list[str]:
        """Return the villages' names without county and street."""
        known = villages()
        return [str(known.short_names[place].as_py()) for place in self.village]


def companies(words: Wording, turn: str = "") -> list[str]:
    """Return names of companies; ``turn`` is another draw of the trade name, for those renamed."""
    regions = words.choice("region", 20)
    bracketed = words.choice("bracketed", 12)
    lines, forms = words.choice("line", len(LINES)), words.choice("form", len(_FORMS))
    out = []
    for place, (county, trade) in enumerate(zip(words.counties(), words.trade(turn), strict=True)):
        line, form = LINES[lines[place]][0], _FORMS[forms[place]]
        region = county if regions[place] < 11 else ("潍坊", "潍坊市", "山东")[regions[place] % 3]
        if bracketed[place] == 0 and region.startswith("潍坊"):
            out.append(f"{trade}（{region}）{line}{form}")
        else:
            out.append(f"{region}{trade}{line}{form}")
    return out


def shops(words: Wording) -> list[str]:
    """Return names of shops: most with their county, some with their street, some with neither."""
    how, kinds = words.choice("shop_region", 10), words.choice("line", len(SHOPS))
    streets = [str(villages().streets[place].as_py()) for place in words.village]
    out = []
    for place, (county, trade) in enumerate(zip(words.counties(), words.trade(""), strict=True)):
        region = county if how[place] < 6 else county + streets[place] if how[place] < 8 else ""
        out.append(f"{region}{trade}{SHOPS[kinds[place]][0]}")
    return out


def bare_shops(words: Wording) -> list[str]:
    """Return names of shops without any region: what two counties may have in common."""
    kinds = words.choice("line", len(SHOPS))
    return [f"{trade}{SHOPS[kind][0]}" for trade, kind in zip(words.trade(""), kinds, strict=True)]


def cooperatives(words: Wording) -> list[str]:
    """Return names of farmers' cooperatives."""
    crops = words.choice("crop", len(_CROPS))
    parts = zip(words.counties(), words.trade(""), crops, strict=True)
    return [f"{county}{trade}{_CROPS[crop]}专业合作社" for county, trade, crop in parts]


def village_cooperatives(words: Wording) -> list[str]:
    """Return names of cooperatives that bear their village's name, as its collective does."""
    crops = words.choice("crop", len(_CROPS))
    parts = zip(words.counties(), words.hamlets(), crops, strict=True)
    return [f"{county}{hamlet}{_CROPS[crop]}专业合作社" for county, hamlet, crop in parts]


def _ranked(first: tuple[str, ...], ending: str) -> Callable[[Wording], list[str]]:
    """Return a namer: the county's well-known names first, then one per village."""

    def names(words: Wording) -> list[str]:
        parts = zip(words.counties(), words.hamlets(), words.rank, strict=True)
        return [
            f"{county}{first[rank]}" if rank < len(first) else f"{county}{hamlet}{ending}"
            for county, hamlet, rank in parts
        ]

    return names


collectives = _ranked((), "股份经济合作社")
schools = _ranked(("实验小学", "第一中学"), "小学")
hospitals = _ranked(HOSPITALS, "卫生室")
bureaus = _ranked(_BUREAUS, "便民服务中心")
institutions = _ranked(_INSTITUTIONS, "文化服务中心")
societies = _ranked(_SOCIETIES, "红白理事会")


def _traded(ending: str) -> Callable[[Wording], list[str]]:
    def names(words: Wording) -> list[str]:
        return [f"{county}{trade}{ending}" for county, trade in zip(words.counties(), words.trade(""), strict=True)]

    return names


trainings = _traded("文化培训学校")
care_homes = _traded("养老服务中心")
kindergartens = _traded("幼儿园")
foundations = _traded("公益基金会")
law_firms = _traded("律师事务所")


def branch_of(parent: str, county: int) -> str:
    """Return the name of a company's branch in a county."""
    return f"{parent}{COUNTIES[county].officials}分公司"


def union_of(parent: str) -> str:
    """Return the name of the trade union of a company."""
    return f"{parent}工会委员会"


def made_unique(names: list[str], scope: list[int], may_repeat: set[int]) -> list[str]:
    """Return the names, each new within its scope: whoever comes later adds a character, as registers demand.

    Args:
        names: names in order of numbers.
        scope: within one of these no name is given twice.
        may_repeat: places whose name is repeated on purpose.
    """
    seen: set[tuple[int, str]] = set()
    out = []
    for place, name in enumerate(names):
        if place not in may_repeat:
            name = next(item for item in _longer(name) if (scope[place], item) not in seen)
        seen.add((scope[place], name))
        out.append(name)
    return out


def _longer(name: str) -> Iterator[str]:
    yield name
    middle = max(2, len(name) // 2)
    for first in _TRADE_SECOND:
        yield name[:middle] + first + name[middle:]
    for first in _TRADE_FIRST:
        for second in _TRADE_SECOND:
            yield name[:middle] + first + second + name[middle:]


def written_differently(name: str, word: int) -> str:
    """Return the name as another office writes it: other brackets, another word for the form, a space, without 市."""
    ways = (
        lambda text: text.replace("（", "(").replace("）", ")"),
        lambda text: (
            text.replace("有限责任公司", "有限公司")
            if "有限责任公司" in text
            else text.replace("有限公司", "有限责任公司")
        ),
        lambda text: text.replace("潍坊市", "潍坊") if "潍坊市" in text else text.replace("潍坊", "潍坊市"),
        lambda text: f"山东省{text}" if text.startswith("潍坊市") else text,
        lambda text: text[: len(text) // 2] + " " + text[len(text) // 2 :],
    )
    for turn in range(len(ways)):
        changed = ways[(word + turn) % len(ways)](name)
        if changed != name:
            return changed
    return name
