"""A file among the originals that belongs to no row: an upload whose end was never recorded, or a deletion's.

It may be the only copy of a photo: where the database comes from an older backup, each upload since then is one. So it
is never simply deleted. It becomes a photo of the family that its key names, in the album for the unsorted, where the
family sees it and decides. Only two kinds go, with nothing lost: a second copy of bytes that the family has beside
it, both just read and compared; and what the family deleted for ever after the file was written, where only the file's
end was left to do. What names no family that is here stays where it is.
"""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from .. import dispatch, storage
from ..models import Family, Original, Photo, Queue, Tombstone
from ..selectors.integrity import originals_with_rows
from . import album


def settle(*, key: str, grace: timedelta) -> tuple[str, bool]:
    """Decide what becomes of the file. What was done, in words, and whether it belongs somewhere now."""
    store = storage.originals()
    named = storage.owner_of_original(key)
    if originals_with_rows([key]):
        return "has a row by now", True
    try:
        changed_at = store.get_modified_time(key)
    except FileNotFoundError:
        return "gone meanwhile", True
    if changed_at > timezone.now() - grace:
        return "left: written again meanwhile", False
    family = Family.objects.filter(pk=named[0]).first() if named else None
    if named is None or family is None:
        return "left where it is: its key names no family that is here", False
    sha256 = storage.sha256(store, key)
    if Tombstone.objects.filter(family=family, sha256=sha256, created_at__gte=changed_at).exists():
        store.delete(key)
        return "deleted: the family deleted it for ever, only the file was left", True
    if twin := Original.objects.filter(family=family, sha256=sha256).first():
        return _drop_second(key, twin)
    _adopt(family, Original(pk=named[1], key=key, format=named[2], sha256=sha256, size=store.size(key)))
    return "taken in: a photo in the family's album for the unsorted", True


def _drop_second(key: str, twin: Original) -> tuple[str, bool]:
    store = storage.originals()
    try:
        same = storage.sha256(store, twin.key) == twin.sha256
    except FileNotFoundError:
        same = False
    if not same:
        return f"left: it has the bytes that the original {twin.pk} has lost", False
    store.delete(key)
    return f"deleted: the same bytes are kept as the original {twin.pk}", True


def _adopt(family: Family, original: Original) -> None:
    original.family, original.queue = family, Queue.BULK
    original.name = original.key.rpartition("/")[2]
    with transaction.atomic():
        original.save(force_insert=True)
        Photo.objects.create(original=original, album=album.unsorted(family=family))
        dispatch.after_commit(original)
