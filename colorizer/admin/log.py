"""What staff do is written into the log, and what the log says can be looked at: ids, and nothing to change."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from ..models import Action, AuditEntry, Family
from ..services import audit


class Logged(admin.ModelAdmin):  # type: ignore[type-arg]
    """An admin page whose changes go into our own log: Django's own would keep names and addresses for ever."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        _record(request, Action.ADMIN_ADDED, obj)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        _record(request, Action.ADMIN_CHANGED, obj)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for obj in queryset:
            _record(request, Action.ADMIN_DELETED, obj)


@admin.register(AuditEntry)
class AuditAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("at", "action", "actor_id", "family_id", "object_id", "request_id")
    list_filter = ("action",)
    search_fields = ("=actor_id", "=family_id", "=object_id", "=request_id")
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _record(request: HttpRequest, action: Action, obj: Model) -> None:
    family_id: UUID | None = obj.pk if isinstance(obj, Family) else None
    assert request.user.is_authenticated  # noqa: S101 - for the type checker: the admin section asks for it
    audit.record(action=action, actor=request.user, family_id=family_id, object_id=obj.pk)
