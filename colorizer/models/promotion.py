import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .comparison import Comparison
from .model_version import ModelVersion


class Promotion(models.Model):
    """A model version was put into service in place of another. To roll back is a promotion of an earlier one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="promotions")
    previous = models.ForeignKey(ModelVersion, models.PROTECT, null=True, related_name="+")
    is_rollback = models.BooleanField(default=False, editable=False)
    reason = models.TextField(_("reason"), blank=True, max_length=2000, help_text="Needed against the gate.")
    gate = models.JSONField(default=dict, editable=False, help_text="What it said at the time; empty: cannot judge.")
    comparison = models.ForeignKey(Comparison, models.SET_NULL, null=True, blank=True, related_name="promotions")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("promotion")
        verbose_name_plural = _("promotions")
        ordering: ClassVar[list[str]] = ["-at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(previous=None) | ~Q(version=F("previous")), name="promotion_changes")
        ]
