"""What was lost of the results is made again by a real worker, and nothing else changes."""

import pytest
from PIL import Image

from colorizer import storage
from colorizer.findings import Finding, Kind, Report
from colorizer.models import Album, Coloring, Photo, Status, User
from colorizer.services import intake, reconciling, trash
from ml.field import Field
from tests.conftest import make_photo
from tests.stack import Process, wait_for

from .conftest import Upload, coloring_with, original_with

pytestmark = pytest.mark.worker


def make_again(kind: Kind, pk: object, *keys: str) -> None:
    """Lose these files of a row, and have them made again."""
    for key in keys:
        storage.results().delete(key)
    report = Report(findings=[Finding(kind, str(pk), key) for key in keys])
    assert all(outcome.is_right for outcome in reconciling.fix(report=report))
    wait_for(lambda: all(storage.results().exists(key) for key in keys), what="the lost files")


def test_a_lost_result_is_coloured_again_and_shown_again(worker: Process, upload: Upload) -> None:
    photo = upload("lake.jpg")
    done = coloring_with(Status.DONE, photo)
    make_again(Kind.RESULT_MISSING, done.pk, storage.full_key(done))
    assert coloring_with(Status.DONE, photo) == done
    photo.refresh_from_db()
    assert photo.shown == done


def test_small_copies_are_made_from_a_result_that_stays_as_it_was(worker: Process, upload: Upload) -> None:
    photo = upload("lake.tif")
    done = coloring_with(Status.DONE, photo)
    full = storage.full_key(done)
    before = storage.results().get_modified_time(full)
    copies = [key for key in storage.copy_keys(done) if key != storage.field_key(done)]
    make_again(Kind.COPY_MISSING, done.pk, *copies)
    assert storage.results().get_modified_time(full) == before
    for key, size in zip(copies, (480, 640, 640), strict=True):
        with storage.results().open(key) as file, Image.open(file) as copy:
            assert (max(copy.size), copy.convert("HSV").getchannel("S").getextrema()[1] > 30) == (size, True)
    again = coloring_with(Status.DONE, photo)
    assert again.has_field
    assert (again, again.seconds, again.model_version) == (done, done.seconds, done.model_version)
    photo.refresh_from_db()
    assert photo.shown == done


def test_a_lost_field_is_done_without_since_another_model_may_be_at_work(worker: Process, upload: Upload) -> None:
    photo = upload("lake.jpg")
    done = coloring_with(Status.DONE, photo)
    with storage.results().open(storage.field_key(done)) as file:
        assert Field.unpack(file.read()).gains[0] == 0
    storage.results().delete(storage.field_key(done))
    report = Report(findings=[Finding(Kind.COPY_MISSING, str(done.pk), storage.field_key(done))])
    assert all(outcome.is_right for outcome in reconciling.fix(report=report))
    wait_for(lambda: Coloring.objects.filter(pk=done.pk, status=Status.DONE, has_field=False).exists())
    done.refresh_from_db()
    assert storage.field_key(done) not in storage.copy_keys(done)


def test_an_older_colouring_that_is_made_again_takes_no_others_place(worker: Process, upload: Upload) -> None:
    photo = upload("lake.jpg")
    older = coloring_with(Status.DONE, photo)
    newer = Coloring.objects.create(photo=photo, status=Status.DONE, key="newer", size=1)
    Photo.objects.filter(pk=photo.pk).update(shown=newer)
    make_again(Kind.RESULT_MISSING, older.pk, storage.full_key(older))
    wait_for(lambda: Coloring.objects.filter(pk=older.pk, status=Status.DONE).exists())
    photo.refresh_from_db()
    assert photo.shown == newer


def test_renditions_are_made_again_and_the_familys_answer_stays(worker: Process, album: Album, editor: User) -> None:
    photo = intake.accept(into=album, user=editor, upload=make_photo("launch.jpg", colour=True))
    original_with(Status.DONE, photo)
    intake.answer(photo=photo, colour=False)
    make_again(Kind.RENDITION_MISSING, photo.pk, storage.grey_key(photo, 480))
    original_with(Status.DONE, photo)
    photo.refresh_from_db()
    assert photo.state == Photo.State.READY
    assert not photo.colorings.exists()


def test_a_page_that_was_deleted_for_ever_does_not_come_back_with_the_others(worker: Process, upload: Upload) -> None:
    first = upload("bundle.tif", pages=2)
    original = original_with(Status.DONE, first)
    second = original.photos.get(page=2)
    for photo in (first, second):
        coloring_with(Status.DONE, photo)
    trash.purge_photo(photo=first)
    make_again(Kind.RENDITION_MISSING, second.pk, storage.grey_key(second, 480))
    assert original_with(Status.DONE, second).pages == 2
    assert list(original.photos.all()) == [second]
