"""What models are judged on: frozen versions of benchmark datasets, with enough of their photos still there."""

from django.db.models import Count, Q, QuerySet

from .. import gate
from ..models import Dataset, DatasetVersion, FrozenItem


def items(version: DatasetVersion) -> QuerySet[FrozenItem]:
    """The photos of a benchmark's ``version`` that models are judged on: all that are still there.

    No training has learned from any of them, see `selectors.datasets`.
    """
    return version.items.filter(item__isnull=False)


def fit() -> QuerySet[DatasetVersion]:
    """The frozen versions that one may judge on, latest first, each with ``photos``: how many it still has."""
    there = Count("items", filter=Q(items__item__isnull=False))
    versions = DatasetVersion.objects.filter(dataset__kind=Dataset.Kind.BENCHMARK).select_related("dataset")
    return versions.annotate(photos=there).filter(photos__gte=gate.FEWEST).order_by("-frozen_at")


def latest() -> DatasetVersion | None:
    return fit().first()


def is_enough(version: DatasetVersion) -> bool:
    return fit().filter(pk=version.pk).exists()
