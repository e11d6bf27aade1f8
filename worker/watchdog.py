"""A process that no longer does its work although it could ends itself, and whoever keeps it running starts it afresh.

After a hiccup of the broker a consumer can stop for good and still answer pings (celery #8030, #10205).
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from celery.worker import state
from django.conf import settings
from kombu.exceptions import OperationalError

from colorizer import dispatch

STATUS = 75
"""With which it ends: a failure that a new start may mend."""

logger = logging.getLogger(__name__)


def watch(stands_still: Callable[[], bool]) -> None:
    """End this process once `stands_still` was true at every look for HEIRLOOM_STANDSTILL_SECONDS."""
    threading.Thread(target=_watch, args=(stands_still,), name="watchdog", daemon=True).start()


def _watch(stands_still: Callable[[], bool]) -> None:
    still_since: float | None = None
    pause = threading.Event()
    while still_since is None or time.monotonic() - still_since < settings.HEIRLOOM_STANDSTILL_SECONDS:
        pause.wait(settings.HEIRLOOM_STANDSTILL_SECONDS / 10)
        if not stands_still():
            still_since = None
        elif still_since is None:
            still_since = time.monotonic()
    logger.critical("There is work, and none is done: ending, to be started afresh.")
    os._exit(STATUS)


def watch_consumer(sender: Any, **_: Any) -> None:
    """Of a worker that is ready: messages lie in its queues, and it takes none although it has nothing to do."""
    queues = [queue.name for queue in sender.task_consumer.queues]

    def stands_still() -> bool:
        return not (state.reserved_requests or state.active_requests) and _waiting(queues) > 0

    watch(stands_still)


class Rounds:
    """Of the scheduler: it makes no rounds any more, although the broker that carries them to it is there."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def begin(self) -> None:
        self._last = time.monotonic()

    def watch(self, **_: Any) -> None:
        self.begin()
        watch(self._stands_still)

    def _stands_still(self) -> bool:
        late = time.monotonic() - self._last > 3 * settings.HEIRLOOM_HOUSEKEEPING_SECONDS
        return late and not state.active_requests and _waiting([]) == 0


def _waiting(queues: list[str]) -> int:
    """How many messages lie in the queues; -1 where the broker does not answer."""
    try:
        return dispatch.waiting(queues)
    except (OperationalError, OSError):
        return -1
