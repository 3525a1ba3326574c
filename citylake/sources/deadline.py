"""The moment at which fetching one resource ends, however far it came."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Deadline:
    """A total time for one resource, counted from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._ends = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, never less than 0."""
        return max(0.0, self._ends - time.monotonic())

    @property
    def is_over(self) -> bool:
        """Whether it has come."""
        return self.left == 0.0

    @contextmanager
    def ends(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call ``stop`` from a thread of its own when the deadline comes inside the block: a driver waits in C, deaf to all else."""

        def end() -> None:
            # What is being ended may just have ended by itself.
            with suppress(Exception):
                stop()

        timer = threading.Timer(self.left, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
