"""Which encoding a line is in: files that were put together from several sources are read line by line."""

import codecs
import re
from collections.abc import Sequence

from citylake.sources.errors import DeliveryError
from citylake.sources.layout import Layout

UTF8, GB18030 = "utf-8", "gb18030"
_NAMES = {UTF8: "UTF-8", GB18030: "GB18030"}
_PLAUSIBLE, _HALF, _IMPLAUSIBLE = 0.7, 0.5, 0.3
_FAR = re.compile("[\u0800-\U0010ffff]")
"""What takes three bytes and more in UTF-8: GB18030 text hardly ever looks like it."""
_RUN = re.compile(rb"(?<![\x80-\xff])(?:[\xe3-\xe9][\x80-\xbf]{2}){2,}(?![\x80-\xff])")
"""Two or more hanzi in UTF-8 and nothing else: GB18030 text says something like it once in a hundred thousand."""
_NEAR_ONLY = re.compile("^[\0-\x7f]*+[\x80-\u07ff][\0-\u07ff]*+$", re.MULTILINE)
_ODD = re.compile("[\u0180-\u01cc\u01dd-\u01f7\u01fa-\u036f]")
"""Letters of no language that is met here, and marks that stand on others; those of pinyin are left out."""
_PRIVATE = re.compile("[\ue000-\uf8ff]")
# Signs, letters and the hanzi of GB 2312's first level: what Chinese text is mostly made of.
_COMMON = frozenset(
    sign
    for lead in (*range(0xA1, 0xAA), *range(0xB0, 0xD8))
    for trail in range(0xA1, 0xFF)
    if not _PRIVATE.match(sign := bytes((lead, trail)).decode(GB18030))
)


