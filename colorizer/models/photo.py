import uuid
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from .album import Album
from .family import Family, Role
from .job import Job
from .user import User

if TYPE_CHECKING:
    from ..selectors.queue import Wait
    from .coloring import Coloring


@cache
def _around_id() -> tuple[str, str]:
    """What stands before and after a photo's id in its address; found once, since an album's page asks for 500."""
    anyone = uuid.UUID(int=0)
    before, _, after = reverse("photo", args=[anyone]).partition(str(anyone))
    return before, after


class OriginalQuerySet(models.QuerySet["Original"]):
    def for_user(self, user: User, *roles: Role) -> "OriginalQuerySet":
        return self.filter(family__in=Family.objects.for_user(user, *roles))


class Original(Job):
    """An uploaded file, stored once and never touched. As a job it is the preparing of its photos."""

    family = models.ForeignKey(Family, models.CASCADE, related_name="originals")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    sha256 = models.CharField(max_length=64, editable=False)
    key = models.CharField(max_length=200, unique=True, editable=False, help_text="Where it lies in `originals`.")
    name = models.CharField(max_length=255, editable=False, help_text="As the family's device called it; never a path.")
    format = models.CharField(max_length=10, editable=False, help_text="As sniffed: jpeg, png, webp, heic, tiff.")
    size = models.PositiveBigIntegerField(editable=False, help_text="Bytes.")
    pages = models.PositiveSmallIntegerField(default=1, editable=False)

    objects: ClassVar[models.Manager["Original"]] = OriginalQuerySet.as_manager()

    class Meta(Job.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["family", "sha256"], name="one_original_a_family")
        ]


class PhotoQuerySet(models.QuerySet["Photo"]):
    def for_user(self, user: User, *roles: Role) -> "PhotoQuerySet":
        return self.filter(album__family__in=Family.objects.for_user(user, *roles))

    def kept(self) -> "PhotoQuerySet":
        """Those not in the trash, nor in an album that is."""
        return self.filter(deleted_at=None, album__deleted_at=None)

    def in_trash(self) -> "PhotoQuerySet":
        """Those put in the trash on their own. What lies there with its album comes back with it alone."""
        return self.filter(deleted_at__isnull=False, album__deleted_at=None)


class Photo(models.Model):
    """One picture of an original: the only one, or a page of it."""

    class State(models.TextChoices):
        PREPARING = "preparing", _("being read")
        REFUSED = "refused", _("refused")
        ASKS = "asks", _("already in colour?")
        READY = "ready", _("ready")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    original = models.ForeignKey(Original, models.CASCADE, related_name="photos")
    page = models.PositiveSmallIntegerField(default=1, editable=False)
    album = models.ForeignKey(Album, models.CASCADE, related_name="photos")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREPARING, editable=False)
    refusal = models.CharField(max_length=40, blank=True, editable=False, help_text="A code; pages say it in words.")
    width = models.PositiveIntegerField(default=0, editable=False, help_text="Pixels, upright.")
    height = models.PositiveIntegerField(default=0, editable=False, help_text="Pixels, upright.")
    caption = models.CharField(_("caption"), max_length=500, blank=True)
    taken = models.CharField(_("when"), max_length=100, blank=True, help_text=_("As exact as you know: “summer 1931”."))
    people = models.CharField(_("people"), max_length=500, blank=True)
    shown = models.ForeignKey(
        "Coloring", models.SET_NULL, null=True, blank=True, related_name="+", help_text="The coloring the family sees."
    )
    signature = models.BinaryField(
        null=True, editable=False, help_text="What it looks like as a whole, as `ml.similarity` has it, once known."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    changed_at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    coloring: "Coloring | None"
    """The latest, whether shown or not: what the pages tell of. Filled in by `selectors.gallery`, as is ``wait``."""
    wait: "Wait | None"

    objects: ClassVar[models.Manager["Photo"]] = PhotoQuerySet.as_manager()

    class Meta:
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        ordering: ClassVar[list[str]] = ["created_at", "original", "page"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["original", "page"], name="one_photo_a_page")
        ]

    def __str__(self) -> str:
        return self.caption or self.original.name

    @cached_property
    def address(self) -> str:
        """Of its own page. Its tile, its files and what one can do with it lie under that."""
        return str(self.pk).join(_around_id())

    @property
    def standing(self) -> str:
        """What its tile speaks of: its state, until that is ready; then "done", "kept", or its coloring's status."""
        if self.state != self.State.READY:
            return self.state
        if self.coloring is None:
            return "done" if self.shown_id else "kept"
        return "done" if self.shown_id and not self.coloring.is_open else self.coloring.status
