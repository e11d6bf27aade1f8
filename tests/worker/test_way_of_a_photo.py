"""The whole way of a photo, by a real worker on the real broker."""

import hashlib

import pytest
from PIL import Image

from colorizer import storage
from colorizer.models import Photo, Status, WorkerState
from tests.stack import Process

from .conftest import Upload, coloring_with

pytestmark = pytest.mark.worker


def test_an_uploaded_photo_ends_in_colour_beside_its_untouched_original(
    scheduler: Process, worker: Process, upload: Upload
) -> None:
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
    assert done.size == storage.results().size(done.key)
    assert WorkerState.objects.get(name__startswith="worker@").weights_sha256 == done.model_version.sha256
