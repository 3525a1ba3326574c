"""Names as a Shandong register shows them: surnames by frequency, given names by decade and sex, rare characters."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from city.world.hashing import Bools, Ints, mix, pick, uniform, weighted
from city.world.texts import Text, choose, join, take

SURNAMES = tuple(
    "王张李刘孙赵徐马杨陈于宋高郭韩吕郑朱周胡冯曹田丁姜董孟谭程崔苏牟侯袁付夏杜潘任魏邱谢钟"
    "林邢范史石毕邵唐孔鞠贾安隋秦宫许梁黄曲吴尹葛殷何蒋薛庄沈齐迟臧卢辛单鲁邹郝仲季闫彭滕逄窦褚"
) + ("欧阳", "尉迟", "司马", "皇甫")
_SURNAME_WEIGHTS = np.concatenate([1.0 / (np.arange(1, len(SURNAMES) - 3) + 2.2) ** 0.85, np.full(4, 0.0008)])
ERAS = (1950, 1970, 1985, 2000, 2012, 9999)
"""First birth year of the next era."""

# per era: first characters and second characters of two-character given names, men then women
_FIRST = {
    1: (
        "玉德文永振学新光明世宗希景兆洪培树庆福金",
        "建国志永春卫学玉家文金明光新红树德庆立海",
        "建海志国晓永伟文立春学世玉兴宏金明光卫庆",
        "晓志海文建伟振少鹏明俊永立国春子世泽宏家",
        "浩子文俊宇天家泽明志晓瑞嘉博昊思晨鑫佳一",
        "浩梓子宇奕沐俊一宸泽铭瑞嘉博昊睿辰皓景思",
    ),
    2: (
        "玉秀桂淑素兰凤美翠月金爱英文春荣瑞云庆冬",
        "秀玉桂淑爱美春红素丽月凤金国建英文翠兰海",
        "丽晓海春红秀玉爱美艳淑月文雪冬金建燕志云",
        "晓海丽婷文雪静玉美艳春燕金佳慧倩明红圆蓓",
        "雨欣子佳文梦思晓嘉雅静怡心紫诗可婧若馨一",
        "梓雨一诗语欣可思梦沐若佳馨嘉奕艺婉舒依星",
    ),
}
_SECOND = {
    1: (
        "山林田堂清海德昌亭成荣贵仁义礼智信祥云峰忠江河生喜",
        "国军华明平民生林海峰强义友东胜祥刚春文成山江河军法",
        "军强伟峰东涛波明亮刚勇辉平斌华民海林磊鹏江红兵胜杰",
        "鹏超伟磊涛杰飞波强龙刚亮斌辉峰凯鑫洋楠森帅宁健勇毅",
        "轩宇然豪杰浩博文涵阳哲洋航泽旭睿鑫凯源晨龙涛超瑞恒",
        "宸轩宇泽辰然睿阳航霖熙洋恒安瑞哲涵豪昊骏诚言煜辰墨",
    ),
    2: (
        "英兰芳花珍华荣莲香梅云玲娥芝美清贞凤琴芬秀霞青叶菊",
        "英芳华玲兰霞梅香珍荣莲云红美琴萍芬花青凤娟艳芝丽爱",
        "霞玲艳红梅丽燕萍芳娟英云香华敏静琴娜芹青花菊杰荣凤",
        "静娜娟艳丽燕霞敏婷玲倩萍芳云杰妮琳莹丹楠蕾媛晶慧洁",
        "涵怡雯雪瑶彤欣妍静颖萱慧琪璇婷琳莹晴然悦宁蕊洁蓉菲",
        "涵萱彤妍瑶涵诺宁汐玥琪悦然晴欣雯希怡舒雅萌蕊熙瑾桐",
    ),
}
_SINGLE = {
    1: "伟军强勇涛磊鹏超杰波斌刚峰辉亮飞龙凯帅鑫浩宇睿轩博昊",
    2: "丽静敏艳霞娟芳燕娜玲红英萍倩婷琳洁慧雪欣颖悦雯萱妍诺",
}
_SINGLE_SHARE = (0.10, 0.20, 0.30, 0.42, 0.16, 0.07)
RARE = {"𠮷": "吉", "㛃": "洁", "䶮": "龑"}
"""Characters outside GBK and what other departments write in their place."""
_RARE_SHARE = 0.0006


def surname_index(keys: Ints, seed: int) -> Ints:
    """Return an index into ``SURNAMES`` per key."""
    return weighted(keys, "surname", seed, _SURNAME_WEIGHTS)


def surnames(index: Ints) -> Text:
    """Return surnames by index."""
    return take(SURNAMES, index)


def given_names(keys: Ints, sex: Ints, birth_year: Ints, seed: int, twins: Bools) -> Text:
    """Return given names of one or two characters.

    Args:
        keys: people.
        sex: 1 or 2.
        birth_year: years of birth.
        seed: seed of the city.
        twins: people whose name is, but for its last character, that of the person before them (``keys − 1``).
    """
    like = keys - twins
    step = np.where(twins, 1 + mix(keys, "given_twin", seed) % np.uint64(7), np.uint64(0))
    era = np.searchsorted(np.array(ERAS), birth_year, side="right")
    cell = era + len(ERAS) * (sex - 1)
    first = _characters(_FIRST, mix(like, "given_first", seed), cell)
    second = _characters(_SECOND, (mix(like, "given_second", seed) >> np.uint64(1)) + step, cell)
    single_share = np.array(_SINGLE_SHARE)[era]
    singles = {key: tuple([text] * len(ERAS)) for key, text in _SINGLE.items()}
    alone = _characters(singles, (mix(like, "given_single", seed) >> np.uint64(1)) + step, cell)
    double = join(first, second)
    rare = (uniform(keys, "given_rare", seed) < _RARE_SHARE) & ~twins
    double = choose(rare, join(first, take(tuple(RARE), pick(keys, "rare_character", seed, len(RARE)))), double)
    return choose((uniform(like, "given_is_single", seed) < single_share) & ~rare, alone, double)


def _characters(pools: Mapping[int, tuple[str, ...]], words: np.ndarray, cell: Ints) -> Text:
    flat = [text for sex in (1, 2) for text in pools[sex]]
    starts = np.cumsum([0, *(len(text) for text in flat)])[:-1]
    sizes = np.array([len(text) for text in flat])
    place = starts[cell] + (words % sizes[cell].astype(np.uint64)).astype(np.int64)
    return pa.array([character for text in flat for character in text], pa.string()).take(pa.array(place))


HOMOPHONES = (
    "伟卫维玮", "静婧晶菁", "丽莉俐立", "芳方坊", "军君均钧", "强蔷", "明铭鸣", "华花桦", "英瑛莹颖", "玉钰育裕", "娟涓鹃",
    "霞侠夏", "梅玫眉", "兰岚蓝", "燕艳彦雁", "红宏洪鸿", "海亥", "峰锋丰枫", "波博勃", "涛滔韬", "杰洁捷婕", "敏闵旻", "琴芹勤",
    "文雯纹", "建健剑", "国果", "志智至治", "春椿", "秀绣岫", "桂贵", "淑书舒", "云芸耘", "浩昊皓灏", "宇雨羽语", "轩萱宣",
    "涵晗寒含", "梓子紫", "泽则", "欣新鑫馨心", "怡宜颐仪", "佳嘉家", "晓小筱", "鹏朋棚", "超钞", "磊垒蕾", "飞菲霏", "辉晖徽",
    "平萍苹", "玲铃灵伶", "荣容蓉", "香湘祥翔", "珍真贞", "凤奉", "德得", "永勇咏泳", "学雪", "庆清青", "福富", "金今锦",
    "山珊", "林琳霖", "成诚城程", "义毅艺奕", "生胜声", "喜希熙曦", "东冬", "刚钢纲", "亮靓", "斌彬宾", "龙隆", "凯恺楷", "瑞睿锐",
    "博伯柏", "思斯", "梦孟", "诗施", "可珂", "雅亚", "洋阳扬", "晨辰宸臣", "悦月玥越", "彤童桐", "琪奇琦", "瑶遥", "妍言颜",
)  # fmt: skip
_SOUNDS_LIKE = {character: group for group in HOMOPHONES for character in group}


def homophone(name: str, word: int) -> str:
    """Return the name with one given-name character replaced by one that sounds alike; unchanged if none is known."""
    places = [i for i in range(1, len(name)) if name[i] in _SOUNDS_LIKE]
    if not places:
        return name
    place = places[word % len(places)]
    others = [c for c in _SOUNDS_LIKE[name[place]] if c != name[place]]
    return name[:place] + others[(word >> 8) % len(others)] + name[place + 1 :]


def cut(name: str) -> str:
    """Return the name without its last character."""
    return name[:-1] if len(name) > 2 else name


def replaced_rare(name: str, word: int) -> str:
    """Return the name as a system without rare characters keeps it: a look-alike or a question mark."""
    for rare, plain in RARE.items():
        name = name.replace(rare, plain if word % 3 else "?")
    return name


_LATIN = (
    ("KIM", "LEE", "PARK", "TANAKA", "SATO", "SUZUKI", "SMITH", "MILLER", "BROWN", "WEBER", "KELLER", "IVANOV", "PETROV"),
    ("MIN JUN", "SEO YEON", "KENJI", "YUKI", "JOHN", "MARY", "PETER", "ANNA", "THOMAS", "JULIA", "SERGEI", "OLGA", "PAUL"),
)  # fmt: skip


def latin_names(keys: Ints, seed: int) -> Text:
    """Return names as passports print them, family name first."""
    family, given = (take(pool, pick(keys, f"latin_{n}", seed, len(pool))) for n, pool in enumerate(_LATIN))
    return join(family, " ", given)


def earlier_given_names(keys: Ints, sex: Ints, birth_year: Ints, seed: int) -> Text:
    """Return the given names people bore before they changed them."""
    return given_names(keys + 2**40, sex, birth_year, seed, np.zeros(len(keys), dtype=bool))
