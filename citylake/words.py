"""Chinese words of the ledger's verdicts and counts, as clerks read them."""

from collections.abc import Mapping

from citylake.contract.catalog import Catalog
from citylake.spelling import table_of

VERDICTS: Mapping[str, str] = {
    "received": "处理中",
    "accepted": "接收",
    "refused": "退回",
    "unchanged": "与上次相同",
}
FATES: Mapping[str, str] = {
    "inserted": "新增",
    "updated": "更新",
    "deleted": "删除",
    "unchanged": "未变",
    "repeated": "重复",
    "superseded": "被取代",
    "quarantined": "问题行",
    "unreadable": "无法读取",
    "vanished": "上期有本期无",
}
"""What becomes of lines, and ``vanished``: rows that a snapshot no longer has."""
CHANGED = "changed:"
"""How counts of values that reading changed begin."""
CHANGES: Mapping[str, str] = {
    "serial_to_date": "由日期序号换算成日期",
    "as_displayed": "按单元格的显示格式补零",
    "fifteen_digits": "按 Excel 的 15 位精度取值",
    "trimmed": "去掉首尾空白",
    "narrowed": "全角改为半角",
    "unseen": "去掉看不见的字符",
}
"""What reading does to values, by the rule it follows."""


def change_key(rule: str, column: str) -> str:
    """Return under which name a receipt counts what a rule of reading changed in a column."""
    return f"{CHANGED}{rule}:{column}"


def changes_of(counts: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """Return rule, column and number of lines of each change that was counted."""
    named = {name: name.split(":", 2) for name in counts if name.startswith(CHANGED)}
    return [(rule, column, counts[name]) for name, (_, rule, column) in named.items()]


def counts_in_words(counts: Mapping[str, int]) -> str:
    """Return a delivery's counts, nothing where there are none: ``共 10：新增 9，问题行 1``."""
    said = "，".join(f"{word} {counts[name]:,}" for name, word in FATES.items() if counts.get(name))
    total = f"共 {counts['lines']:,}" if "lines" in counts else ""
    return "：".join(part for part in (total, said) if part)


def changes_told(changes: Mapping[str, Mapping[str, int]], labels: Mapping[str, str]) -> list[str]:
    """Return which columns had how many values changed, a sentence per rule; ``changes``: column -> rule -> count."""
    sentences = []
    for rule, word in CHANGES.items():
        counted = [f"{labels[name]} {rules[rule]:,} 处" for name, rules in changes.items() if rule in rules]
        if counted:
            sentences.append(f"{'、'.join(counted)}{word}")
    return sentences


def title_of(catalog: Catalog, resource: str) -> str:
    """Return the title of a resource, its name where no contract has it."""
    contract = catalog.contracts.get(table_of(resource))
    return contract.title if contract is not None else resource


def title_and_name(catalog: Catalog, resource: str) -> str:
    """Return the title of a resource with its name beside it: ``婚姻登记（civil_affairs.marriage）``."""
    title = title_of(catalog, resource)
    return resource if title == resource else f"{title}（{resource}）"
