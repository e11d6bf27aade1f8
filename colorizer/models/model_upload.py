from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .job import Job


class ModelUpload(Job):
    """Weights that someone brings along, until a worker has tried them. As a job it is that trial.

    What is fit for use becomes a model version, and the row goes; what is not stays here with its reason until someone
    has read it.
    """

    name = models.CharField(_("name"), max_length=100, editable=False)
    architecture = models.CharField(max_length=40, editable=False)
    sha256 = models.CharField(max_length=64, unique=True, editable=False, help_text="Of the weights file.")
    card = models.JSONField(default=dict, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta(Job.Meta):
        verbose_name = _("uploaded weights")
        verbose_name_plural = _("uploaded weights")
        ordering: ClassVar[list[str]] = ["-created_at"]

    def __str__(self) -> str:
        return self.name
