from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .dataset import DatasetVersion, FrozenItem
from .job import Job, Status
from .model_version import ModelVersion


class Comparison(Job):
    """A candidate and the live model, judged on the same photos. As a job it is the judging."""

    candidate = models.ForeignKey(ModelVersion, models.CASCADE, related_name="comparisons")
    live = models.ForeignKey(ModelVersion, models.CASCADE, related_name="+")
    benchmark = models.ForeignKey(DatasetVersion, models.PROTECT, related_name="comparisons")
    figures = models.JSONField(default=dict, editable=False, help_text="Of both and the controls, set by set.")
    gate = models.JSONField(default=dict, editable=False, help_text="Whether the candidate may go live, and why not.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta(Job.Meta):
        verbose_name = _("comparison")
        verbose_name_plural = _("comparisons")
        ordering: ClassVar[list[str]] = ["-created_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(candidate=F("live")), name="comparison_of_two"),
            models.UniqueConstraint(
                fields=["candidate", "live", "benchmark"],
                condition=Q(status__in=list(Job.OPEN)),
                name="one_open_comparison",
            ),
        ]

    @property
    def percent_done(self) -> int:
        """Of its photos. Between two slices it stands still, where a job's own percent begins anew."""
        if self.status == Status.DONE:
            return 100
        return 100 * self.photos.count() // max(self.benchmark.items.filter(item__isnull=False).count(), 1)


class ComparisonPhoto(models.Model):
    """One photo of a comparison: its figures, and the small pictures of it in `results`."""

    comparison = models.ForeignKey(Comparison, models.CASCADE, related_name="photos")
    item = models.ForeignKey(FrozenItem, models.CASCADE, related_name="+")
    figures = models.JSONField(default=dict, editable=False)
    difference = models.FloatField(default=0.0, editable=False, help_text="How far the two results lie apart.")
    input_key = models.CharField(max_length=200, blank=True, editable=False)
    live_key = models.CharField(max_length=200, blank=True, editable=False)
    candidate_key = models.CharField(max_length=200, blank=True, editable=False)
    truth_key = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["-difference", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["comparison", "item"], name="one_comparison_photo_an_item")
        ]


class Vote(models.Model):
    """Which of two results someone found better, not knowing which was whose."""

    class Choice(models.TextChoices):
        LIVE = "live", _("the live model's")
        CANDIDATE = "candidate", _("the candidate's")
        NEITHER = "neither", _("neither")

    photo = models.ForeignKey(ComparisonPhoto, models.CASCADE, related_name="votes")
    voter = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    choice = models.CharField(max_length=10, choices=Choice.choices)
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["photo", "voter"], name="one_vote_a_photo")
        ]
