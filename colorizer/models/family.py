import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .user import User


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    EDITOR = "editor", _("Editor")
    VIEWER = "viewer", _("Viewer")


CAN_EDIT = (Role.OWNER, Role.EDITOR)
"""Who may change what a family has, and share it."""


class FamilyQuerySet(models.QuerySet["Family"]):
    def for_user(self, user: User, *roles: Role) -> "FamilyQuerySet":
        """The families that ``user`` belongs to, with one of ``roles`` where any are named."""
        memberships = Membership.objects.filter(user_id=user.pk)
        if roles:
            memberships = memberships.filter(role__in=roles)
        return self.filter(pk__in=memberships.values("family_id"))


class Family(models.Model):
    """Who an album belongs to. Everything that a user may see is reached through a family."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=120)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    most_gb = models.PositiveIntegerField(
        _("gigabytes"), null=True, blank=True, help_text=_("For originals. Empty: as the settings say. 0: no limit.")
    )
    most_photos_a_day = models.PositiveIntegerField(
        _("photos a day"), null=True, blank=True, help_text=_("Empty: as the settings say. 0: no limit.")
    )
    members: "models.ManyToManyField[User, Membership]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="families"
    )

    objects: ClassVar[models.Manager["Family"]] = FamilyQuerySet.as_manager()

    class Meta:
        verbose_name = _("family")
        verbose_name_plural = _("families")

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    family = models.ForeignKey(Family, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.VIEWER)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["family", "user"], name="one_membership_a_family")
        ]


class InviteQuerySet(models.QuerySet["Invite"]):
    def open(self) -> "InviteQuerySet":
        """Those that can still be accepted."""
        return self.filter(accepted_at=None, expires_at__gt=timezone.now())


class Invite(models.Model):
    """A link that lets one person join a family. Only the link's hash is kept."""

    family = models.ForeignKey(Family, models.CASCADE, related_name="invites")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.VIEWER)
    token_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["Invite"]] = InviteQuerySet.as_manager()
