"""Another photo's colours: read from what its family sees of it, and what photos look like, where nobody knows yet."""

from contextlib import suppress
from uuid import UUID

import pyvips

from colorizer import storage
from colorizer.models import Photo
from colorizer.selectors import references
from colorizer.services import photo as photos
from ml.likeness import Likened
from ml.method import Method
from ml.photo import PhotoError, open_page
from ml.reference import read_reference
from ml.similarity import signature, tag

from .lease import Failed
from .patience import patiently

_SMALL, _LARGE = storage.SIZES


def likened(method: Method, pk: UUID) -> Method:
    """`method`, likened to the photo of this id in the colours that it came in, or of the version that is shown.

    Raises:
        Failed: it is gone, or has no colours.
    """
    photo = Photo.objects.select_related("original", "shown", "album").filter(pk=pk).first()
    file = photo and (storage.file_of(photo, f"colour-{_LARGE}") or storage.file_of(photo, f"grey-{_LARGE}"))
    if not photo or not file:
        raise Failed("reference_gone", f"there is no photo {pk}")
    try:
        with storage.local_copy(file.storage, file.key) as path:
            reference = read_reference(path)
    except PhotoError as error:
        raise Failed("reference_gone", error.detail) from error
    if not reference.has_colours:
        raise Failed("reference_grey", f"the photo {pk} is black and white")
    for each in references.unknown(photo, tag()):
        _look_at(each)
    return Likened(method, reference)


def recognise(photo: Photo, picture: pyvips.Image) -> None:
    """Keep what ``photo`` looks like, by any picture of it."""
    seen = signature(picture)
    patiently(lambda: photos.recognise(photo=photo, signature=seen))


def _look_at(photo: Photo) -> None:
    """By its small copy. One that is lost is made again elsewhere, and looked at the next time."""
    with (
        suppress(FileNotFoundError, PhotoError),
        storage.local_copy(storage.results(), storage.grey_key(photo, _SMALL)) as path,
    ):
        recognise(photo, open_page(path).preview)
