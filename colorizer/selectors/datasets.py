"""What datasets hold, what may be learned from them, and what stands in the way of freezing one.

Nothing is learned from a photo that a model is judged on, nor from a copy of it. `usable_items` of a version, which is
what a training takes in each of its slices, has none that is in a benchmark at that time; and no version of a benchmark
is frozen with one that a training had before (`readiness`). What is judged on is in `selectors.benchmarks`.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from .. import gate, nearness
from ..models import Dataset, DatasetItem, DatasetVersion, FrozenItem, Status
from ..models.dataset import Split

GREY = 3.0
"""A photo with less colourfulness has no colour to learn."""

_NEAR = DatasetItem.near.through


def usable_items(version: DatasetVersion) -> QuerySet[FrozenItem]:
    """What may be learned from ``version``: its photos that are still there, none in a benchmark or a copy of one.

    In the order of their hashes. Each has ``key`` (of the file in `storage.models()`), ``category``, ``source``,
    ``licence``, ``split`` and ``colourfulness``.
    """
    there = version.items.filter(item__isnull=False)
    near = _NEAR.objects.filter(from_datasetitem=OuterRef("item"), to_datasetitem__in=benchmark_items().values("pk"))
    judged = Q(sha256__in=judged_hashes()) | Q(sha256__in=benchmark_items().values("sha256"))
    return there.exclude(judged).exclude(Exists(near)).order_by("sha256")


def missing(version: DatasetVersion) -> int:
    """How many photos of a frozen version have gone since: deleted, or withdrawn by their family."""
    return version.items.filter(item=None).count()


def benchmark_items() -> QuerySet[DatasetItem]:
    """Photos that models are judged on: all of benchmarks that were not rejected, or not before they were frozen."""
    kept = ~Q(state=DatasetItem.State.REJECTED) | Q(pk__in=FrozenItem.objects.filter(_JUDGES).values("item"))
    return DatasetItem.objects.filter(kept, dataset__kind=Dataset.Kind.BENCHMARK)


_JUDGES = Q(version__dataset__kind=Dataset.Kind.BENCHMARK, item__isnull=False)


def judged_hashes() -> QuerySet[FrozenItem, tuple[str]]:
    return FrozenItem.objects.filter(version__dataset__kind=Dataset.Kind.BENCHMARK).values_list("sha256")


def taught_items() -> QuerySet[DatasetItem]:
    """Photos of versions from which something was, or is being, learned."""
    taught = FrozenItem.objects.filter(version__trainings__isnull=False, item__isnull=False)
    return DatasetItem.objects.filter(pk__in=taught.values("item"))


def taught_hashes() -> QuerySet[FrozenItem, tuple[str]]:
    return FrozenItem.objects.filter(version__trainings__isnull=False).values_list("sha256")


@dataclass(frozen=True)
class Readiness:
    """What would happen if the dataset were frozen now."""

    accepted: int
    kept: list[UUID]
    """The ids of the photos that the version would hold."""
    of_the_other_kind: int
    """Accepted photos that stay out since the other kind of dataset has them, or a copy of them."""
    across_splits: int
    """Accepted photos that stay out of validation since training has a copy of them."""
    hindrance: str
    """Why it cannot be frozen, in a sentence; empty where it can."""

    @property
    def is_small_to_judge(self) -> bool:
        return len(self.kept) < gate.FEWEST


def readiness(dataset: Dataset) -> Readiness:
    """What of ``dataset`` can be frozen, and what stands in the way."""
    accepted = dataset.items.filter(state=DatasetItem.State.ACCEPTED, status=Status.DONE)
    judges = dataset.kind == Dataset.Kind.BENCHMARK
    apart = _apart(accepted, judges)
    twins = DatasetItem.objects.filter(pk__in=apart.values("pk"), split=Split.TRAIN)
    kept = apart if judges else apart.exclude(Q(split=Split.VAL) & Exists(_near(twins)))
    ids = list(kept.values_list("pk", flat=True))
    count, before = accepted.count(), apart.count()
    said = _hindrance(dataset, kept, len(ids), judges)
    return Readiness(count, ids, count - before, before - len(ids), said)


def _apart(accepted: QuerySet[DatasetItem], judges: bool) -> QuerySet[DatasetItem]:
    """Without what the other kind of dataset has, or has a copy of."""
    others, hashes = (taught_items(), taught_hashes()) if judges else (benchmark_items(), judged_hashes())
    others = others.exclude(dataset__kind=Dataset.Kind.BENCHMARK) if judges else others
    in_other = Q(sha256__in=others.values("sha256")) | Q(sha256__in=hashes)
    apart = accepted.exclude(in_other).exclude(Exists(_near(others)))
    return apart.exclude(pk__in=_near_deleted_lessons(apart)) if judges else apart


def _near_deleted_lessons(items: QuerySet[DatasetItem]) -> list[UUID]:
    """Copies of what was learned from and is deleted since: its fingerprint is all that is left to find them by."""
    deleted = FrozenItem.objects.filter(version__trainings__isnull=False, item=None).values_list(
        "sha256", "fingerprint"
    )
    lessons = [nearness.parse(fingerprint) for fingerprint in dict(deleted).values()]
    if not lessons:
        return []
    seen = ((pk, nearness.parse(fingerprint)) for pk, fingerprint in items.values_list("pk", "fingerprint"))
    return [pk for pk, hashes in seen if any(nearness.are_near(hashes, each) for each in lessons)]


def _hindrance(dataset: Dataset, kept: QuerySet[DatasetItem], count: int, judges: bool) -> str:
    waiting = dataset.items.filter(status__in=DatasetItem.OPEN).exclude(state=DatasetItem.State.REJECTED).count()
    if waiting:
        return _("Some photos are still being looked at: copies could be among them. Try again in a moment.")
    if not count:
        return _("There is no accepted photo to freeze. Accept some first.")
    if not kept.filter(colourfulness__gte=GREY).exists():
        return _("All of these photos are grey: there is no colour in them to learn from.")
    if count == 1 and not judges:
        return _("One photo is not enough: there has to be one to learn from and another to try it on.")
    return ""


def _near(others: QuerySet[DatasetItem]) -> QuerySet[_NEAR]:  # type: ignore[valid-type]
    """For `Exists`: the photo at hand is a copy of one of ``others``."""
    return _NEAR.objects.filter(from_datasetitem=OuterRef("pk"), to_datasetitem__in=others.values("pk"))
