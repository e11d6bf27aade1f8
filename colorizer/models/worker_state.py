from django.db import models
from django.utils import timezone

from .model_version import ModelVersion


class WorkerState(models.Model):
    """What a worker says of itself: the web process knows of models only through this."""

    name = models.CharField(max_length=120, primary_key=True)
    device = models.CharField(max_length=80, blank=True, help_text="cpu, or the GPU's name.")
    version = models.CharField(max_length=40, blank=True, help_text="Heirloom's version.")
    weights_sha256 = models.CharField(max_length=64, blank=True)
    networks = models.JSONField(default=list, help_text="The networks it can run, with their fields.")
    trains = models.JSONField(
        default=list, help_text="The networks it can teach: name, fields with their defaults, measured step times."
    )
    live_version = models.ForeignKey(
        ModelVersion, models.SET_NULL, null=True, related_name="+", help_text="What it has loaded."
    )
    refused_version = models.ForeignKey(
        ModelVersion, models.SET_NULL, null=True, related_name="+", help_text="Made live, but not fit for use here."
    )
    refusal = models.TextField(blank=True, help_text="Why.")
    started_at = models.DateTimeField(default=timezone.now)
    heartbeat_at = models.DateTimeField(default=timezone.now)


class SchedulerState(models.Model):
    """The scheduler's sign of life: written at the end of every round through the queue, so that it means work done."""

    name = models.CharField(max_length=120, primary_key=True)
    started_at = models.DateTimeField(default=timezone.now)
    round_at = models.DateTimeField(default=timezone.now, help_text="When it last looked after the queue.")
