"""An analyst who looks again and again through ``citylake.connect()`` while a night is killed and run once more."""

import json
import os
import signal
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from citylake.settings import Settings
from tests.kill.content import content

PAUSE = 1.0
ASK_SPARK_SECONDS = 12.0


@dataclass
class Sight:
    """What the reader saw.

    Attributes:
        polls: how often it opened a session.
        nights: polls by the night they showed, in the order of time.
        answers: statements that Spark answered.
        unanswered: statements that came while no server ran.
        wrong: what belonged to two nights, was half there, or could not be read.
    """

    polls: int = 0
    nights: dict[str, int] = field(default_factory=dict)
    answers: int = 0
    unanswered: int = 0
    wrong: list[str] = field(default_factory=list)


class Reader:
    """Polls until it is told to stop.

    Args:
        chosen: the installation.
        expected: night -> table -> rows and hash (and staleness) of what it may see.
    """

    def __init__(self, chosen: Settings, expected: dict[str, dict[str, list[Any]]]) -> None:
        self._chosen = chosen
        self._expected = expected
        self._sight = Sight()
        self._known: set[tuple[str, str, int]] = set()
        self._asked = 0.0
        self._stop = False

    def run(self, target: Path) -> None:
        """Poll until SIGTERM, then write the sight to ``target``."""
        signal.signal(signal.SIGTERM, self._end)
        while not self._stop:
            self._poll()
            time.sleep(PAUSE)
        self._poll()
        fresh = target.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self._sight)), "utf-8")
        fresh.replace(target)

    def _end(self, *_: object) -> None:
        self._stop = True

    def _poll(self) -> None:
        import citylake

        with citylake.connect(settings=self._chosen) as session:
            sight, night, paths = self._sight, session.night.isoformat(), session.paths()
            sight.polls += 1
            is_new = night not in sight.nights
            sight.nights[night] = sight.nights.get(night, 0) + 1
            expected = self._expected.get(night)
            if expected is None or set(paths) != set(expected):
                self._wrong(f"{night}: another set of tables")
                return
            if len(sight.nights) > 1 and list(sight.nights)[-1] != night:
                self._wrong(f"{night} was shown after {list(sight.nights)[-1]}")
            again = sorted(paths)[sight.polls % len(paths)]
            for table, (uri, version) in paths.items():
                if table == again or (night, table, version) not in self._known:
                    self._look(night, table, uri, version)
            if is_new or time.monotonic() - self._asked > ASK_SPARK_SECONDS:
                self._ask(session, night, expected)

    def _look(self, night: str, table: str, uri: str, version: int) -> None:
        try:
            found = content(uri, version)
        except Exception as error:  # noqa: BLE001  (whatever keeps a published version from being read is the finding)
            self._wrong(f"{night} {table} at {version}: {type(error).__name__}")
            return
        rows, digest = self._expected[night][table][:2]
        if (found.rows, found.digest) != (rows, digest):
            self._wrong(f"{night} {table} at {version}: {found.rows} rows, not {rows}, or other values")
        self._known.add((night, table, version))

    def _ask(self, session: Any, night: str, expected: dict[str, list[Any]]) -> None:
        """Count three tables in one statement, on the server."""
        self._asked = time.monotonic()
        first = (self._sight.polls // 3) % len(expected)
        names = (sorted(expected) * 2)[first : first + 3]
        text = " UNION ALL ".join(f"SELECT '{name}' AS t, count(*) AS n FROM {name}" for name in names)
        try:
            counted = {row["t"]: row["n"] for row in session.sql(text).fetch()}
        except Exception:  # noqa: BLE001  (a server that was killed answers in many ways)
            self._sight.unanswered += 1
            return
        self._sight.answers += 1
        if counted != {name: expected[name][0] for name in names}:
            self._wrong(f"{night}: Spark counts {counted}")

    def _wrong(self, what: str) -> None:
        if what not in self._sight.wrong:
            self._sight.wrong.append(what)


def start_reader(chosen: Settings, expected: dict[str, dict[str, list[Any]]], target: Path) -> int:
    """Start a reader in a process of its own and return its pid; it leaves its sight in ``target``."""
    target.unlink(missing_ok=True)
    child = os.fork()
    if child:
        return child
    log = target.with_suffix(".log").open("w", encoding="utf-8")
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    try:
        Reader(chosen, expected).run(target)
    except BaseException as error:  # noqa: BLE001  (a forked process must not go on in its parent's code)
        log.write(f"{type(error).__name__}: {error}\n")
        log.flush()
        os._exit(1)
    os._exit(0)


def stop_reader(child: int, target: Path) -> Sight:
    """Stop a reader and return what it saw."""
    os.kill(child, signal.SIGTERM)
    os.waitpid(child, 0)
    if not target.exists():
        return Sight(wrong=["the reader itself ended"])
    return Sight(**json.loads(target.read_text("utf-8")))
