from typing import ClassVar

from django.db import models
from django.utils import timezone


class Discard(models.Model):
    """A file whose row is gone already, and that has to go too. Written with the row's end, and gone with the file."""

    storage = models.CharField(max_length=20, editable=False)
    key = models.CharField(max_length=200, editable=False)
    noted_at = models.DateTimeField(default=timezone.now, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False, help_text="How often its storage has kept it.")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["storage", "key"], name="one_discard_a_file")
        ]
