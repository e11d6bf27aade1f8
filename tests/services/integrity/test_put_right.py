"""Only what is safe is put right."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from colorizer import storage
from colorizer.findings import Finding, Kind, Report
from colorizer.models import Coloring, Discard, Family, Original, Photo, Queue, Status, Tombstone
from colorizer.services import discarding, reconciling, trash
from tests.conftest import on_disk_alone
from tests.files import picture

from .house import OLD, content_of, damage, fix, found, put, shown

pytestmark = on_disk_alone


def test_a_photo_that_nothing_will_read_is_noticed_and_read(photo: Photo) -> None:
    Photo.objects.filter(pk=photo.pk).update(state=Photo.State.PREPARING)
    assert found() == {Kind.PHOTO_FORGOTTEN: [str(photo.pk)]}
    fix()
    photo.original.refresh_from_db()
    assert photo.original.status == Status.QUEUED


def test_a_lost_rendition_sends_its_original_back_and_what_the_family_sees_stays(photo: Photo) -> None:
    key = storage.grey_keys(photo)[0]
    storage.results().delete(key)
    assert fix() == {key: "queued to be made again"}
    photo.refresh_from_db()
    original = Original.objects.get()
    assert (original.status, original.queue, photo.state) == (Status.QUEUED, Queue.BULK, Photo.State.READY)
    assert photo.shown is not None


def test_a_lost_result_is_coloured_again_and_not_shown_until_then(photo: Photo) -> None:
    coloring = shown(photo)
    full, copy = storage.full_key(coloring), storage.copy_keys(coloring)[0]
    storage.results().delete(full)
    storage.results().delete(copy)
    assert fix() == {full: "queued to be made again", copy: "in the queue already"}
    photo.refresh_from_db()
    coloring.refresh_from_db()
    assert (photo.shown, coloring.status) == (None, Status.QUEUED)
    assert found() == {}


def test_a_lost_copy_is_made_again_while_the_result_stays_shown(photo: Photo) -> None:
    key = storage.copy_keys(shown(photo))[0]
    storage.results().delete(key)
    assert fix() == {key: "queued to be made again"}
    photo.refresh_from_db()
    assert shown(photo).status == Status.QUEUED
    assert found() == {}


def test_nothing_is_made_again_from_an_original_that_is_lost(photo: Photo) -> None:
    key = storage.grey_keys(photo)[0]
    storage.results().delete(key)
    storage.originals().delete(photo.original.key)
    assert fix()[key] == "left as it is: its original is lost"
    assert Original.objects.get().status == Status.DONE


def test_a_second_open_colouring_is_never_made(photo: Photo) -> None:
    key = storage.full_key(shown(photo))
    storage.results().delete(key)
    Coloring.objects.create(photo=photo)
    assert "another colouring" in fix()[key]
    photo.refresh_from_db()
    assert photo.shown is not None


def test_an_orphan_among_the_results_goes(photo: Photo) -> None:
    key = f"colorings/{uuid4()}/full.jpg"
    put(storage.results(), key)
    put(storage.results(), "lost+found")
    assert fix() == {key: "deleted", "lost+found": "deleted"}
    assert found() == {}


def test_an_orphan_that_got_its_row_meanwhile_stays(photo: Photo) -> None:
    key = storage.grey_keys(photo)[0]
    report = Report(findings=[Finding(Kind.RESULT_ORPHAN, key=key)])
    assert reconciling.fix(report=report)[0].done == "has a row by now"
    assert storage.results().exists(key)


def test_an_original_without_a_row_becomes_a_photo_of_its_family(photo: Photo, family: Family) -> None:
    """As where the database comes from a backup that is older than the upload."""
    pk = uuid4()
    key = storage.original_key(family.pk, pk, "jpeg")
    put(storage.originals(), key, picture("JPEG", shade=77))

    assert fix()[key].startswith("taken in")

    taken = Original.objects.get(pk=pk)
    assert (taken.key, taken.sha256, taken.status) == (key, storage.sha256(storage.originals(), key), Status.QUEUED)
    assert taken.photos.get().album.is_unsorted
    assert found() == {}


@pytest.mark.parametrize("key", ["stray.jpg", "{nobody}/{nobody}.jpg", "{family}/not-an-id.jpg", "{family}/a/b.jpg"])
def test_an_original_whose_family_is_not_known_stays_where_it_is(photo: Photo, family: Family, key: str) -> None:
    key = key.format(family=family.pk, nobody=uuid4())
    put(storage.originals(), key)
    assert fix()[key].startswith("left where it is")
    assert storage.originals().exists(key)


def test_a_second_copy_goes_where_the_first_is_whole_and_stays_where_it_is_not(photo: Photo, family: Family) -> None:
    store, original = storage.originals(), photo.original
    content = content_of(store, original.key)
    key = storage.original_key(family.pk, uuid4(), "jpeg")
    put(store, key, content)
    damage(store, original.key, b"x" * len(content))
    assert fix()[key] == f"left: it has the bytes that the original {original.pk} has lost"
    assert store.exists(key)
    damage(store, original.key, content)
    assert fix()[key] == f"deleted: the same bytes are kept as the original {original.pk}"
    assert not store.exists(key)
    assert found() == {}


def test_what_the_family_deleted_for_ever_does_not_come_back(photo: Photo, family: Family) -> None:
    store, original = storage.originals(), photo.original
    content = content_of(store, original.key)
    trash.purge_photo(photo=photo)
    put(store, original.key, content)
    assert fix()[original.key].startswith("deleted: the family deleted it")
    assert not store.exists(original.key)


def test_what_is_about_to_be_deleted_is_neither_an_orphan_nor_taken_in(photo: Photo, family: Family) -> None:
    """Where the storage was away when the family deleted it."""
    keys = storage.original_key(family.pk, uuid4(), "jpeg"), f"photos/{uuid4()}/grey-480.webp"
    put(storage.originals(), keys[0])
    put(storage.results(), keys[1])
    discarding.note(originals=keys[:1], results=keys[1:])
    assert found() == {}
    report = Report(findings=[Finding(Kind.ORIGINAL_ORPHAN, key=keys[0]), Finding(Kind.RESULT_ORPHAN, key=keys[1])])
    assert {outcome.done for outcome in reconciling.fix(report=report)} == {"has a row by now"}


def test_what_a_storage_keeps_though_it_was_deleted_is_told_after_a_day(photo: Photo, family: Family) -> None:
    key = storage.original_key(family.pk, uuid4(), "jpeg")
    discarding.note(originals=[key])
    assert found() == {}
    Discard.objects.update(noted_at=timezone.now() - OLD)
    assert found() == {Kind.DISCARD_KEPT: [key]}
    assert fix() == {key: "left as it is"}


def test_what_was_uploaded_again_after_a_deletion_is_not_taken_for_its_rest(photo: Photo, family: Family) -> None:
    store, original = storage.originals(), photo.original
    content = content_of(store, original.key)
    trash.purge_photo(photo=photo)
    Tombstone.objects.update(created_at=timezone.now() - 2 * OLD)
    put(store, original.key, content)
    assert fix()[original.key].startswith("taken in")


def test_the_daily_sweep_deletes_orphans_past_the_grace(photo: Photo) -> None:
    old, young = (f"photos/{uuid4()}/grey-480.webp" for _ in range(2))
    put(storage.results(), old)
    put(storage.results(), young, age=timedelta(hours=1))
    assert reconciling.sweep_results() == 1
    assert not storage.results().exists(old)
    assert storage.results().exists(young)
    assert found() == {}


def test_the_daily_sweep_stops_before_a_database_that_knows_hardly_any_file(
    photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "FEW", 2)
    for shade in range(8):
        put(storage.results(), f"photos/{uuid4()}/grey-{shade}.webp")
    assert reconciling.sweep_results() == 0
    assert len(found()[Kind.RESULT_ORPHAN]) == 8
