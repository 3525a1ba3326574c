"""The columns that the engine adds to a clean table."""

from citylake.contract.linked import subject_column
from citylake.contract.model import CollectedContract, Contract

LINE_HASH = "_line_hash"
"""The column of a snapshot's clean table that knows the texts of the line a row was made of."""
NUMBERS = frozenset({"_row_hash", LINE_HASH, "_delivery_id", "_line"})
"""Those that are whole numbers: nobody reckons with them, and whoever names one is told apart by its name."""


def engine_columns(contract: CollectedContract) -> dict[str, tuple[str, str]]:
    """Return the type and label of each, by name, in the order in which they follow the contract's."""
    subjects = [subject_column(role) for roles in contract.identity.values() for role in roles]
    return {
        "_record_id": ("string", "记录标识"),
        **dict.fromkeys(subjects, ("string", "主体标识")),
        "_row_hash": ("bigint", "内容摘要"),
        **({LINE_HASH: ("bigint", "原文摘要")} if contract.mode == "snapshot" else {}),
        "_delivery_id": ("bigint", "交付编号"),
        "_line": ("bigint", "行号"),
        "_as_of": ("date", "数据日期"),
        "_deleted": ("boolean", "是否已删除"),
        "_held_since": ("date", "新数据被扣留的起始日期"),
    }


def column_types(contract: Contract) -> frozenset[str]:
    """Return the types, as Spark spells them, of all columns of a clean or derived table but for ``NUMBERS``."""
    own = {column.spark_type for column in contract.columns.values()}
    added = engine_columns(contract) if isinstance(contract, CollectedContract) else {}
    return frozenset(own | {kind for name, (kind, _) in added.items() if name not in NUMBERS})
