import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ModelVersion(models.Model):
    """Trained weights with their card; `storage.weights_key` says where they lie. Exactly one is live."""

    class State(models.TextChoices):
        CANDIDATE = "candidate", _("candidate")
        LIVE = "live", _("live")
        RETIRED = "retired", _("retired")

    class Origin(models.TextChoices):
        SHIPPED = "shipped", _("came with Heirloom")
        TRAINING = "training", _("trained here")
        UPLOAD = "upload", _("uploaded")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100)
    architecture = models.CharField(_("architecture"), max_length=40)
    sha256 = models.CharField(max_length=64, unique=True, editable=False, help_text="Of the weights file.")
    card = models.JSONField(default=dict, editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.CANDIDATE, editable=False)
    origin = models.CharField(_("origin"), max_length=10, choices=Origin.choices, default=Origin.TRAINING)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["state"], condition=models.Q(state="live"), name="one_live_model")
        ]

    def __str__(self) -> str:
        return self.name
