"""What a curator decides of a dataset's photos: whether it is in, under what, for which split."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from ..models import DatasetItem, Split, Status

_NEAR = DatasetItem.near.through
_BATCH = 500
MEASURED = (Status.DONE,)


def decide(
    *,
    items: QuerySet[DatasetItem],
    state: str = "",
    split: str = "",
    category: str | None = None,
    crop_free: bool | None = None,
) -> int:
    """Whatever of it is given; how many photos that changed."""
    count = 0
    with transaction.atomic():
        if category is not None:
            count = max(count, file_under(items=items, category=category))
        if crop_free is not None:
            count = max(count, mark(items=items, crop_free=crop_free))
        if split:
            count = max(count, move(items=items, split=Split(split)))
        if state:  # last: it may be what they were chosen by
            count = max(count, judge(items=items, state=DatasetItem.State(state)))
    return count


def judge(*, items: QuerySet[DatasetItem], state: DatasetItem.State) -> int:
    """Accept or reject, or neither again; how many. What is not measured yet, or cannot be read, is not accepted."""
    accepts = state == DatasetItem.State.ACCEPTED
    return (items.filter(status__in=MEASURED) if accepts else items).update(state=state)


def file_under(*, items: QuerySet[DatasetItem], category: str) -> int:
    return items.update(category=category)


def mark(*, items: QuerySet[DatasetItem], crop_free: bool) -> int:
    return items.update(crop_free=crop_free)


def move(*, items: QuerySet[DatasetItem], split: Split) -> int:
    """Into a split, with all their copies in the same dataset: training never sees what validation asks."""
    with transaction.atomic():
        chosen = set(items.values_list("pk", flat=True))
        datasets = set(items.values_list("dataset", flat=True))
        fresh: Collection[UUID] = chosen
        while fresh := _copies(fresh, datasets) - chosen:
            chosen |= fresh
        ids = list(chosen)
        for at in range(0, len(ids), _BATCH):
            DatasetItem.objects.filter(pk__in=ids[at : at + _BATCH]).update(split=split)
    return len(chosen)


def _copies(ids: Collection[UUID], datasets: set[UUID]) -> set[UUID]:
    found: set[UUID] = set()
    wanted = list(ids)
    for at in range(0, len(wanted), _BATCH):
        pairs = _NEAR.objects.filter(from_datasetitem__in=wanted[at : at + _BATCH])
        found |= set(pairs.filter(to_datasetitem__dataset__in=datasets).values_list("to_datasetitem", flat=True))
    return found
