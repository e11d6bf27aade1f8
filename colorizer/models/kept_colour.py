import uuid
from typing import ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .family import Family, Role
from .user import User


class KeptColourQuerySet(models.QuerySet["KeptColour"]):
    def for_user(self, user: User, *roles: Role) -> "KeptColourQuerySet":
        """Those of the families that ``user`` belongs to, with one of ``roles`` where any are named."""
        return self.filter(family__in=Family.objects.for_user(user, *roles))


class KeptColour(models.Model):
    """A colour that a family knows of a person or a thing, such as "grandfather's uniform", for the next photo."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    family = models.ForeignKey(Family, models.CASCADE, related_name="colours")
    name = models.CharField(_("whose or what"), max_length=100, help_text=_("Such as “grandfather's uniform”."))
    colour = models.CharField(
        _("colour"),
        max_length=7,
        validators=[RegexValidator(r"^#[0-9a-f]{6}\Z", _("Choose a colour."))],
    )
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[models.Manager["KeptColour"]] = KeptColourQuerySet.as_manager()

    class Meta:
        verbose_name = _("kept colour")
        verbose_name_plural = _("kept colours")
        ordering: ClassVar[list[str]] = ["name", "created_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["family", "name"], name="one_colour_a_name")
        ]

    def __str__(self) -> str:
        return self.name
