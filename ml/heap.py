"""What the C library does with memory that is free again."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
"""Of glibc's malloc.h."""
_MOST = 2**31 - 1
_AT_ONCE = 256 * 1024 * 1024


def keep_freed_memory() -> None:
    """Let this process reuse the memory that it has freed instead of giving it back, to the end.

    A step of a training frees tensors of many megabytes and takes as many again. The C library maps each anew, and the
    kernel fills it with zeros: a third of a step's time on a processor.
    """
    with suppress(AttributeError, OSError):  # another C library than glibc
        heap = ctypes.CDLL(None)
        heap.mallopt(_M_MMAP_MAX, 0)
        heap.mallopt(_M_TRIM_THRESHOLD, _MOST)
        heap.mallopt(_M_TOP_PAD, _AT_ONCE)