class LineDecoder:
    """Decodes whole lines, each in the agreed encoding or, where that cannot be, in the other one.

    A line that is valid in both is judged by what it would say, else by the lines around it. What cannot be told is
    decoded with U+FFFD, which makes its record unreadable.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.agreed = _codec(layout)
        self._other = GB18030 if self.agreed == UTF8 else UTF8
        self._line = 1
        self._seen: set[str] = set()
        self._last: str | None = None
        self._others: list[int] = [0, 0]
        """Lines in the other encoding: how many, the first one."""
        self._bad: tuple[int, int] | None = None
        """Line and byte within it (from 1) of the first byte that cannot be read."""

    def decode(self, data: bytes) -> str:
        """Decode whole lines; only the last one of the file may lack its line break."""
        text = self._as_agreed(data)
        if text is None:
            text = self._by_line(data.split(b"\n"))
        elif not data.isascii():
            self._seen.add(self.agreed)
            self._last = self.agreed
        self._line += data.count(b"\n")
        return text

    def ends_within(self, line: bytes) -> bool:
        """Return whether the last line ends within a character."""
        decoder = codecs.getincrementaldecoder(self.agreed)(errors="strict")
        try:
            decoder.decode(line)
        except UnicodeDecodeError:
            return False
        return bool(decoder.getstate()[0])

    def conclude(self) -> str | None:
        """Return what the receipt should say of the lines, None when there is nothing.

        Raises:
            DeliveryError: ``encoding``: not a single line is in the agreed encoding.
        """
        count, first = self._others
        if self.agreed not in self._seen:
            if count:
                raise wrong_encoding(self._layout, f"是 {_NAMES[self._other]} 编码（第 {first} 行起）")
            if self._bad:
                line, place = self._bad
                raise wrong_encoding(
                    self._layout, f"不是 {_NAMES[self.agreed]} 编码：第 {line} 行、行内第 {place} 个字节处无法识别"
                )
        if not count:
            return None
        return f"{count} 行是 {_NAMES[self._other]} 编码而非约定的 {_NAMES[self.agreed]}（第一处在第 {first} 行），已按其编码读取"

    def _as_agreed(self, data: bytes) -> str | None:
        """Return the text when every line is in the agreed encoding beyond doubt."""
        try:
            text = data.decode(self.agreed)
        except UnicodeDecodeError:
            return None
        if data.isascii():
            return text
        if self.agreed == UTF8:
            return None if _NEAR_ONLY.search(text) else text
        has_others = _RUN.search(data) or any(_is(line, UTF8) for line in data.split(b"\n") if not line.isascii())
        return None if has_others else text

    def _by_line(self, lines: Sequence[bytes]) -> str:
        judged = [None if line.isascii() else self._judge(line) for line in lines]
        following: list[str | None] = [None] * len(lines)
        after: str | None = None
        for place in range(len(lines) - 1, -1, -1):
            following[place] = after
            after = judged[place] or after
        return "\n".join(
            line.decode("ascii")
            if line.isascii()
            else self._read(self._line + place, line, judged[place], following[place])
            for place, line in enumerate(lines)
        )

    def _read(self, number: int, line: bytes, judged: str | None, after: str | None) -> str:
        near = {self._last, after} - {None} or {self.agreed}
        encoding = judged or (near.pop() if len(near) == 1 else None)
        self._last = judged or self._last
        is_other = (encoding == GB18030 and _is_mixed(line)) or (encoding == UTF8 and judged is None and _is_odd(line))
        if encoding is None or not _is(line, encoding) or is_other:
            self._bad = self._bad or (number, _first_bad(line, self.agreed))
            return line.decode("ascii", "replace")
        self._seen.add(encoding)
        text = line.decode(encoding)
        if encoding == self._other and "\ufffd" not in text:
            self._others = [self._others[0] + 1, self._others[1] or number]
        return text

    def _judge(self, line: bytes) -> str | None:
        """Return the encoding that a line is in for certain, None when it may be either or neither."""
        if not _is(line, UTF8):
            is_sure = _is(line, GB18030) and (self.agreed == GB18030 or _plausible(line.decode(GB18030)) >= _PLAUSIBLE)
            return GB18030 if is_sure else None
        text = line.decode(UTF8)
        is_far = _FAR.search(text) is not None
        if (self.agreed == UTF8 and is_far) or not _is(line, GB18030):
            return UTF8
        other = line.decode(GB18030)
        if is_far:
            return UTF8 if _plausible(other) < _PLAUSIBLE else None
        # What the agreed encoding reads is given up for lines around it, never for what it says alone.
        is_sure = self.agreed == GB18030 and _plausible(other) >= _PLAUSIBLE and _plausible(text) < _IMPLAUSIBLE
        return GB18030 if is_sure else None


def wrong_encoding(layout: Layout, what: str) -> DeliveryError:
    """Return the error of a file in another encoding than was agreed on."""
    return DeliveryError(
        "encoding", f"{layout.subject}{what}，而约定为 {layout.encoding}。请以 {layout.encoding} 编码另存后重新报送。"
    )


def _plausible(text: str) -> float:
    signs = [sign for sign in text if not sign.isascii()]
    return sum(sign in _COMMON for sign in signs) / max(len(signs), 1)


def _is(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _is_mixed(line: bytes) -> bool:
    """Return whether a line in GB18030 has a field in UTF-8."""
    runs = (run.decode(GB18030, "replace") for run in _RUN.findall(line))
    return any(_plausible(run) < _HALF for run in runs)


def _is_odd(line: bytes) -> bool:
    """Return whether a line is nothing that is written in UTF-8, and Chinese in GB18030."""
    return (
        _is(line, UTF8)
        and _is(line, GB18030)
        and _ODD.search(line.decode(UTF8)) is not None
        and _plausible(line.decode(GB18030)) >= _PLAUSIBLE
    )


def _first_bad(line: bytes, encoding: str) -> int:
    try:
        line.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start + 1
    return 1


def _codec(layout: Layout) -> str:
    try:
        name = codecs.lookup(layout.encoding).name
    except LookupError:
        name = ""
    # GB18030 contains GBK and GB2312; what departments call by those names often holds more.
    known = {"utf-8": UTF8, "utf-8-sig": UTF8, "gb18030": GB18030, "gbk": GB18030, "gb2312": GB18030}
    if name not in known:
        raise DeliveryError(
            "contract", f"约定的编码 {layout.encoding} 不受支持（可用 UTF-8、GB18030）。请平台管理员修改约定。"
        )
    return known[name]
