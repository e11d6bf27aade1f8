from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from .dataset import Dataset
from .family import Family


class Tombstone(models.Model):
    """What is left of a deleted original, or of a dataset's photo: its hash and why it went."""

    family = models.ForeignKey(Family, models.CASCADE, null=True, related_name="tombstones")
    dataset = models.ForeignKey(Dataset, models.CASCADE, null=True, related_name="tombstones")
    sha256 = models.CharField(max_length=64)
    reason = models.CharField(max_length=40)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(family=None, dataset__isnull=False) | Q(family__isnull=False, dataset=None),
                name="tombstone_of_a_family_or_a_dataset",
            )
        ]
