"""Datasets as pages and trainings see them."""

from ..models import Dataset, DatasetVersion, FrozenItem


def excluded_hashes(*, version: DatasetVersion) -> set[str]:
    """The photos of ``version`` that nothing may be learned from: a benchmark holds them."""
    benchmark = FrozenItem.objects.filter(version__dataset__kind=Dataset.Kind.BENCHMARK)
    return set(version.items.filter(sha256__in=benchmark.values("sha256")).values_list("sha256", flat=True))
