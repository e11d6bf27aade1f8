"""Freezing: what a version holds, what stays out of it, and what of it may be learned from later."""

from typing import Any

import pytest
from PIL import Image

from colorizer import gate, storage
from colorizer.models import Dataset, DatasetItem, DatasetVersion, Status, Tombstone, Training, User
from colorizer.selectors import benchmarks
from colorizer.selectors import datasets as selector
from colorizer.services import datasets
from tests.conftest import on_disk_alone
from tests.curation import accept, add, encoded, measure, photos, picture


@pytest.fixture
def training(owner: User) -> Dataset:
    return datasets.create(name="Gardens", kind=Dataset.Kind.TRAINING, by=owner)


@pytest.fixture
def benchmark(owner: User) -> Dataset:
    return datasets.create(name="Judge", kind=Dataset.Kind.BENCHMARK, by=owner)


def filled(dataset: Dataset, owner: User, files: dict[str, bytes], **said: str) -> None:
    add(dataset, owner, files, **said)
    measure()
    accept(dataset)


def cut(photo: Image.Image) -> Image.Image:
    return photo.crop((8, 6, photo.width, photo.height))


def copies(photo: Image.Image) -> dict[str, bytes]:
    half = (photo.width // 2, photo.height // 2)
    return {
        "re-saved.jpg": encoded(photo, quality=40),
        "resized.png": encoded(photo.resize(half), format="PNG"),
        "cut.jpg": encoded(cut(photo)),
    }


def test_a_version_names_its_photos_and_has_a_hash_over_them(training: Dataset, owner: User) -> None:
    filled(training, owner, photos(4), licence="open")
    first = datasets.freeze(dataset=training, by=owner)
    second = datasets.freeze(dataset=training, by=owner)
    assert (first.number, second.number, first.items.count()) == (1, 2, 4)
    assert first.sha256 == second.sha256 == datasets.digest(first.items.all())
    training.items.filter(name="0.jpg").update(category="cats")
    assert datasets.freeze(dataset=training, by=owner).sha256 != first.sha256


def test_what_was_not_accepted_stays_out(training: Dataset, owner: User) -> None:
    filled(training, owner, photos(4))
    training.items.filter(name="0.jpg").update(state=DatasetItem.State.REJECTED)
    training.items.filter(name="1.jpg").update(state=DatasetItem.State.NEW)
    version = datasets.freeze(dataset=training, by=owner)
    assert sorted(item.item.name for item in version.items.all() if item.item) == ["2.jpg", "3.jpg"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "no accepted photo"),
        (photos(1), "One photo is not enough"),
        ({f"{n}.jpg": encoded(picture(n, colour=0)) for n in range(3)}, "grey"),
    ],
)
def test_a_set_that_teaches_nothing_is_refused(
    training: Dataset, owner: User, files: dict[str, bytes], words: str
) -> None:
    filled(training, owner, files)
    with pytest.raises(datasets.Unready, match=words):
        datasets.freeze(dataset=training, by=owner)
    assert not DatasetVersion.objects.exists()


def test_one_whose_photos_are_not_all_measured_waits(training: Dataset, owner: User) -> None:
    filled(training, owner, photos(3))
    add(training, owner, photos(1, first=10))
    with pytest.raises(datasets.Unready, match="still being looked at"):
        datasets.freeze(dataset=training, by=owner)


def learned_from(dataset: Dataset, owner: User) -> None:
    """Five photos are in it, and a training has had them."""
    filled(dataset, owner, photos(5))
    version = datasets.freeze(dataset=dataset, by=owner)
    Training.objects.create(name="First", dataset_version=version, network="lite")


