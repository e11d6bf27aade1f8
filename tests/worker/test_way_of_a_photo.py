"""The whole way of a photo, by a real worker on the real broker."""

import hashlib
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from colorizer import storage
from colorizer.asked import Asked
from colorizer.models import Album, Coloring, Photo, Status, User, WorkerState
from colorizer.services import coloring, corrections, intake
from tests.conftest import make_photo
from tests.files import HEIC
from tests.stack import Process, wait_for

from .conftest import Upload, coloring_with, original_with

pytestmark = pytest.mark.worker


def test_an_uploaded_photo_ends_in_colour_beside_its_untouched_original(worker: Process, upload: Upload) -> None:
    photo = upload("lake.jpg", size=(1800, 1200))
    done = coloring_with(Status.DONE, photo)
    photo.refresh_from_db()
    assert (photo.state, photo.shown, photo.width, photo.height) == (Photo.State.READY, done, 1800, 1200)
    with storage.originals().open(photo.original.key) as original:
        assert hashlib.sha256(original.read()).hexdigest() == photo.original.sha256
    with storage.results().open(done.key) as file, Image.open(file) as result:
        assert (result.format, result.size, result.mode) == ("JPEG", (1800, 1200), "RGB")
        assert result.convert("HSV").getchannel("S").getextrema()[1] > 30
    for key in (storage.grey_key(photo, 480), storage.result_key(done, 480)):
        with storage.results().open(key) as file, Image.open(file) as copy:
            assert (copy.format, max(copy.size)) == ("WEBP", 480)
    assert done.model_version is not None
    assert done.seconds
    stages = {"fetching", "reading", "colouring", "joining", "writing", "copies", "storing"}
    assert set(done.stage_seconds) == stages
    assert sum(done.stage_seconds.values()) == pytest.approx(done.seconds, abs=0.5)
    assert set(original_with(Status.DONE, photo).stage_seconds) == {"fetching", "reading", "copies", "storing"}
    assert done.size == storage.results().size(done.key)
    assert WorkerState.objects.get(name__startswith="worker@").weights_sha256 == done.model_version.sha256


def test_every_page_of_a_tiff_becomes_a_photo_that_a_browser_can_show(worker: Process, upload: Upload) -> None:
    first = upload("bundle.tif", pages=2)
    original_with(Status.DONE, first)
    second = first.original.photos.get(page=2)
    assert second.album == first.album
    for photo in (first, second):
        done = coloring_with(Status.DONE, photo)
        for key in (storage.grey_key(photo, "zoom"), storage.result_key(done, "zoom")):
            with storage.results().open(key) as file, Image.open(file) as copy:
                assert (copy.format, copy.size) == ("JPEG", (640, 480))
    full = [storage.result_key(photo.colorings.get(), "full") for photo in (first, second)]
    assert len({storage.sha256(storage.results(), key) for key in full}) == 2


def test_a_sheet_longer_than_a_jpeg_can_be_is_coloured_and_shown_smaller(worker: Process, upload: Upload) -> None:
    photo = upload("strip.tif", size=(66_000, 20))
    done = coloring_with(Status.DONE, photo)
    for key in (storage.grey_key(photo, "zoom"), storage.result_key(done, "zoom")):
        with storage.results().open(key) as file, Image.open(file) as copy:
            assert (copy.format, copy.width) == ("JPEG", 16_000)


def test_a_photo_in_colour_waits_for_its_familys_answer(worker: Process, upload: Upload) -> None:
    photo = upload("launch.jpg", colour=True)
    original_with(Status.DONE, photo)
    photo.refresh_from_db()
    assert photo.state == Photo.State.ASKS
    assert not photo.colorings.exists()
    intake.answer(photo=photo, colour=True)
    coloring_with(Status.DONE, photo)


def test_a_file_whose_end_is_missing_is_refused_with_its_reason(worker: Process, album: Album, editor: User) -> None:
    whole = make_photo("lake.jpg", size=(900, 700)).read()
    upload = SimpleUploadedFile("lake.jpg", whole[: len(whole) // 2])
    photo = intake.accept(into=album, user=editor, upload=upload)
    original = original_with(Status.FAILED, photo)
    photo.refresh_from_db()
    assert (original.reason, original.failures, original.attempt) == ("truncated", 0, 1)
    assert (photo.state, photo.refusal) == (Photo.State.REFUSED, "truncated")
    assert not Coloring.objects.filter(photo=photo).exists()


def test_a_phones_heic_comes_back_as_a_jpeg_and_can_be_looked_at(worker: Process, album: Album, editor: User) -> None:
    photo = intake.accept(into=album, user=editor, upload=SimpleUploadedFile("lake.heic", HEIC.read_bytes()))
    original_with(Status.DONE, photo)
    photo.refresh_from_db()
    intake.answer(photo=photo, colour=True)
    done = coloring_with(Status.DONE, photo)
    for key in (storage.grey_key(photo, "zoom"), storage.result_key(done, "full")):
        with storage.results().open(key) as file, Image.open(file) as copy:
            assert (copy.format, copy.size) == ("JPEG", (photo.width, photo.height))


def test_what_the_family_knows_is_a_version_of_its_own_and_stands_in_the_file(worker: Process, upload: Upload) -> None:
    photo = upload("lake.jpg")
    automatic = coloring_with(Status.DONE, photo)
    photo.refresh_from_db()
    pins = [{"x": 0.1, "y": 0.1, "colour": "#c02020", "radius": 0.05, "note": "red, says aunt Ida"}]
    made = corrections.save(photo=photo, asked=Asked.model_validate({"pins": pins, "vividness": 1.2, "warmth": 5}))
    wait_for(lambda: Coloring.objects.filter(pk=made.pk, status=Status.DONE).exists(), what="the correction")
    made.refresh_from_db()
    photo.refresh_from_db()
    assert (photo.shown, made.based_on) == (made, automatic)
    with storage.results().open(automatic.key) as before, storage.results().open(made.key) as after:
        old, new = before.read(), after.read()
    assert b"red, says aunt Ida" in new
    assert b"aunt Ida" not in old
    place = (int(0.1 * photo.width), int(0.1 * photo.height))
    (r0, _, b0), (r1, _, b1) = (Image.open(io.BytesIO(each)).getpixel(place) for each in (old, new))  # type: ignore[misc]
    assert r1 - b1 > r0 - b0 + 10
    coloring.show(coloring=automatic)
    photo.refresh_from_db()
    assert photo.shown == automatic
