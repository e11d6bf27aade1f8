"""What happened, by whom, to what: ids alone, so that nothing of a person is left in it when the person goes."""

from typing import Any, ClassVar, NoReturn
from uuid import UUID

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Action(models.TextChoices):
    SIGNED_UP = "signed_up", _("signed up")
    SIGNED_IN = "signed_in", _("signed in")
    SIGN_IN_FAILED = "sign_in_failed", _("a sign-in failed")
    SIGNED_OUT = "signed_out", _("signed out")
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere", _("signed out everywhere")
    PASSWORD_CHANGED = "password_changed", _("password changed")
    PASSWORD_RESET = "password_reset", _("password reset")
    ADDRESS_CHANGED = "address_changed", _("e-mail address changed")
    EXPORTED = "exported", _("everything exported")
    ACCOUNT_DELETED = "account_deleted", _("account deleted")
    FAMILY_FOUNDED = "family_founded", _("family begun")
    FAMILY_DELETED = "family_deleted", _("family deleted")
    MEMBER_JOINED = "member_joined", _("member joined")
    MEMBER_LEFT = "member_left", _("member left")
    MEMBER_REMOVED = "member_removed", _("member removed")
    ROLE_CHANGED = "role_changed", _("role changed")
    INVITE_MADE = "invite_made", _("invite made")
    INVITE_WITHDRAWN = "invite_withdrawn", _("invite withdrawn")
    SHARE_MADE = "share_made", _("link shared")
    SHARE_UNLOCKED = "share_unlocked", _("shared link unlocked")
    SHARE_WITHDRAWN = "share_withdrawn", _("shared link withdrawn")
    TOKEN_MADE = "token_made", _("access token made")
    TOKEN_WITHDRAWN = "token_withdrawn", _("access token withdrawn")
    PHOTO_TRASHED = "photo_trashed", _("photo put in the trash")
    PHOTO_RESTORED = "photo_restored", _("photo restored")
    PHOTO_PURGED = "photo_purged", _("photo deleted for ever")
    VERSION_PURGED = "version_purged", _("version of a photo deleted for ever")
    ALBUM_TRASHED = "album_trashed", _("album put in the trash")
    ALBUM_RESTORED = "album_restored", _("album restored")
    ALBUM_PURGED = "album_purged", _("album deleted for ever")
    QUOTA_CHANGED = "quota_changed", _("space changed")
    CONSENT_GIVEN = "consent_given", _("photo offered for teaching")
    CONSENT_WITHDRAWN = "consent_withdrawn", _("offer for teaching withdrawn")
    DATASET_MADE = "dataset_made", _("dataset begun")
    DATASET_IMPORTED = "dataset_imported", _("photos added to a dataset")
    DATASET_FROZEN = "dataset_frozen", _("dataset frozen")
    DATASET_EXPORTED = "dataset_exported", _("dataset exported")
    DATASET_ITEM_DELETED = "dataset_item_deleted", _("dataset photo deleted")
    TRAINING_STARTED = "training_started", _("training started")
    TRAINING_PAUSED = "training_paused", _("training paused")
    TRAINING_RESUMED = "training_resumed", _("training resumed")
    TRAINING_CANCELLED = "training_cancelled", _("training cancelled")
    COMPARISON_STARTED = "comparison_started", _("models compared")
    MODEL_UPLOADED = "model_uploaded", _("model uploaded")
    MODEL_PROMOTED = "model_promoted", _("model put into service")
    MODEL_ROLLED_BACK = "model_rolled_back", _("earlier model put back into service")
    ADMIN_ADDED = "admin_added", _("added in the admin section")
    ADMIN_CHANGED = "admin_changed", _("changed in the admin section")
    ADMIN_DELETED = "admin_deleted", _("deleted in the admin section")


class WrittenOnce(TypeError):
    """Someone tried to change or delete what the log says."""


class EntryQuerySet(models.QuerySet["AuditEntry"]):
    def of_family(self, family_id: UUID) -> "EntryQuerySet":
        return self.filter(family_id=family_id)

    def update(self, **fields: Any) -> NoReturn:
        raise WrittenOnce("An audit entry is written once.")

    def delete(self) -> NoReturn:
        raise WrittenOnce("Audit entries go by their age alone: see services.audit.forget_old.")


class AuditEntry(models.Model):
    """One line of the log. No foreign key: an id stays when what it stood for is gone."""

    action = models.CharField(max_length=40, choices=Action.choices, editable=False)
    actor_id = models.BigIntegerField(null=True, editable=False, help_text="A user's id; none: the site itself.")
    family_id = models.UUIDField(null=True, editable=False)
    object_id = models.CharField(max_length=64, blank=True, editable=False, help_text="Of what the action says.")
    request_id = models.CharField(max_length=64, blank=True, editable=False)
    at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)

    objects: ClassVar[models.Manager["AuditEntry"]] = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("log entry")
        verbose_name_plural = _("log entries")
        ordering: ClassVar[list[str]] = ["-at", "-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["family_id", "-at"], name="audit_of_a_family"),
            models.Index(fields=["actor_id", "-at"], name="audit_of_a_person"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises WrittenOnce for an entry that is there already."""
        if not self._state.adding:
            raise WrittenOnce("An audit entry is written once.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise WrittenOnce("Audit entries go by their age alone: see services.audit.forget_old.")
