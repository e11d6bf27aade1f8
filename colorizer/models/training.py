from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .dataset import DatasetVersion
from .job import Job
from .model_version import ModelVersion
from .user import User


class Training(Job):
    """A network that is being taught, in slices of a few minutes. As a job it is the training itself.

    Between two slices it waits in the queue again, and its state lies in `models`: any worker may take the next.
    """

    class Start(models.TextChoices):
        MODEL = "model", _("from a model")
        ENCODER = "encoder", _("from the encoder")

    name = models.CharField(_("name"), max_length=100)
    dataset_version = models.ForeignKey(DatasetVersion, models.PROTECT, related_name="trainings")
    network = models.CharField(_("network"), max_length=40)
    start = models.CharField(_("start"), max_length=10, choices=Start.choices, default=Start.MODEL)
    start_version = models.ForeignKey(
        ModelVersion,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Whose weights it begins with.",
    )
    settings = models.JSONField(default=dict, editable=False, help_text="As `ml.settings` names them.")
    seed = models.PositiveIntegerField(_("seed"), default=1)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    slice = models.PositiveIntegerField(default=0, editable=False, help_text="How many slices are done.")
    state_key = models.CharField(max_length=200, blank=True, editable=False, help_text="Its state in `models`.")
    pause_requested = models.BooleanField(default=False, editable=False)
    step = models.PositiveIntegerField(default=0, editable=False)
    progress = models.FloatField(default=0.0, editable=False, help_text="0 to 1.")
    seconds = models.FloatField(default=0.0, editable=False, help_text="Of training so far.")
    expected_seconds = models.FloatField(null=True, editable=False, help_text="What was said before it started.")
    photos_per_second = models.FloatField(null=True, editable=False)
    device = models.CharField(max_length=80, blank=True, editable=False)
    memory_mb = models.PositiveIntegerField(null=True, editable=False, help_text="Of the device, or of the process.")
    samples = models.JSONField(default=list, editable=False, help_text="Steps whose sample photos lie in `models`.")
    model_version = models.OneToOneField(
        ModelVersion, models.PROTECT, null=True, blank=True, related_name="training", help_text="What came out of it."
    )

    class Meta(Job.Meta):
        verbose_name = _("training")
        verbose_name_plural = _("trainings")
        ordering: ClassVar[list[str]] = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def message_id(self) -> str:
        """``row:slice:attempt``."""
        return f"{self.pk}:{self.slice}:{self.attempt}"

    @property
    def message_args(self) -> list[str | int]:
        return [str(self.pk), self.slice, self.attempt]

    @property
    def memory(self) -> int:
        """Bytes."""
        return 1_000_000 * (self.memory_mb or 0)

    @property
    def percent_done(self) -> int:
        """Of all of it: ``percent`` begins anew with each slice."""
        return int(100 * self.progress)


class TrainingPoint(models.Model):
    """A point of a training's curves. The longer it has taken, the further apart they lie."""

    training = models.ForeignKey(Training, models.CASCADE, related_name="points")
    step = models.PositiveIntegerField(editable=False)
    seconds = models.FloatField(editable=False, help_text="Of training until then.")
    loss = models.FloatField(editable=False)
    val_loss = models.FloatField(null=True, editable=False)
    val_explained = models.FloatField(null=True, editable=False, help_text="The share of the colour explained.")
    rate = models.FloatField(editable=False, help_text="The learning rate.")
    photos_per_second = models.FloatField(null=True, editable=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["step"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["training", "step"], name="one_point_a_step")
        ]


class TrainingEvent(models.Model):
    """A line of a training's log. Pages say its code in words."""

    training = models.ForeignKey(Training, models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now, editable=False)
    code = models.CharField(max_length=40, editable=False)
    details = models.JSONField(default=dict, editable=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["pk"]
