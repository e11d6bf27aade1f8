from typing import Any, ClassVar

from django.db import models
from django.utils import formats, timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .family import Family, Role
from .job import Job
from .model_version import ModelVersion
from .photo import Photo
from .user import User


class ColoringQuerySet(models.QuerySet["Coloring"]):
    def for_user(self, user: User, *roles: Role) -> "ColoringQuerySet":
        return self.filter(photo__album__family__in=Family.objects.for_user(user, *roles))


class Coloring(Job):
    """One way a photo was given colour, and so a version of it. As a job it is the colouring itself.

    ``pins``, ``reference``, ``vividness``, ``warmth`` and ``guess`` are what a person asked for, as `colorizer.asked`
    reads it.
    """

    photo = models.ForeignKey(Photo, models.CASCADE, related_name="colorings")
    model_version = models.ForeignKey(
        ModelVersion,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="colorings",
        help_text="Known once it is done.",
    )
    vividness = models.FloatField(default=1.0, help_text="0 to 2; 1 is the model's calibrated default.")
    warmth = models.FloatField(default=0.0, help_text="-20 to 20 in Lab units along b*; 0 is the model's own.")
    guess = models.JSONField(
        null=True, blank=True, help_text="a* and b* of the colour that another guess tries; none: the model's own."
    )
    pins = models.JSONField(default=list, blank=True, help_text="Colours that someone knows, as `ml.pins` reads them.")
    reference = models.ForeignKey(
        Photo,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        help_text="Whose colours were taken over. It may be gone by now: it stays true that they were.",
    )
    based_on = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", help_text="The version that was corrected."
    )
    name = models.CharField(_("name"), max_length=100, blank=True, help_text="As the family calls this version.")
    key = models.CharField(max_length=200, blank=True, editable=False, help_text="The full-size result in `results`.")
    size = models.PositiveBigIntegerField(default=0, editable=False, help_text="Bytes of the full-size result.")
    has_field = models.BooleanField(default=False, editable=False, help_text="Whether its field lies in `results`.")
    seconds = models.FloatField(null=True, editable=False, help_text="What the work took.")

    objects: ClassVar[models.Manager["Coloring"]] = ColoringQuerySet.as_manager()

    class Meta(Job.Meta):
        verbose_name = _("coloring")
        verbose_name_plural = _("colorings")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["photo"],
                condition=models.Q(status__in=list(Job.OPEN)),
                name="one_open_coloring_a_photo",
            )
        ]

    @property
    def asked(self) -> dict[str, Any]:
        """What one asks for to get such colours once more."""
        return {
            "pins": self.pins,
            "reference_id": self.reference_id,
            "vividness": self.vividness,
            "warmth": self.warmth,
            "guess": self.guess,
        }

    @property
    def is_automatic(self) -> bool:
        """Whether nobody asked for anything: the colours are all the model's."""
        return not (self.pins or self.guess or self.reference_id) and (self.vividness, self.warmth) == (1, 0)

    @property
    def title(self) -> str:
        """What this version is called where its family gave it no name."""
        if self.name:
            return self.name
        if self.is_automatic:
            model = self.model_version.name if self.model_version else "Heirloom"
            return gettext("Automatic, by %(model)s") % {"model": model}
        day = formats.date_format(timezone.localtime(self.created_at), "DATE_FORMAT")
        said = gettext("Adjusted on %(day)s")
        if self.pins or self.reference_id:
            said = gettext("Corrected on %(day)s") if self.pins else gettext("Like another photo, %(day)s")
        return said % {"day": day}

    @property
    def notes(self) -> list[str]:
        """Why these colours, pin by pin, where somebody said so."""
        return [pin["note"] for pin in self.pins if pin.get("note") and pin.get("on", True)]
