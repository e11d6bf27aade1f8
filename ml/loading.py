"""Batches one after another, made in this process or, for a fast device, in several beside it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, cast

from torch.utils.data import DataLoader, Dataset

from ml.sampler import Batch, Sampler


class _Batches(Dataset[Batch]):
    """A sampler's batches by their step: of each the share of one process."""

    def __init__(self, sampler: Sampler, rank: int, ranks: int) -> None:
        self._sampler, self._rank, self._ranks = sampler, rank, ranks

    def __getitem__(self, step: int) -> Batch:
        return self._sampler.batch(step, self._rank, self._ranks).half()


def batches(
    sampler: Sampler, first: int, rank: int = 0, ranks: int = 1, *, loaders: int = 0, pinned: bool = False
) -> Iterator[Batch]:
    """Batch ``first`` and all after it, see :meth:`ml.sampler.Sampler.batch`, in half precision; they never end.

    ``loaders``: processes that make them ahead, each a whole batch at a time; 0: this one, when asked. The batches
    are the same either way. ``pinned``: in memory that CUDA copies from without waiting.
    """
    return iter(
        DataLoader(
            _Batches(sampler, rank, ranks),
            batch_size=None,
            sampler=cast(Any, itertools.count(first)),
            num_workers=loaders,
            # They share the photos as they lie in memory.
            multiprocessing_context="fork" if loaders else None,
            pin_memory=pinned,
        )
    )
