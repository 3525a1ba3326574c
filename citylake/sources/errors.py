"""What can be wrong with a delivery, told to the clerk who sent it."""

import re
import unicodedata

_ID_LIKE = re.compile(r"(?<!\d)(?:\d{15}|\d{17}[\dXx])(?!\d)")
SHOWN_CHARACTERS = 120


class DeliveryError(Exception):
    """A delivery that cannot be taken.

    Attributes:
        code: stable short name of what is wrong (``encoding``, ``truncated``, ``columns``, ``empty`` …).
        message: plain Chinese: which file, where, what is wrong, what to do; never a value.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class UnreachableError(Exception):
    """A database or API that did not answer, or stopped half-way; nothing of it was received.

    Attributes:
        message: plain Chinese, without passwords and values.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def shown(name: str) -> str:
    """Return a file's name as it may stand in a message or the ledger.

    Bytes that are not UTF-8 are read as GB18030, control characters and what looks like an ID number are masked,
    long names are cut.
    """
    try:
        raw = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = name.encode("utf-8", "replace")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", "replace")
    text = "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(sign) in {"Cc", "Cf", "Cs"} else sign for sign in text
    )
    text = _ID_LIKE.sub(lambda match: "*" * len(match.group()), text)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
