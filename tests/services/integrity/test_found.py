"""Where the database and the storages do not agree, it is said."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django import Settings

from colorizer import storage
from colorizer.findings import Kind
from colorizer.models import Album, Coloring, ModelVersion, Original, Photo, Queue, Status, User
from colorizer.selectors import integrity
from colorizer.services import jobs
from colorizer.stores import DiskStore
from tests.conftest import on_disk_alone

from .house import OLD, content_of, damage, fix, found, in_colour, put, shown

pytestmark = on_disk_alone


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_a_house_in_order_is_clean(album: Album, editor: User, name: str) -> None:
    in_colour(album, editor, name=name)
    report = integrity.check()
    assert report.is_clean, report.findings
    assert report.checked["originals"] == report.checked["prepared photos"] == report.checked["colourings"] == 1


def test_an_original_that_is_missing_is_told_and_its_row_stays(photo: Photo) -> None:
    storage.originals().delete(photo.original.key)
    assert found() == {Kind.ORIGINAL_MISSING: [photo.original.key]}
    assert fix() == {photo.original.key: "left as it is"}
    assert Photo.objects.get() == photo


def test_one_changed_byte_of_an_original_is_noticed_and_the_file_left_alone(photo: Photo) -> None:
    store = storage.originals()
    content = bytearray(content_of(store, photo.original.key))
    content[-3] ^= 1
    damage(store, photo.original.key, bytes(content))

    assert found(quick=True) == {}
    assert found() == {Kind.ORIGINAL_CHANGED: [photo.original.key]}
    assert fix() == {photo.original.key: "left as it is"}
    assert content_of(store, photo.original.key) == content


def test_a_quick_look_sees_an_original_that_was_cut_off(photo: Photo) -> None:
    damage(storage.originals(), photo.original.key, b"half")
    assert found(quick=True) == {Kind.ORIGINAL_CHANGED: [photo.original.key]}


def test_every_missing_or_empty_result_is_named(album: Album, editor: User) -> None:
    photo = in_colour(album, editor, name="a.tif")
    results = storage.results()
    greys, copies, full = storage.grey_keys(photo), storage.copy_keys(shown(photo)), storage.full_key(shown(photo))
    assert len(greys) == len(copies) == 3
    results.delete(greys[2])
    damage(results, copies[0], b"")
    damage(results, full, b"half")
    assert found() == {
        Kind.RENDITION_MISSING: [greys[2]],
        Kind.RESULT_MISSING: [full],
        Kind.COPY_MISSING: [copies[0]],
    }


def test_what_was_stored_after_the_listing_is_not_called_missing(photo: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DiskStore, "files", lambda self: iter(()))
    assert set(found()) == {Kind.ORIGINAL_MISSING, Kind.RENDITION_MISSING, Kind.RESULT_MISSING, Kind.COPY_MISSING}
    now = timezone.now()
    for model in (Original, Photo, Coloring):
        model._default_manager.update(changed_at=now)
    assert found() == {}


def test_a_file_without_a_row_is_an_orphan_only_past_the_grace(photo: Photo) -> None:
    """An upload stores its file first."""
    for age, what in ((timedelta(hours=1), "in progress"), (OLD, "left behind")):
        put(storage.originals(), f"{photo.original.family_id}/{uuid4()}.jpg", what.encode(), age=age)
        put(storage.results(), f"photos/{uuid4()}/grey-480.webp", age=age)
        put(storage.models(), f"{age.days}.safetensors", age=age)
    wrong = found()
    assert {kind: len(keys) for kind, keys in wrong.items()} == {
        Kind.ORIGINAL_ORPHAN: 1,
        Kind.RESULT_ORPHAN: 1,
        Kind.WEIGHTS_ORPHAN: 1,
    }
    assert {len(keys) for keys in found(grace=timedelta(0)).values()} == {2}


def test_what_a_coloring_that_is_not_done_has_stored_is_its_own(photo: Photo) -> None:
    coloring = Coloring.objects.create(photo=photo, status=Status.CANCELLED)
    put(storage.results(), storage.result_key(coloring, "full"))
    assert found() == {}


def test_more_rows_than_one_batch_are_all_looked_at(
    photo: Photo, album: Album, editor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity, "BATCH", 2)
    photos = [photo, *(in_colour(album, editor, shade=shade) for shade in range(1, 5))]
    assert found() == {}
    for each in photos:
        storage.originals().delete(each.original.key)
    assert sorted(found()[Kind.ORIGINAL_MISSING]) == sorted(each.original.key for each in photos)


def test_weights_must_be_there_with_their_hash_and_exactly_one_version_be_live(photo: Photo) -> None:
    content = b"weights"
    put(storage.models(), "a.safetensors", content)
    sha256 = storage.sha256(storage.models(), "a.safetensors")
    storage.models().delete("a.safetensors")
    version = ModelVersion.objects.create(name="lite", sha256=sha256, state=ModelVersion.State.LIVE)
    key = storage.weights_key(sha256)
    assert found() == {Kind.WEIGHTS_MISSING: [key]}
    put(storage.models(), key, content)
    assert found() == {}
    damage(storage.models(), key, b"Weights")
    assert found() == {Kind.WEIGHTS_CHANGED: [key]}
    damage(storage.models(), key, content)
    ModelVersion.objects.filter(pk=version.pk).update(state=ModelVersion.State.RETIRED)
    assert set(found()) == {Kind.LIVE_MODELS}


def test_a_job_whose_worker_gives_no_sign_of_life_is_stuck(photo: Photo, settings: Settings) -> None:
    settings.HEIRLOOM_HEARTBEAT_SECONDS = 0.01
    waiting = Coloring.objects.create(photo=photo)
    job = jobs.claim(model=Coloring, pk=waiting.pk, attempt=1, owner="here/1/2")
    assert found() == {}
    for away in (-timedelta(hours=1), timedelta(hours=1)):
        Coloring.objects.filter(pk=waiting.pk).update(heartbeat_at=timezone.now() + away)
        assert found() == {Kind.JOB_LEFT: [str(waiting.pk)]}
    assert job is not None
    assert fix() == {str(waiting.pk): "taken from the worker that is gone"}
    waiting.refresh_from_db()
    assert (waiting.status, waiting.failures) == (Status.QUEUED, 1)


def test_a_worker_whose_clock_is_wrong_but_that_lives_is_not_called_stuck(
    photo: Photo, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = Coloring.objects.create(photo=photo)
    jobs.claim(model=Coloring, pk=waiting.pk, attempt=1, owner="here/1/2")
    beat = timezone.now() - timedelta(hours=1)
    Coloring.objects.filter(pk=waiting.pk).update(heartbeat_at=beat)

    def meanwhile(seconds: float) -> None:
        Coloring.objects.filter(pk=waiting.pk).update(heartbeat_at=beat + timedelta(seconds=10))

    monkeypatch.setattr("colorizer.selectors.stuck.time.sleep", meanwhile)
    assert found() == {}


def test_a_job_that_nobody_ever_sent_is_stuck_but_the_bulk_may_wait_its_turn(photo: Photo) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    waiting = Coloring.objects.create(photo=photo, changed_at=long_ago)
    assert found() == {Kind.JOB_UNSENT: [str(waiting.pk)]}
    Coloring.objects.filter(pk=waiting.pk).update(queue=Queue.BULK)
    assert found() == {Kind.JOB_UNSENT: [str(waiting.pk)]}
    make = {"status": Status.QUEUED, "queue": Queue.BULK, "family": photo.album.family, "format": "jpeg", "size": 1}
    ahead = [Original(sha256=str(number), key=str(number), sent_at=long_ago, **make) for number in range(20)]
    Original.objects.bulk_create(ahead)
    assert Kind.JOB_UNSENT not in found()


def test_a_photo_shows_a_colouring_of_its_own_that_is_done(photo: Photo, album: Album, editor: User) -> None:
    other = in_colour(album, editor, shade=9)
    Photo.objects.filter(pk=other.pk).update(shown=photo.shown)
    assert found() == {Kind.SHOWN_WRONG: [str(other.pk)]}
    own = other.colorings.get()
    assert fix() == {str(other.pk): f"shows {own.pk} now"}
    assert found() == {}
