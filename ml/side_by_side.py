"""Several photos at once: they use the processors better than one photo's small tensors do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Protocol, TypeVar

import torch

_AHEAD = 2
"""Photos in hand for each thread, counting the one that it works on."""

T = TypeVar("T")
R = TypeVar("R")


class Each(Protocol):
    """What `work` makes of each item, in their order, one after the other. Raises what it raises."""

    def __call__(self, work: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]: ...


@contextmanager
def side_by_side(threads: int | None = None) -> Iterator[Each]:
    """Work on so many photos at once, by default as many as there are processors.

    torch has one thread for each meanwhile. Whoever leaves waits for those that are at work, and no longer.
    """
    threads = threads or len(os.sched_getaffinity(0))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    pool = ThreadPoolExecutor(threads)
    try:
        yield partial(_in_order, pool, _AHEAD * threads)
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(before)


def _in_order(pool: ThreadPoolExecutor, ahead: int, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """The executor's own ``map`` would keep every result in memory."""
    rest = iter(items)
    waiting = [pool.submit(work, item) for item in islice(rest, ahead)]
    while waiting:
        yield waiting.pop(0).result()
        waiting += [pool.submit(work, item) for item in islice(rest, 1)]
