import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .album import Album
from .family import CAN_EDIT, Family, Membership, Role
from .photo import Photo
from .user import User


class ShareQuerySet(models.QuerySet["Share"]):
    def for_user(self, user: User, *roles: Role) -> "ShareQuerySet":
        """The shares of the families that ``user`` belongs to, with one of ``roles`` where any are named."""
        return self.filter(family__in=Family.objects.for_user(user, *roles))

    def running(self) -> "ShareQuerySet":
        """Those that were neither ended nor are too old, and whose maker is still one who may share."""
        maker = Membership.objects.filter(
            family=OuterRef("family"), user=OuterRef("created_by"), user__is_active=True, role__in=CAN_EDIT
        )
        lasts = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        return self.filter(lasts, Exists(maker), revoked_at=None)

    def open(self) -> "ShareQuerySet":
        """Those that show something now: running, and what they share is not in the trash."""
        album, photo = Q(album__deleted_at=None), Q(photo__deleted_at=None, photo__album__deleted_at=None)
        return self.running().filter(album, photo)


class Share(models.Model):
    """A link by which people outside the family see one album or one photo. Only the link's hash is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    family = models.ForeignKey(Family, models.CASCADE, related_name="shares")
    album = models.ForeignKey(Album, models.CASCADE, null=True, related_name="shares")
    photo = models.ForeignKey(Photo, models.CASCADE, null=True, related_name="shares")
    token_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    password = models.CharField(max_length=128, blank=True, editable=False, help_text="Hashed; empty where none is.")
    can_download = models.BooleanField(_("may be downloaded"), default=False, help_text="At full size, and as a ZIP.")
    tells_story = models.BooleanField(_("with captions, dates and names"), default=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: until someone ends it.")
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    seen_at = models.DateTimeField(null=True, editable=False)
    visits = models.PositiveIntegerField(default=0, editable=False, help_text="What comes within minutes is one.")

    objects: ClassVar[models.Manager["Share"]] = ShareQuerySet.as_manager()

    class Meta:
        verbose_name = _("share link")
        verbose_name_plural = _("share links")
        ordering: ClassVar[list[str]] = ["-created_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(album=None, photo__isnull=False) | Q(album__isnull=False, photo=None),
                name="share_of_an_album_or_a_photo",
            )
        ]

    @property
    def is_resting(self) -> bool:
        """Whether it shows nothing since what it shares lies in the trash; it goes on when that is taken out."""
        shared = (self.album,) if self.album else (self.photo, self.photo and self.photo.album)
        return any(each and each.deleted_at for each in shared)
