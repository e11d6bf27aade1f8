"""Who is next in the bulk queue: one job of each family in turn, so that nobody waits behind another's whole attic."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID


class Waiting(Protocol):
    @property
    def whose(self) -> UUID: ...
    @property
    def changed_at(self) -> datetime: ...


W = TypeVar("W", bound=Waiting)


def in_turn(jobs: Iterable[W]) -> list[W]:
    """The ``jobs`` in the order of their turns: every family's oldest, then every family's second, and so on."""
    turns: Counter[UUID] = Counter()
    ranked = []
    for job in sorted(jobs, key=lambda job: job.changed_at):
        turns[job.whose] += 1
        ranked.append((turns[job.whose], job))
    return [job for _turn, job in sorted(ranked, key=lambda pair: pair[0])]
