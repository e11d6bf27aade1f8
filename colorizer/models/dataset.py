"""What Heirloom learns from and is judged on: sets of photos, each with a reason to be in it, and frozen versions."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .consent import Consent
from .job import Job


class Split(models.TextChoices):
    TRAIN = "train", _("training")
    VAL = "val", _("validation")


class Licence(models.TextChoices):
    """As the photo pack's index names them; `CONSENT` is a family's word instead of a licence."""

    OPEN = "open", _("open")
    RESEARCH_ONLY = "research-only", _("research only")
    UNCLEAR = "unclear", _("unclear")
    CONSENT = "consent", _("the family's consent")


class Dataset(models.Model):
    class Kind(models.TextChoices):
        TRAINING = "training", _("for training")
        BENCHMARK = "benchmark", _("benchmark: for judging alone")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=120, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.TRAINING)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("dataset")
        verbose_name_plural = _("datasets")
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


class DatasetItem(Job):
    """A colour photo in a dataset: the file, and what was decided and measured of it.

    As a job it is the measuring. It goes with its file when it is deleted, or its consent withdrawn.
    """

    class State(models.TextChoices):
        NEW = "new", _("new")
        ACCEPTED = "accepted", _("accepted")
        REJECTED = "rejected", _("rejected")

    dataset = models.ForeignKey(Dataset, models.CASCADE, related_name="items")
    sha256 = models.CharField(max_length=64, editable=False)
    key = models.CharField(max_length=200, unique=True, editable=False, help_text="Where it lies in `models`.")
    name = models.CharField(max_length=255, blank=True, editable=False, help_text="As it was called; never a path.")
    format = models.CharField(max_length=10, editable=False, help_text="As sniffed: jpeg, png, webp, heic, tiff.")
    size = models.PositiveBigIntegerField(default=0, editable=False, help_text="Bytes.")
    consent = models.ForeignKey(Consent, models.CASCADE, null=True, blank=True, related_name="items")
    source = models.CharField(_("source"), max_length=300, blank=True)
    licence = models.CharField(_("licence"), max_length=20, choices=Licence.choices, default=Licence.UNCLEAR)
    category = models.CharField(_("category"), max_length=40, blank=True)
    split = models.CharField(_("split"), max_length=5, choices=Split.choices, default=Split.TRAIN)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.NEW)
    crop_free = models.BooleanField(_("crop-free"), default=False, help_text="No border, frame or writing to cut off.")

    width = models.PositiveIntegerField(default=0, editable=False)
    height = models.PositiveIntegerField(default=0, editable=False)
    colourfulness = models.FloatField(null=True, editable=False, help_text="Hasler and Suesstrunk 2003.")
    fingerprint = models.JSONField(default=list, editable=False, help_text="Perceptual hashes, hexadecimal.")
    is_dull = models.BooleanField(default=False, editable=False)
    is_tinted = models.BooleanField(default=False, editable=False, help_text="One cast over all of it.")
    is_faded = models.BooleanField(default=False, editable=False)
    lean = models.CharField(
        max_length=10, blank=True, editable=False, help_text="What its colours lean to: `ml.appraisal.LEANS`."
    )
    faces = models.JSONField(default=dict, editable=False, help_text="How many by skin-tone band.")
    near = models.ManyToManyField(
        "self", blank=True, editable=False, help_text="Copies of it, in any dataset: re-saved, resized or cut a little."
    )

    class Meta(Job.Meta):
        verbose_name = _("dataset photo")
        verbose_name_plural = _("dataset photos")
        indexes: ClassVar[list[models.Index]] = [
            *Job.Meta.indexes,
            models.Index(fields=["dataset", "state", "created_at"], name="item_of_a_dataset"),
            models.Index(fields=["sha256"], name="item_by_hash"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["dataset", "sha256"], name="one_item_a_file")
        ]

    def __str__(self) -> str:
        return self.name or self.sha256[:12]


class DatasetVersion(models.Model):
    """What a dataset held when it was frozen. It never changes, but for the photos that have gone since."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(editable=False)
    sha256 = models.CharField(max_length=64, editable=False, help_text="Over its photos' hashes, splits and labels.")
    frozen_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    frozen_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("dataset version")
        verbose_name_plural = _("dataset versions")
        ordering: ClassVar[list[str]] = ["-frozen_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["dataset", "number"], name="one_version_a_number")
        ]

    def __str__(self) -> str:
        return f"{self.dataset} {self.number}"


class FrozenItem(models.Model):
    """A photo of a frozen version. ``item`` is none once it has gone, and its file with it."""

    version = models.ForeignKey(DatasetVersion, models.CASCADE, related_name="items")
    item = models.ForeignKey(DatasetItem, models.SET_NULL, null=True, related_name="frozen")
    sha256 = models.CharField(max_length=64, editable=False)
    key = models.CharField(max_length=200, editable=False, help_text="Where it lies in `models`.")
    source = models.CharField(max_length=300, blank=True, editable=False)
    licence = models.CharField(max_length=20, choices=Licence.choices, editable=False)
    category = models.CharField(max_length=40, blank=True, editable=False)
    split = models.CharField(max_length=5, choices=Split.choices, editable=False)
    colourfulness = models.FloatField(null=True, editable=False)
    fingerprint = models.JSONField(default=list, editable=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["sha256"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["version", "sha256"], name="one_frozen_item_a_file")
        ]
