"""Why the lake cannot go back; every message says what to do."""


class RestoreError(RuntimeError):
    """The lake cannot go back to that night."""


class VersionGoneError(RestoreError):
    """A version of that night can no longer be read."""

    def __init__(self, table: str, version: int, why: str) -> None:
        super().__init__(
            f"{table}：版本 {version} 已不完整，无法恢复，未做任何改动；请选较近的一晚 "
            f"({why}: version {version} was vacuumed; nothing was changed, choose a later night)"
        )


class PromiseOverError(RestoreError):
    """The night is older than the restore promise."""
