"""Which queues this worker takes from, and whether photos wait in them."""

import os
from collections.abc import Iterable

from kombu.exceptions import OperationalError

from colorizer import dispatch

TAKES = "HEIRLOOM_TAKES"
"""In the environment of a worker's children: the queues that their parent takes from."""


def say_taken(queues: Iterable[str]) -> None:
    """In the parent, before it has children."""
    os.environ[TAKES] = ",".join(queues)


def taken() -> list[str]:
    return os.environ.get(TAKES, "").split(",")


def photos_wait() -> bool:
    """Whether a photo waits in a queue that this worker takes from: one for trainings alone makes way for nobody.

    Where the broker is away none can come anyway.
    """
    try:
        return dispatch.waiting([queue for queue in dispatch.FOR_FAMILIES if queue in taken()]) > 0
    except (OperationalError, OSError):
        return False