class TestApart:
    def test_no_copy_of_a_benchmarks_photo_is_learned_from(
        self, training: Dataset, benchmark: Dataset, owner: User
    ) -> None:
        filled(benchmark, owner, photos(2))
        filled(training, owner, copies(picture(0)) | photos(1) | photos(3, first=10))
        version = datasets.freeze(dataset=training, by=owner)
        assert sorted(each.item.name for each in version.items.all() if each.item) == ["10.jpg", "11.jpg", "12.jpg"]
        assert selector.readiness(training).of_the_other_kind == 4

    def test_nor_where_the_benchmark_came_later(self, training: Dataset, benchmark: Dataset, owner: User) -> None:
        filled(training, owner, photos(5))
        version = datasets.freeze(dataset=training, by=owner)
        filled(benchmark, owner, {"cut.jpg": encoded(cut(picture(3)))})
        assert selector.usable_items(version).count() == 4
        benchmark.items.update(state=DatasetItem.State.REJECTED)
        assert selector.usable_items(version).count() == 5

    def test_nothing_is_judged_by_what_was_learned_from(
        self, training: Dataset, benchmark: Dataset, owner: User
    ) -> None:
        learned_from(training, owner)
        filled(benchmark, owner, copies(picture(2)) | photos(1, first=20))
        frozen = datasets.freeze(dataset=benchmark, by=owner)
        assert [each.item.name for each in frozen.items.all() if each.item] == ["20.jpg"]

    def test_nor_by_a_copy_of_what_was_learned_from_and_deleted_since(
        self, training: Dataset, benchmark: Dataset, owner: User
    ) -> None:
        learned_from(training, owner)
        datasets.delete_items(items=training.items.filter(name="2.jpg"), by=owner)
        filled(benchmark, owner, copies(picture(2)) | photos(1, first=20))
        frozen = datasets.freeze(dataset=benchmark, by=owner)
        assert [each.item.name for each in frozen.items.all() if each.item] == ["20.jpg"]
        assert selector.readiness(benchmark).of_the_other_kind == 3

    def test_a_frozen_benchmark_keeps_what_a_later_training_has_to_leave_out(
        self, training: Dataset, benchmark: Dataset, owner: User
    ) -> None:
        filled(training, owner, photos(5))
        version = datasets.freeze(dataset=training, by=owner)
        filled(benchmark, owner, copies(picture(2)) | photos(1, first=20))
        frozen = datasets.freeze(dataset=benchmark, by=owner)
        Training.objects.create(name="First", dataset_version=version, network="lite")
        judged, learned = benchmarks.items(frozen), selector.usable_items(version)
        assert (judged.count(), learned.count()) == (frozen.items.count(), 4)
        assert not {each.sha256 for each in judged} & {each.sha256 for each in learned}

    def test_what_was_judged_once_stays_excluded(self, training: Dataset, benchmark: Dataset, owner: User) -> None:
        filled(benchmark, owner, photos(2))
        datasets.freeze(dataset=benchmark, by=owner)
        datasets.delete_items(items=benchmark.items.all(), by=owner)
        filled(training, owner, photos(4))
        assert datasets.freeze(dataset=training, by=owner).items.count() == 2

    def test_a_copy_goes_into_the_split_of_its_first(self, training: Dataset, owner: User) -> None:
        filled(training, owner, photos(1), split="val")
        filled(training, owner, copies(picture(0)), split="train")
        assert set(training.items.values_list("split", flat=True)) == {"val"}

    def test_a_copy_that_was_put_across_splits_all_the_same_stays_out_of_validation(
        self, training: Dataset, owner: User
    ) -> None:
        filled(training, owner, photos(3) | copies(picture(0)), split="train")
        training.items.filter(name="re-saved.jpg").update(split="val")
        version = datasets.freeze(dataset=training, by=owner)
        assert not version.items.filter(split="val").exists()
        assert selector.readiness(training).across_splits == 1


@on_disk_alone  # the database and the store have no part in it
def test_other_photos_are_no_copies(training: Dataset, owner: User) -> None:
    filled(training, owner, photos(24))
    assert not DatasetItem.near.through.objects.exists()


def test_a_deleted_photo_leaves_a_tombstone_and_a_gap(
    training: Dataset, owner: User, django_capture_on_commit_callbacks: Any
) -> None:
    filled(training, owner, photos(3))
    version = datasets.freeze(dataset=training, by=owner)
    gone = training.items.get(name="1.jpg")
    with django_capture_on_commit_callbacks(execute=True):
        datasets.delete_items(items=training.items.filter(pk=gone.pk), by=owner)
    assert (selector.missing(version), selector.usable_items(version).count()) == (1, 2)
    assert Tombstone.objects.get(dataset=training).sha256 == gone.sha256
    assert not storage.models().exists(gone.key)
    assert not storage.models().exists(storage.item_copy_key(gone))


def test_a_benchmark_may_be_small_and_says_that_it_cannot_judge(
    benchmark: Dataset, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gate.FEWEST == 50
    monkeypatch.setattr(gate, "FEWEST", 4)
    filled(benchmark, owner, photos(3))
    assert selector.readiness(benchmark).is_small_to_judge
    version = datasets.freeze(dataset=benchmark, by=owner)
    assert not benchmarks.is_enough(version)
    filled(benchmark, owner, photos(1, first=3))
    assert benchmarks.is_enough(datasets.freeze(dataset=benchmark, by=owner))


def test_a_photo_that_cannot_be_read_to_its_end_fails_with_a_reason(training: Dataset, owner: User) -> None:
    from worker.lease import Failed

    whole = encoded(picture(0, size=(400, 300)))
    add(training, owner, {"half.jpg": whole[: len(whole) // 2]})
    with pytest.raises(Failed) as caught:
        measure()
    assert caught.value.reason == "truncated"
    assert training.items.get().status == Status.RUNNING  # the lease, which is not here, writes it down
