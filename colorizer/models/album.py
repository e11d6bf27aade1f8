import uuid
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .family import Family, Role
from .user import User

if TYPE_CHECKING:
    from .photo import Photo


class AlbumQuerySet(models.QuerySet["Album"]):
    def for_user(self, user: User, *roles: Role) -> "AlbumQuerySet":
        """The albums of the families that ``user`` belongs to, with one of ``roles`` where any are named."""
        return self.filter(family__in=Family.objects.for_user(user, *roles))

    def kept(self) -> "AlbumQuerySet":
        """Those not in the trash."""
        return self.filter(deleted_at=None)


class Album(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    family = models.ForeignKey(Family, models.CASCADE, related_name="albums")
    title = models.CharField(_("title"), max_length=200)
    description = models.TextField(_("description"), blank=True, max_length=4000)
    is_unsorted = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    cover: "Photo | None"
    """What an album's card shows: filled in by `selectors.gallery`, as are ``photo_count`` and ``coloured_count``."""

    objects: ClassVar[models.Manager["Album"]] = AlbumQuerySet.as_manager()

    class Meta:
        verbose_name = _("album")
        verbose_name_plural = _("albums")
        ordering: ClassVar[list[str]] = ["-created_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["family"],
                condition=models.Q(is_unsorted=True, deleted_at=None),
                name="one_unsorted_album_a_family",
            )
        ]

    def __str__(self) -> str:
        return self.title
