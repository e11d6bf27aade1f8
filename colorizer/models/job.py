"""A row that is its own job record. The row is the truth; the queue only carries its id."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("running")
    PAUSED = "paused", _("paused")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class Queue(models.TextChoices):
    INTERACTIVE = "interactive"
    BULK = "bulk"
    TRAIN = "train"


class Job(models.Model):
    """What a worker does once, however often it is told to.

    ``attempt`` counts the times the row was queued and is part of the message's id, so an old message is known as old.
    ``failures`` counts crashes and errors, whatever progress lay between; the third ends it, and a retry counts anew.
    A lease (``lease_owner``, ``heartbeat_at``) says who works on it; a heartbeat that does not move for the time of a
    lease is a dead worker (see `services.reaping`).
    """

    MOST_FAILURES = 3
    OPEN = (Status.QUEUED, Status.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED, editable=False)
    queue = models.CharField(max_length=12, choices=Queue.choices, default=Queue.INTERACTIVE, editable=False)
    attempt = models.PositiveIntegerField(default=1, editable=False)
    failures = models.PositiveSmallIntegerField(default=0, editable=False)
    stage = models.CharField(max_length=20, blank=True, editable=False)
    percent = models.PositiveSmallIntegerField(default=0, editable=False)
    stage_seconds = models.JSONField(default=dict, editable=False, help_text="What each stage of the last run took.")
    lease_owner = models.CharField(max_length=120, blank=True, editable=False)
    heartbeat_at = models.DateTimeField(null=True, editable=False)
    cancel_requested = models.BooleanField(default=False, editable=False)
    reason = models.CharField(max_length=40, blank=True, editable=False, help_text="A code; pages say it in words.")
    detail = models.TextField(blank=True, editable=False, help_text="The technical reason.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(null=True, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)

    class Meta:
        abstract = True
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["status", "created_at"], name="%(class)s_status"),
        ]

    @property
    def message_id(self) -> str:
        """The queue's name for this attempt: ``row:attempt``."""
        return f"{self.pk}:{self.attempt}"

    @property
    def message_args(self) -> list[str | int]:
        """What the message says: ids and numbers alone, the attempt last."""
        return [str(self.pk), self.attempt]

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN
