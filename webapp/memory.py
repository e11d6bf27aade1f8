"""What the C library holds of memory that is free again: it keeps a heap for each thread and gives little back."""

import ctypes
from contextlib import suppress

M_ARENA_MAX = -8
"""Of glibc's malloc.h."""


def share_one_heap() -> None:
    """All threads of this process take memory from one heap, so that one reuses what another has freed.

    To be called before there is a second thread. What its lock costs is nothing beside Python's own.
    """
    with suppress(AttributeError, OSError):  # another C library than glibc
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def give_back_memory() -> None:
    """What many files took and freed again goes back to the system: the C library would keep some 20 MB of it."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
