"""A training that is told to stop ends its step and saves first."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130
"""The exit status of what was told to stop."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Note Ctrl-C or SIGTERM instead of ending at once; gives what tells whether one came. The second ends as ever."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        print("stopping after this step; once more to stop at once", file=sys.stderr, flush=True)
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in _SIGNALS:
        signal.signal(number, note)
    try:
        yield lambda: bool(came)
    finally:
        restore()
