"""Datasets as pages and trainings see them."""

from django.db.models import QuerySet

from ..models import Dataset, DatasetVersion, FrozenItem


def usable_items(version: DatasetVersion) -> QuerySet[FrozenItem]:
    """What may be learned from ``version``: its photos that are still there and in no benchmark, by their hashes."""
    judged = FrozenItem.objects.filter(version__dataset__kind=Dataset.Kind.BENCHMARK).values("sha256")
    return version.items.filter(item__isnull=False).exclude(sha256__in=judged).order_by("sha256")


def missing(version: DatasetVersion) -> int:
    """How many photos of a frozen version have gone since: deleted, or withdrawn by their family."""
    return version.items.filter(item=None).count()
