from django.db import models
from django.utils import timezone


class WorkerState(models.Model):
    """What a worker says of itself: the web process knows of models only through this."""

    name = models.CharField(max_length=120, primary_key=True)
    device = models.CharField(max_length=80, blank=True, help_text="cpu, or the GPU's name.")
    version = models.CharField(max_length=40, blank=True, help_text="Heirloom's version.")
    weights_sha256 = models.CharField(max_length=64, blank=True)
    networks = models.JSONField(default=list, help_text="The networks it can run, with their fields.")
    started_at = models.DateTimeField(default=timezone.now)
    heartbeat_at = models.DateTimeField(default=timezone.now)


class SchedulerState(models.Model):
    """The scheduler's sign of life: written at the end of every round through the queue, so that it means work done."""

    name = models.CharField(max_length=120, primary_key=True)
    started_at = models.DateTimeField(default=timezone.now)
    round_at = models.DateTimeField(default=timezone.now, help_text="When it last looked after the queue.")
