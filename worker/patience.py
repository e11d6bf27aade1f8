"""Steps in the database that wait for it where it is restarted or busy."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

T = TypeVar("T")
AWAY = (OperationalError, InterfaceError)
"""What a database that is restarted, out of reach or locked is noticed by."""
LONGEST_WAIT = 300.0
LONGEST_PAUSE = 5.0

logger = logging.getLogger(__name__)


def patiently(step: Callable[[], T], seconds: float = LONGEST_WAIT) -> T:
    """What `step`, a whole transaction, gives; tried again for `seconds` where the database does not answer.

    It may have been done although its answer was lost: a step must bear to be taken twice.

    Raises:
        OperationalError, InterfaceError: the database is away longer.
    """
    deadline, pause = time.monotonic() + seconds, 0.2
    while True:
        try:
            return step()
        except AWAY as error:
            if time.monotonic() + pause > deadline:
                raise
            logger.warning("The database does not answer, trying again: %s", error)
            connection.close()
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
