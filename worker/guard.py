"""What a job may take of the machine: memory and time, kept even while a decoder never comes back to Python.

A thread of the child looks ten times a second. A photo that takes more ends as failed with words that the family
understands, and the child with it; its parent starts another. Beyond that, the kernel refuses memory to the child
(RLIMIT_DATA), should a decoder ask for it faster than one looks.
"""

import logging
import os
import re
import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

LOOK_EVERY = 0.1
TIME_TO_STOP = 10.0
"""Seconds after the soft time limit in which the work may still end by itself."""
PAGE = resource.getpagesize()

_SIGNS = re.compile(r"out of memory|no memory|insufficient memory|alloc", re.IGNORECASE)

logger = logging.getLogger(__name__)


class Allowance(NamedTuple):
    """What a job may take: bytes beside what the child takes anyway, and seconds."""

    memory: int
    seconds: float


def of_photo() -> Allowance:
    return Allowance(allowed_bytes(), settings.CELERY_TASK_SOFT_TIME_LIMIT)


def of_slice() -> Allowance:
    """A training or comparison takes what the machine has; its slice ends itself long before this."""
    return Allowance(machine_bytes() * 4 // 5, settings.HEIRLOOM_SLICE_SECONDS + 200)


class Guard:
    """Watches over one job, from its beginning to its end. `end` is called with a reason's code and its detail."""

    _warm: int | None = None
    """Bytes that the child takes between photos: torch, the model."""

    def __init__(self, end: Callable[[str, str], object], allowance: Allowance | None = None) -> None:
        self._end = end
        self._over = threading.Event()
        self._allowed, self._seconds = allowance or of_photo()
        self._began = time.monotonic()
        now = own_bytes()
        Guard._warm = min(now, Guard._warm or now)

    def __enter__(self) -> "Guard":
        _cap(data_bytes() + 2 * self._allowed)
        threading.Thread(target=self._watch, name="guard", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        _cap(None)

    def _watch(self) -> None:
        while not self._over.wait(LOOK_EVERY):
            if broken := self._broken():
                logger.error("%s: %s", *broken)
                self._end(*broken)
                return

    def _broken(self) -> tuple[str, str] | None:
        taken = own_bytes() - (Guard._warm or 0)
        if taken > self._allowed:
            return "no_memory", f"It took {taken / 1e6:.0f} MB, {self._allowed / 1e6:.0f} are allowed."
        if time.monotonic() - self._began > self._seconds + TIME_TO_STOP:
            return "timed_out", f"Not ended {self._seconds:g} s after its start."
        return None

    @classmethod
    def measure_anew(cls) -> None:
        """What the child holds from now on is what it takes between photos: a training leaves more behind than one."""
        cls._warm = None


def is_of_memory(detail: str) -> bool:
    """Whether a library that failed says that it was for want of memory."""
    return bool(_SIGNS.search(detail))


def allowed_bytes() -> int:
    """What a photo may take: as the settings say, and no more than three fifths of what this machine has."""
    most: int = settings.HEIRLOOM_PHOTO_MEMORY_MB * 1_000_000
    return min(most, machine_bytes() * 3 // 5)


def machine_bytes() -> int:
    """The memory of this machine, or of the container that we are in."""
    limits = [os.sysconf("SC_PHYS_PAGES") * PAGE]
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            limits.append(int(Path(path).read_text()))
        except (OSError, ValueError):  # no container, or "max"
            continue
    return min(limits)


def own_bytes() -> int:
    """What this process holds in memory of its own: pages of mapped files do not count."""
    _size, resident, shared = map(int, Path("/proc/self/statm").read_text().split()[:3])
    return (resident - shared) * PAGE


def data_bytes() -> int:
    """What RLIMIT_DATA counts: private memory that was asked for, whether touched or not."""
    return int(Path("/proc/self/statm").read_text().split()[5]) * PAGE


def _cap(most: int | None) -> None:
    _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = hard if most is None else most
    resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
