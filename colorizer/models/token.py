"""What a program signs in with, in place of a person."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .family import Family, Role
from .user import User


class Scope(models.TextChoices):
    """What a token may do, as far as its maker may do it."""

    READ = "read", _("See albums, photos and results")
    WRITE = "write", _("Upload, describe, cancel, retry and delete")
    SHARE = "share", _("Make share links and withdraw them")


class TokenQuerySet(models.QuerySet["Token"]):
    def for_user(self, user: User) -> "TokenQuerySet":
        """Those that ``user`` may see and revoke: their own, and all of the families that they own."""
        own = models.Q(user=user, family__in=Family.objects.for_user(user))
        return self.filter(own | models.Q(family__in=Family.objects.for_user(user, Role.OWNER)))


class Token(models.Model):
    """A program's way into one family, with at most the rights that its maker has there. Only its hash is kept."""

    family = models.ForeignKey(Family, models.CASCADE, related_name="tokens")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tokens", help_text="Its maker.")
    name = models.CharField(_("name"), max_length=60)
    scopes = models.JSONField(_("scopes"), default=list, editable=False)
    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False, help_text="To the minute.")

    objects: ClassVar[models.Manager["Token"]] = TokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")
        ordering: ClassVar[list[str]] = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()

    @property
    def scope_labels(self) -> list[str]:
        """What it may do, in words."""
        return [str(Scope(scope).label) for scope in Scope.values if scope in self.scopes]
