from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from .family import Family, Role
from .job import Job, Status
from .model_version import ModelVersion
from .photo import Photo
from .user import User


class ColoringQuerySet(models.QuerySet["Coloring"]):
    def for_user(self, user: User, *roles: Role) -> "ColoringQuerySet":
        return self.filter(photo__album__family__in=Family.objects.for_user(user, *roles))


class Coloring(Job):
    """One way a photo was given colour. As a job it is the colouring itself."""

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
    key = models.CharField(max_length=200, blank=True, editable=False, help_text="The full-size result in `results`.")
    size = models.PositiveBigIntegerField(default=0, editable=False, help_text="Bytes of the full-size result.")
    seconds = models.FloatField(null=True, editable=False, help_text="What the work took.")

    objects: ClassVar[models.Manager["Coloring"]] = ColoringQuerySet.as_manager()

    class Meta(Job.Meta):
        verbose_name = _("coloring")
        verbose_name_plural = _("colorings")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["photo"],
                condition=models.Q(status__in=[Status.QUEUED, Status.RUNNING]),
                name="one_open_coloring_a_photo",
            )
        ]
