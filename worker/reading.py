"""What `prepare` does: read every page of an original to its end, and make the small copies that pages show."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings

from colorizer import models, storage
from colorizer.models import Original
from colorizer.services import preparing
from ml.cast import is_in_colour
from ml.likeness import Unfit
from ml.photo import Limits, Photo, PhotoError, Refusal, inspect, open_page
from ml.pipeline import Stage
from ml.saving import rendition
from ml.similarity import signature
from ml.sniff import Format

from .copies import copies_of
from .guard import is_of_memory
from .lease import Failed, Held, Lost
from .patience import patiently

NO_BROWSER_SHOWS = (Format.TIFF, Format.HEIC)
"""The formats of originals that need a full-size JPEG beside them to be looked at."""
ZOOM_LONG_SIDE = 16_000
"""Far beyond any screen, and well within what a JPEG can be."""

COPIES, STORING = "copies", "storing"
"""The stages beside those of `ml.pipeline`: the small copies for a screen; all files into the storage."""

_CODES = {Refusal.NOT_AN_IMAGE: "not_a_photo", Refusal.TOO_LARGE: "too_many_pixels"}


def read(original: Original, held: Held) -> None:
    limits = site_limits()
    with refusals(), storage.local_copy(storage.originals(), original.key) as path:
        count = inspect(path, limits).pages
        pages = []
        for number in range(1, count + 1):
            held.report(Stage.READING, 100 * (number - 1) // count)
            photo = patiently(partial(preparing.photo_of, original=original, page=number))
            if photo is not None:
                pages.append(_page(photo, number, open_page(path, number - 1, limits), held))
    how: dict[str, Any] = {"pages": pages, "stage_seconds": held.clock.seconds()}
    if not patiently(lambda: preparing.record_pages(original=original, owner=held.owner, **how)):
        raise Lost


@contextmanager
def refusals() -> Iterator[None]:
    """What `ml` refuses is refused, with the code that the site has words for."""
    try:
        yield
    except Unfit as error:
        raise Failed("reference_unfit", str(error)) from error
    except PhotoError as error:
        if error.code in (Refusal.UNREADABLE, Refusal.TRUNCATED) and is_of_memory(error.detail):
            raise Failed("no_memory", error.detail) from error
        raise Failed(_CODES.get(error.code, str(error.code)), error.detail) from error


def site_limits() -> Limits:
    """What the site takes, for every reading of a file."""
    pixels = settings.HEIRLOOM_MAX_MEGAPIXELS * 1_000_000
    return Limits(pixels=pixels, total_pixels=pixels, pages=settings.HEIRLOOM_MAX_PAGES)


def _page(photo: models.Photo, number: int, picture: Photo, held: Held) -> preparing.Page:
    width, height = picture.info.width, picture.info.height
    held.clock.enter(COPIES)
    with TemporaryDirectory() as folder:
        with copies_of(picture.preview, Path(folder)) as copies:
            seen = is_in_colour(picture.preview), signature(picture.preview)
        if picture.info.format in NO_BROWSER_SHOWS:
            copies["zoom"] = Path(folder, "zoom.jpg")
            rendition(picture.image(), ZOOM_LONG_SIDE, copies["zoom"])
        held.clock.enter(STORING)
        held.confirm()
        storage.put_all(storage.results(), {storage.grey_key(photo, size): copy for size, copy in copies.items()})
    return preparing.Page(number, width, height, *seen)
