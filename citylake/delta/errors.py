"""What can go wrong with one table, each said with the table and what to do."""

from collections.abc import Mapping, Sequence


class TableError(Exception):
    """A table could not be made; the message names it and the next step."""

    def __init__(self, table: str, message: str) -> None:
        super().__init__(f"{table}: {message}")
        self.table = table


class WaitingError(TableError):
    """An input has never been accepted, so there is nothing to make the table from."""


class CommitLostError(TableError):
    """A write returned success but its commit is not in the table's history."""


class FeedLostError(TableError):
    """An input's change feed no longer reaches back to what was consumed; the table must be rebuilt."""


class MigrationNeededError(TableError):
    """The contract has lost or changed something that the table's files hold; nothing was written."""

    def __init__(self, table: str, differences: Sequence[str]) -> None:
        said = "；".join(differences)
        super().__init__(
            table,
            f"契约的改动会丢失已有内容（{said}），没有写入；先看 citylake migrate，"
            "确认后用 citylake migrate --apply --destructive (a destructive change: see citylake migrate)",
        )


class AccountingError(TableError):
    """Lines do not add up; nothing more is written until somebody has looked."""


class GateError(TableError):
    """A gate rule failed; nothing was written."""

    def __init__(self, table: str, failed: tuple[str, ...], counts: Mapping[str, int] | None = None) -> None:
        super().__init__(table, "门禁规则未通过：" + "；".join(failed))
        self.failed = failed
        self.counts = dict(counts or {})
