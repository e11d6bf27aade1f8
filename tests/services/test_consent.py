"""A family's word for one photo: what is offered, what a dataset then holds, and that it goes when it is taken back."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from colorizer import storage
from colorizer.models import Action, Album, AuditEntry, Coloring, Consent, Dataset, DatasetItem, Photo, Tombstone, User
from colorizer.selectors import datasets as selector
from colorizer.selectors import gallery, offers
from colorizer.services import coloring, consent, curation, datasets, exporting, importing, leaving, trash
from tests.curation import accept, add, encoded, measure, photos, picture
from tests.views.conftest import add_colour, make_photo

WHERE = "Stockholm, behind the house"


@pytest.fixture
def dataset(owner: User) -> Dataset:
    return datasets.create(name="Offered", kind=Dataset.Kind.TRAINING, by=owner)


@pytest.fixture
def as_owner(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def photo(album: Album) -> Photo:
    """In colour, with a comment in the file of its colours, as full as they come."""
    made = make_photo(album)
    assert made.shown
    data = io.BytesIO()
    picture(5, size=(320, 240)).save(data, "JPEG", comment=WHERE.encode())
    storage.results().delete(made.shown.key)
    storage.results().save(made.shown.key, ContentFile(data.getvalue()))
    return gallery.with_colors([made])[0]


def test_it_is_offered_once_with_the_words_agreed_to(photo: Photo, owner: User) -> None:
    given = consent.offer(photo=photo, by=owner)
    assert consent.offer(photo=photo, by=owner) == given
    assert (given.coloring, given.text, given.given_by) == (photo.shown, consent.TEXT, owner)
    assert AuditEntry.objects.filter(action=Action.CONSENT_GIVEN).count() == 1


def test_what_is_not_in_colour_is_not_offered(album: Album, owner: User) -> None:
    waiting = gallery.with_colors([make_photo(album, shade=1, coloured=False, state=Photo.State.ASKS)])[0]
    with pytest.raises(consent.CannotOffer):
        consent.offer(photo=waiting, by=owner)


def test_what_came_in_colour_and_was_kept_is_offered_itself(album: Album, owner: User, dataset: Dataset) -> None:
    kept = make_photo(album, shade=1, coloured=False)
    assert consent.offer(photo=gallery.with_colors([kept])[0], by=owner).coloring is None
    assert importing.add_offered(dataset=dataset, by=owner).taken == 1


def test_what_is_offered_is_the_version_that_was_corrected_whatever_is_shown_later(
    photo: Photo, owner: User, dataset: Dataset, as_owner: Client
) -> None:
    automatic = photo.shown
    assert automatic
    add_colour(photo)
    corrected = photo.shown
    assert corrected
    Coloring.objects.filter(pk=corrected.pk).update(name="Ida's red dress", warmth=4)
    data = io.BytesIO()
    picture(7, size=(320, 240)).save(data, "JPEG")
    storage.results().delete(corrected.key)
    storage.results().save(corrected.key, ContentFile(data.getvalue()))
    page = reverse("photo", args=[photo.pk])
    assert "the model's own colours" not in as_owner.get(page).content.decode()
    given = consent.offer(photo=gallery.with_colors([photo])[0], by=owner)
    coloring.show(coloring=automatic)
    assert importing.add_offered(dataset=dataset, by=owner).taken == 1
    with storage.models().open(dataset.items.get().key) as file:
        held = np.asarray(Image.open(file).convert("RGB"), int)
    assert np.abs(held - np.asarray(picture(7, size=(320, 240)), int)).mean() < 5
    said = as_owner.get(page).content.decode()
    assert reverse("offers", args=[given.family_id]) in said
    assert "the model's own colours" in said
    listed = as_owner.get(reverse("offers", args=[given.family_id])).content.decode()
    assert "Ida&#x27;s red dress" in listed


def test_a_dataset_holds_the_pixels_and_nothing_of_the_family(photo: Photo, owner: User, dataset: Dataset) -> None:
    given = consent.offer(photo=photo, by=owner)
    assert importing.add_offered(dataset=dataset, by=owner).taken == 1
    assert importing.add_offered(dataset=dataset, by=owner).taken == 0
    item = dataset.items.get()
    assert (item.consent, item.licence) == (given, "consent")
    assert photo.original.name not in item.name
    with storage.models().open(item.key) as file:
        content = file.read()
    assert WHERE.encode() not in content
    with Image.open(io.BytesIO(content)) as stored:
        assert stored.size == (320, 240)


def test_what_lies_in_the_trash_is_not_taken_in(photo: Photo, owner: User, dataset: Dataset) -> None:
    consent.offer(photo=photo, by=owner)
    trash.delete_photo(photo=photo)
    assert importing.add_offered(dataset=dataset, by=owner).taken == 0


@pytest.mark.parametrize("ends", ["withdrawn", "purged"])
def test_a_photo_that_is_taken_back_while_it_is_taken_in_stays_outside(
    photo: Photo, owner: User, dataset: Dataset, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    given, store = consent.offer(photo=photo, by=owner), importing._stored

    def stored_too_late(*asked: Any) -> Any:
        found = store(*asked)
        if ends == "withdrawn":
            consent.withdraw(consent=given, by=owner)
        else:
            trash.purge_photo(photo=photo)
        return found

    monkeypatch.setattr(importing, "_stored", stored_too_late)
    report = importing.add_offered(dataset=dataset, by=owner)
    assert (report.taken, [sentence for _name, sentence in report.refused]) == (
        0,
        ["Its family has withdrawn this photo."],
    )
    assert not dataset.items.exists()
    assert not list(storage.models().files(f"datasets/{dataset.pk}/"))


def test_the_hashes_of_a_dataset_are_read_once_for_all_offers(
    photo: Photo, album: Album, owner: User, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Dataset] = []
    hashes = importing._hashes
    monkeypatch.setattr(importing, "_hashes", lambda dataset: read.append(dataset) or hashes(dataset))
    consent.offer(photo=photo, by=owner)
    kept = gallery.with_colors([make_photo(album, shade=1, coloured=False)])[0]
    consent.offer(photo=kept, by=owner)
    assert importing.add_offered(dataset=dataset, by=owner).taken == 2
    assert read == [dataset]


class TestTakenBack:
    @pytest.fixture
    def item(self, photo: Photo, owner: User, dataset: Dataset) -> DatasetItem:
        consent.offer(photo=photo, by=owner)
        importing.add_offered(dataset=dataset, by=owner)
        add(dataset, owner, photos(2))
        measure()
        accept(dataset)
        datasets.freeze(dataset=dataset, by=owner)
        return dataset.items.get(consent__isnull=False)

    def gone(self, item: DatasetItem) -> None:
        assert not DatasetItem.objects.filter(pk=item.pk).exists()
        assert not storage.models().exists(item.key)
        assert not storage.models().exists(storage.item_copy_key(item))
        stone = Tombstone.objects.get(dataset=item.dataset)
        assert (stone.sha256, stone.reason) == (item.sha256, importing.WITHDRAWN)
        version = item.dataset.versions.get()
        assert (selector.missing(version), selector.usable_items(version).count()) == (1, 2)
        assert datasets.freeze(dataset=item.dataset, by=None).items.count() == 2

    def test_by_its_family(self, item: DatasetItem, owner: User, django_capture_on_commit_callbacks: Any) -> None:
        given = Consent.objects.get()
        with django_capture_on_commit_callbacks(execute=True):
            consent.withdraw(consent=given, by=owner)
        given.refresh_from_db()
        assert (given.withdrawn_by, given.withdrawn_at is None) == (owner, False)
        assert AuditEntry.objects.filter(action=Action.CONSENT_WITHDRAWN, object_id=str(given.pk)).count() == 1
        self.gone(item)

    def test_with_the_photo_for_ever(
        self, item: DatasetItem, photo: Photo, django_capture_on_commit_callbacks: Any
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            trash.purge_photo(photo=photo)
        assert not Consent.objects.exists()
        self.gone(item)

    def test_with_the_family(self, item: DatasetItem, owner: User, django_capture_on_commit_callbacks: Any) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            leaving.delete_account(user=owner, by=None)
        self.gone(item)

    def test_it_can_be_offered_again(self, item: DatasetItem, photo: Photo, owner: User) -> None:
        consent.withdraw(consent=Consent.objects.get(), by=owner)
        consent.offer(photo=photo, by=owner)
        assert offers.not_taken_in().count() == 1
        assert importing.add_offered(dataset=item.dataset, by=owner).taken == 1

    def test_it_never_leaves_in_an_export(self, item: DatasetItem, tmp_path: Path) -> None:
        for version in (None, item.dataset.versions.get()):
            folder = tmp_path / str(version)
            assert exporting.into_folder(dataset=item.dataset, version=version, folder=folder) == 2
            assert item.sha256[:16] not in (folder / "index.csv").read_text()


class TestDecisions:
    def test_only_what_was_measured_is_accepted(self, dataset: Dataset, owner: User) -> None:
        add(dataset, owner, photos(2))
        assert curation.decide(items=dataset.items.all(), state="accepted") == 0
        measure()
        assert curation.decide(items=dataset.items.all(), state="accepted") == 2

    def test_a_copy_moves_along(self, dataset: Dataset, owner: User) -> None:
        copy = encoded(picture(0).crop((8, 0, 160, 114)), quality=60)
        add(dataset, owner, photos(2) | {"copy.jpg": copy}, split="train")
        measure()
        assert curation.decide(items=dataset.items.filter(name="0.jpg"), split="val") == 2
        assert dict(dataset.items.values_list("name", "split")) == {"0.jpg": "val", "copy.jpg": "val", "1.jpg": "train"}

    def test_what_is_not_said_stays(self, dataset: Dataset, owner: User) -> None:
        add(dataset, owner, photos(1), category="cats")
        curation.decide(items=dataset.items.all(), crop_free=True)
        assert dataset.items.filter(crop_free=True, category="cats", state="new").count() == 1
        curation.decide(items=dataset.items.all(), category="")
        assert dataset.items.filter(crop_free=True, category="").count() == 1
