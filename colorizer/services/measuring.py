"""What the full reading of a dataset's photo found, written down, and which photos it is a copy of."""

from dataclasses import asdict, dataclass

from django.db import transaction

from ..models import Dataset, DatasetItem
from ..nearness import Known
from . import jobs

_known = Known()


@dataclass(frozen=True)
class Measured:
    """As the columns of a `DatasetItem` are called; width and height are upright."""

    width: int
    height: int
    colourfulness: float
    fingerprint: list[str]
    is_dull: bool
    is_tinted: bool
    is_faded: bool
    lean: str
    faces: dict[str, int]


def record(*, item: DatasetItem, owner: str, measured: Measured, stage_seconds: dict[str, float] | None = None) -> bool:
    """The photo is measured. A copy of one that its dataset has goes into that one's split.

    False where the lease was lost, and then nothing is written.
    """
    with transaction.atomic():
        # One after the other: of two copies that are measured at the same moment, the second sees the first.
        list(Dataset.objects.order_by("pk").select_for_update())
        if not jobs.finish(job=item, owner=owner, stage_seconds=stage_seconds or {}, **asdict(measured)):
            return False
        near = DatasetItem.objects.filter(pk__in=_known.near(measured.fingerprint)).exclude(pk=item.pk)
        item.near.set(near)
        first = near.filter(dataset=item.dataset_id).order_by("created_at").first()
        if first:
            DatasetItem.objects.filter(pk=item.pk).update(split=first.split)
    return True
