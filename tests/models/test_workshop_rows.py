"""What the database itself sees to: one of a thing where there may be but one, and what stays when something goes."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from colorizer.models import (
    Coloring,
    Comparison,
    Consent,
    Dataset,
    DatasetItem,
    DatasetVersion,
    FrozenItem,
    ModelVersion,
    Photo,
    Promotion,
    Status,
    Tombstone,
    Training,
    TrainingPoint,
    User,
)
from tests.views.conftest import make_photo


@pytest.fixture
def photo(album: object) -> Photo:
    return make_photo(album)  # type: ignore[arg-type]


@pytest.fixture
def dataset(db: None) -> Dataset:
    return Dataset.objects.create(name="Harbours")


@pytest.fixture
def version(dataset: Dataset) -> DatasetVersion:
    return DatasetVersion.objects.create(dataset=dataset, number=1, sha256="a" * 64)


@pytest.fixture
def models(db: None) -> tuple[ModelVersion, ModelVersion]:
    live = ModelVersion.objects.create(name="old", sha256="0" * 64, state=ModelVersion.State.LIVE)
    return live, ModelVersion.objects.create(name="new", sha256="1" * 64)


def refused(make: object) -> bool:
    try:
        with transaction.atomic():
            make()  # type: ignore[operator]
    except IntegrityError:
        return True
    return False


def test_a_photo_has_one_consent_that_stands_and_another_after_it_was_withdrawn(photo: Photo, owner: User) -> None:
    offer = {"family": photo.album.family, "photo": photo, "text": "2026-11", "given_by": owner}
    first = Consent.objects.create(**offer)
    assert refused(lambda: Consent.objects.create(**offer))
    Consent.objects.create(coloring=photo.colorings.get(), **offer)
    assert refused(lambda: Consent.objects.create(coloring=photo.colorings.get(), **offer))
    first.withdrawn_at = timezone.now()
    first.save()
    again = Consent.objects.create(**offer)
    assert set(Consent.objects.standing().filter(coloring=None)) == {again}


def test_a_consent_is_seen_by_its_family_alone(photo: Photo, owner: User, stranger: User) -> None:
    Consent.objects.create(family=photo.album.family, photo=photo, text="2026-11")
    assert Consent.objects.for_user(owner).count() == 1
    assert not Consent.objects.for_user(stranger).exists()


def test_a_file_is_in_a_dataset_once_and_what_was_frozen_outlives_it(dataset: Dataset, version: DatasetVersion) -> None:
    item = DatasetItem.objects.create(dataset=dataset, sha256="b" * 64, key="1", format="jpeg")
    assert refused(lambda: DatasetItem.objects.create(dataset=dataset, sha256="b" * 64, key="2", format="jpeg"))
    frozen = FrozenItem.objects.create(version=version, item=item, sha256=item.sha256, licence="open", split="train")
    item.delete()
    frozen.refresh_from_db()
    assert (frozen.item, frozen.sha256) == (None, "b" * 64)
    assert version.items.filter(item=None).count() == 1


def test_a_tombstone_is_of_a_family_or_of_a_dataset(dataset: Dataset, photo: Photo) -> None:
    Tombstone.objects.create(dataset=dataset, sha256="b" * 64, reason="withdrawn")
    both = {"dataset": dataset, "family": photo.album.family}
    assert refused(lambda: Tombstone.objects.create(sha256="c" * 64, reason="deleted", **both))
    assert refused(lambda: Tombstone.objects.create(sha256="c" * 64, reason="deleted"))


def test_one_model_is_live(models: tuple[ModelVersion, ModelVersion]) -> None:
    assert refused(lambda: ModelVersion.objects.update(state=ModelVersion.State.LIVE))


def test_a_training_names_its_slice_in_its_message(version: DatasetVersion) -> None:
    training = Training.objects.create(name="First", dataset_version=version, network="lite", slice=3, attempt=2)
    assert training.message_id == f"{training.pk}:3:2"
    TrainingPoint.objects.create(training=training, step=10, seconds=1.0, loss=2.0, rate=1e-3)
    point = {"training": training, "step": 10, "seconds": 1.5, "loss": 2.0, "rate": 1e-3}
    assert refused(lambda: TrainingPoint.objects.create(**point))


def test_two_models_are_compared_once_at_a_time(
    version: DatasetVersion, models: tuple[ModelVersion, ModelVersion]
) -> None:
    live, candidate = models
    first = Comparison.objects.create(candidate=candidate, live=live, benchmark=version)
    assert refused(lambda: Comparison.objects.create(candidate=candidate, live=live, benchmark=version))
    assert refused(lambda: Comparison.objects.create(candidate=live, live=live, benchmark=version))
    Comparison.objects.filter(pk=first.pk).update(status=Status.DONE)
    assert Comparison.objects.create(candidate=candidate, live=live, benchmark=version).pk


def test_a_promotion_is_of_another_version(models: tuple[ModelVersion, ModelVersion]) -> None:
    live, candidate = models
    assert Promotion.objects.create(version=candidate, previous=live).pk
    assert refused(lambda: Promotion.objects.create(version=live, previous=live))


def test_who_goes_takes_nothing_of_it_along(version: DatasetVersion, owner: User, photo: Photo) -> None:
    training = Training.objects.create(name="First", dataset_version=version, network="lite", created_by=owner)
    consent = Consent.objects.create(family=photo.album.family, photo=photo, text="2026-11", given_by=owner)
    owner.delete()
    training.refresh_from_db()
    consent.refresh_from_db()
    assert (training.created_by, consent.given_by) == (None, None)
    assert Coloring.objects.exists()
