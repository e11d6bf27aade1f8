"""Albums: making one, naming it anew, and the one for photos that nobody has sorted yet."""

from django.utils.translation import gettext as _

from ..models import Album, Family


def create(*, family: Family, title: str, description: str = "") -> Album:
    return Album.objects.create(family=family, title=title, description=description)


def edit(*, album: Album, title: str, description: str) -> None:
    album.title, album.description = title, description
    album.save(update_fields=["title", "description"])


def unsorted(*, family: Family) -> Album:
    """The family's album for photos of no album; made now where there is none, out of the trash where it lies there."""
    album, _made = Album.objects.get_or_create(family=family, is_unsorted=True, defaults={"title": _("Unsorted")})
    if album.deleted_at:
        album.deleted_at = None
        album.save(update_fields=["deleted_at"])
    return album
