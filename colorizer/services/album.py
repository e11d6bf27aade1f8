"""Albums: making one, naming it anew, and the one for photos that nobody has sorted yet."""

from django.utils.translation import gettext as _

from ..models import Album, Family


def create(*, family: Family, title: str, description: str = "") -> Album:
    return Album.objects.create(family=family, title=title, description=description)


def edit(*, album: Album, title: str, description: str) -> None:
    album.title, album.description = title, description
    album.save(update_fields=["title", "description"])


def unsorted(*, family: Family) -> Album:
    """The family's album for photos of no album; made now where there is none but in the trash, which stays there."""
    album, _made = Album.objects.get_or_create(
        family=family, is_unsorted=True, deleted_at=None, defaults={"title": _("Unsorted")}
    )
    return album
