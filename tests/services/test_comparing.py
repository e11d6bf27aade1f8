"""Who is judged against whom, and on what."""

from typing import Any

import pytest
from django.core.files.base import ContentFile

from colorizer import gate, storage
from colorizer.models import (
    Action,
    AuditEntry,
    Comparison,
    Dataset,
    DatasetItem,
    DatasetVersion,
    FrozenItem,
    ModelVersion,
    Queue,
    Status,
)
from colorizer.services import comparing, datasets


def freeze(photos: int, *, kind: str = Dataset.Kind.BENCHMARK, name: str = "Judged on") -> DatasetVersion:
    """A version of so many photos, whose files are nobody's."""
    dataset = Dataset.objects.create(name=name, kind=kind)
    version = DatasetVersion.objects.create(dataset=dataset, number=1, sha256="f" * 64)
    for number in range(photos):
        sha256 = f"{dataset.pk.hex}{number:032}"
        item = DatasetItem.objects.create(dataset=dataset, sha256=sha256, key=sha256, format="jpeg")
        FrozenItem.objects.create(version=version, item=item, sha256=sha256, key=sha256, licence="open", split="val")
    return version


@pytest.fixture
def live(db: None) -> ModelVersion:
    return ModelVersion.objects.create(name="old", sha256="0" * 64, state=ModelVersion.State.LIVE)


@pytest.fixture
def candidate(db: None) -> ModelVersion:
    return ModelVersion.objects.create(name="new", sha256="1" * 64)


def test_candidate_and_live_are_judged_on_the_benchmark_in_the_queue_for_training(
    live: ModelVersion, candidate: ModelVersion
) -> None:
    benchmark = freeze(gate.FEWEST)
    comparison = comparing.begin(candidate)
    assert comparison is not None
    assert (comparison.candidate, comparison.live, comparison.benchmark) == (candidate, live, benchmark)
    assert (comparison.queue, comparison.status) == (Queue.TRAIN, Status.QUEUED)
    assert AuditEntry.objects.get(action=Action.COMPARISON_STARTED).object_id == str(comparison.pk)


def test_what_is_under_way_is_not_begun_twice(live: ModelVersion, candidate: ModelVersion) -> None:
    freeze(gate.FEWEST)
    first = comparing.begin(candidate)
    assert comparing.begin(candidate) == first
    assert Comparison.objects.count() == 1


def test_fifty_photos_of_a_benchmark_are_needed(live: ModelVersion, candidate: ModelVersion) -> None:
    freeze(gate.FEWEST, kind=Dataset.Kind.TRAINING, name="Learned from")
    benchmark = freeze(gate.FEWEST)
    DatasetItem.objects.filter(frozen__version=benchmark).first().delete()  # type: ignore[union-attr]
    assert comparing.begin(candidate) is None
    assert comparing.begin(candidate, benchmark=benchmark) is None


def test_a_benchmark_that_shrank_while_it_was_judged_on_lets_nothing_pass(
    live: ModelVersion, candidate: ModelVersion
) -> None:
    benchmark = freeze(gate.FEWEST)
    comparison = comparing.begin(candidate)
    assert comparison is not None
    Comparison.objects.update(status=Status.RUNNING, lease_owner="worker")
    for item in benchmark.items.all():
        comparing.note_photo(comparison=comparison, item=item, figures={}, difference=1.0)
    comparing.forget_photos(items=DatasetItem.objects.filter(frozen__version=benchmark)[:1])
    good = {"gain": 0.2, "colourfulness_ratio": 1.0, "auc_rebalanced": 0.83}
    groups = {"live": good, "candidate": good, "grey": {"gain": 0.0, "auc_rebalanced": 0.79}}
    figures = {"groups": {"all": groups}, "skin_tones": {}}
    assert comparing.complete(comparison=comparison, owner="worker", figures=figures, canary="")
    comparison.refresh_from_db()
    failing = [check["code"] for check in comparison.gate["checks"] if not check["passes"]]
    assert (comparison.gate["passes"], failing) == (False, ["few"])


def test_of_a_photo_that_goes_while_it_is_judged_no_picture_stays(
    live: ModelVersion, candidate: ModelVersion, django_capture_on_commit_callbacks: Any
) -> None:
    benchmark = freeze(gate.FEWEST)
    comparison = comparing.begin(candidate)
    assert comparison is not None
    for item in benchmark.items.all()[:2]:
        key = storage.comparison_key(comparison.pk, f"{item.pk}-truth.webp")
        storage.results().save(key, ContentFile(b"its pixels"))
        with django_capture_on_commit_callbacks(execute=True):
            datasets.delete_items(items=DatasetItem.objects.filter(frozen=item), by=None)
            comparing.note_photo(comparison=comparison, item=item, figures={}, difference=1.0, truth_key=key)
        assert not storage.results().exists(key)
    assert not comparison.photos.exists()


def test_the_live_model_is_not_judged_against_itself(live: ModelVersion) -> None:
    freeze(gate.FEWEST)
    assert comparing.begin(live) is None
