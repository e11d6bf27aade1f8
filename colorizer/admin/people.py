from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from ..models import Action, Family, Membership, User
from ..services import audit
from .log import Logged


@admin.register(User)
class UserAdmin(Logged):
    """Who may sign in, and who may use this section. Passwords are reset by mail, never set here."""

    list_display = ("email", "name", "is_active", "is_staff", "date_joined")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    fields = ("email", "name", "is_active", "is_staff", "is_superuser", "last_login")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # Whoever changed another's address could then ask for that person's password.
        return ("last_login", "email") if obj else ("last_login",)


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    """To look at: nobody becomes a member, and so sees the photos, but by the family's own invite."""

    model = Membership
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(Family)
class FamilyAdmin(Logged):
    """Who belongs to a family, and how much it may keep. Not what it keeps; and deleting it is for its owners."""

    list_display = ("name", "created_at", "most_gb", "most_photos_a_day")
    fields = ("name", "most_gb", "most_photos_a_day")
    search_fields = ("name",)
    inlines: ClassVar[list[Any]] = [MembershipInline]

    def save_model(self, request: HttpRequest, obj: Family, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if {"most_gb", "most_photos_a_day"} & set(form.changed_data) and request.user.is_authenticated:
            audit.record(action=Action.QUOTA_CHANGED, actor=request.user, family_id=obj.pk, object_id=obj.pk)

    def has_delete_permission(self, request: HttpRequest, obj: Family | None = None) -> bool:
        return False
