"""What a family tells of a photo, and what a worker sees in it."""

from django.utils import timezone

from ..models import Photo


def describe(*, photo: Photo, caption: str, taken: str, people: str) -> None:
    """Keep these alone: what else stands in the row may be the worker's, and newer."""
    photo.caption, photo.taken, photo.people = caption, taken, people
    photo.changed_at = timezone.now()
    photo.save(update_fields=["caption", "taken", "people", "changed_at"])


def recognise(*, photo: Photo, signature: bytes) -> None:
    """Keep what a worker saw that ``photo`` looks like. No page shows it, so that nothing has changed for anybody."""
    Photo.objects.filter(pk=photo.pk).update(signature=signature)
