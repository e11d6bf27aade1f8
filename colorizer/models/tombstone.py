from django.db import models
from django.utils import timezone

from .family import Family


class Tombstone(models.Model):
    """What is left of a deleted original: its hash and why it went."""

    family = models.ForeignKey(Family, models.CASCADE, related_name="tombstones")
    sha256 = models.CharField(max_length=64)
    reason = models.CharField(max_length=40)
    created_at = models.DateTimeField(default=timezone.now)
