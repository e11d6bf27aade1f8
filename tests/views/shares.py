"""Shares, and photos whose files carry all that a camera writes."""

from collections.abc import Callable

from django.core.files.base import ContentFile

from colorizer import storage
from colorizer.models import Original, Photo
from tests import test_stripping as planted

FULL_SIZE = ("grey-zoom", "colour-zoom")
PASSWORD = "by the lake"

Give = Callable[..., str]
"""Makes a share; what comes back is its address."""


def with_real_files(photo: Photo, *, ending: str = "jpg", make: Callable[[], bytes] = planted.jpeg) -> Photo:
    """Put files under the photo's keys that carry all that a camera writes."""
    format = {"jpg": "jpeg"}.get(ending, ending)
    key = storage.original_key(photo.album.family_id, photo.original_id, format)
    storage.originals().delete(key)
    storage.originals().save(key, ContentFile(make()))
    Original.objects.filter(pk=photo.original_id).update(format=format, key=key)
    assert photo.shown
    storage.results().save(f"colorings/{photo.shown.pk}/real.{ending}", ContentFile(make()))
    photo.shown.key = f"colorings/{photo.shown.pk}/real.{ending}"
    photo.shown.save()
    return photo


def file_of(address: str, photo: Photo, what: str) -> str:
    return f"{address}photos/{photo.pk}/{what}/"
