import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .coloring import Coloring
from .family import Family, Role
from .photo import Photo
from .user import User


class ConsentQuerySet(models.QuerySet["Consent"]):
    def for_user(self, user: User, *roles: Role) -> "ConsentQuerySet":
        """Those of the families that ``user`` belongs to, with one of ``roles`` where any are named."""
        return self.filter(family__in=Family.objects.for_user(user, *roles))

    def standing(self) -> "ConsentQuerySet":
        """Those that were not withdrawn."""
        return self.filter(withdrawn_at=None)


class Consent(models.Model):
    """A family's word that Heirloom may learn from one of its photos, until it is withdrawn.

    What is offered is the photo itself where it is in colour; else ``coloring``, which they corrected and approved.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    family = models.ForeignKey(Family, models.CASCADE, related_name="consents")
    photo = models.ForeignKey(Photo, models.CASCADE, related_name="consents")
    coloring = models.ForeignKey(Coloring, models.CASCADE, null=True, blank=True, related_name="consents")
    text = models.CharField(
        max_length=20, editable=False, help_text="The version of the words agreed to, which say what it is for."
    )
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    given_at = models.DateTimeField(default=timezone.now, editable=False)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[models.Manager["Consent"]] = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering: ClassVar[list[str]] = ["-given_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["photo"], condition=Q(withdrawn_at=None, coloring=None), name="one_consent_a_photo"
            ),
            models.UniqueConstraint(
                fields=["coloring"],
                condition=Q(withdrawn_at=None, coloring__isnull=False),
                name="one_consent_a_coloring",
            ),
        ]
