"""Taking a photo in: the checks that need its headers only, the original stored once, one row for it."""

import hashlib
import logging
from typing import IO, NamedTuple
from uuid import uuid4

from django.conf import settings
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db import DatabaseError, IntegrityError, InterfaceError, transaction
from django.utils import timezone

from .. import dispatch, formats, naming, storage, words
from ..models import Album, Family, Original, Photo, Queue, User
from ..selectors import space
from . import album as albums
from . import coloring, headers

logger = logging.getLogger(__name__)
FIRST_PHOTOS = 3
"""So many photos of an upload go before the bulk, so that the family soon sees the first in colour."""

_STATUS = {
    "too_many_bytes": 413,
    "too_many_pixels": 413,
    "too_many_pages": 413,
    "family_full": 413,
    "too_many_today": 429,
}
_UNPROCESSABLE = frozenset({"missing", "cut_off", "empty", "truncated", "unreadable", "wrong_name"})


class Refused(Exception):
    """A file that is not taken: ``code`` says why, ``details`` fill in its words."""

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details

    @property
    def status(self) -> int:
        """The HTTP status that fits: too large, impossible to process, or else a kind of file that is not taken."""
        return _STATUS.get(self.code, 422 if self.code in _UNPROCESSABLE else 415)

    @property
    def message(self) -> str:
        return " ".join(words.say(self.code, **self.details))


class AlreadyHere(Exception):
    """The family has this very file: ``photo`` is its first page."""

    def __init__(self, photo: Photo) -> None:
        super().__init__(str(photo.pk))
        self.photo = photo

    @property
    def is_in_trash(self) -> bool:
        return bool(self.photo.deleted_at or self.photo.album.deleted_at)

    @property
    def code(self) -> str:
        return "in_trash" if self.is_in_trash else "already_here"

    @property
    def message(self) -> str:
        return " ".join(words.say(self.code, album=self.photo.album.title))


def accept(*, into: Album | Family, user: User, upload: "UploadedFile[bytes] | None", position: int = 1) -> Photo:
    """Check ``upload``, store it as an original of the family, and give back its first photo, to be prepared.

    ``into``: an album, or the family alone, in whose album for the unsorted it lies then.
    ``position`` counts the photos of one upload from 1: the first few are prepared and coloured before the bulk.

    Raises:
        Refused: it is not a photo that we take.
        AlreadyHere: the family has it already.
    """
    if upload is None:
        raise Refused("missing")
    family = into if isinstance(into, Family) else into.family
    name = naming.file_name(upload.name or "")
    format = check(upload, name=name).format
    sha256 = hash_of(upload)
    _refuse_second(family=family, sha256=sha256)
    _refuse_without_room(family=family, size=upload.size or 0)
    pk = uuid4()
    original = Original(
        pk=pk,
        family=family,
        uploaded_by=user,
        sha256=sha256,
        key=storage.original_key(family.pk, pk, format),
        name=name,
        format=format,
        size=upload.size or 0,
        queue=Queue.INTERACTIVE if position <= FIRST_PHOTOS else Queue.BULK,
    )
    storage.save_original(original.key, upload)
    try:
        return _record(original, into=into)
    except IntegrityError:
        # Another request took the same file in between the look and the insert.
        _unstore(original)
        _refuse_second(family=family, sha256=sha256)
        raise
    except BaseException:
        _unstore(original)
        raise


def answer(*, photo: Photo, colour: bool) -> None:
    """The family's answer for a photo that seems to be in colour already: colour it afresh, or keep it as it is."""
    answered = Photo.objects.filter(pk=photo.pk, state=Photo.State.ASKS).update(
        state=Photo.State.READY, changed_at=timezone.now()
    )
    photo.refresh_from_db(fields=["state", "changed_at"])
    if answered and colour:
        coloring.request(photo=photo)


class Checked(NamedTuple):
    format: str
    pages: int


def check(upload: "File[bytes]", *, name: str) -> Checked:
    """What ``upload`` is. In Wagtail's order: ending, sniffed format, bytes, the two agree, pages and pixels.

    Raises:
        Refused: it is not a photo that we take.
    """
    promised = formats.by_name(name)
    if promised is None or promised not in formats.READABLE:
        raise Refused(promised or "extension")
    if not upload.size:
        raise Refused("empty")
    upload.seek(0)
    found = formats.sniff(upload.read(formats.HEAD_BYTES))
    if found not in formats.READABLE:
        raise Refused(found)
    if upload.size > settings.HEIRLOOM_MAX_FILE_MB * 1_000_000:
        raise Refused("too_many_bytes", limit=settings.HEIRLOOM_MAX_FILE_MB)
    if promised != found:
        right_ending = f".{storage.EXTENSIONS[found]}"
        raise Refused("wrong_name", ending=formats.ending(name), format=found.upper(), right_ending=right_ending)
    return Checked(found, _check_headers(upload, format=found))


def _check_headers(file: IO[bytes], *, format: str) -> int:
    """How many pages it has."""
    most_pages, megapixels = settings.HEIRLOOM_MAX_PAGES, settings.HEIRLOOM_MAX_MEGAPIXELS
    try:
        found = headers.read(file, format=format, most_pages=most_pages)
    except headers.BadHeaders as error:
        raise Refused("unreadable") from error
    if found.pages > most_pages:
        raise Refused("too_many_pages", limit=most_pages)
    if found.pixels > megapixels * 1_000_000:
        raise Refused("too_many_pixels", limit=megapixels)
    return found.pages


def hash_of(upload: "File[bytes]") -> str:
    """The SHA-256 of its bytes; it stands at its beginning then."""
    digest = hashlib.sha256()
    upload.seek(0)
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    return digest.hexdigest()


def _refuse_second(*, family: Family, sha256: str) -> None:
    """Raise AlreadyHere where the family has a file of this hash."""
    photos = Photo.objects.filter(original__family=family, original__sha256=sha256)
    # One that is kept comes before one in the trash: it is the one to look at.
    photo = photos.select_related("album", "original").order_by("deleted_at", "page").first()
    if photo:
        raise AlreadyHere(photo)


def _refuse_without_room(*, family: Family, size: int) -> None:
    """Raise Refused where the family has no room for ``size`` bytes more, or has added enough today."""
    room = space.room(family=family)
    code = room.refusal(size)
    if code == "family_full":
        raise Refused(code, left=words.amount(room.bytes or 0), limit=words.amount(room.most_bytes))
    if code:
        raise Refused(code, limit=room.most_photos)


def _unstore(original: Original) -> None:
    """The file of a row that never was goes again. Where that cannot be known, or done, it stays for `verify`."""
    try:
        # A commit whose answer was lost has happened all the same, and so has one whose followers failed.
        if not Original.objects.filter(pk=original.pk).exists():
            storage.originals().delete(original.key)
    except (OSError, DatabaseError, InterfaceError) as error:
        logger.warning("%s may be an orphan: %s", original.key, error)


def _record(original: Original, *, into: Album | Family) -> Photo:
    with transaction.atomic():
        # Looked at once more with the family held: of two uploads at the same moment, one sees the other.
        family = Family.objects.select_for_update().get(pk=original.family_id)
        _refuse_without_room(family=family, size=original.size)
        original.save(force_insert=True)
        album = albums.unsorted(family=into) if isinstance(into, Family) else into
        photo = Photo.objects.create(original=original, album=album)
        dispatch.after_commit(original)
    return photo
