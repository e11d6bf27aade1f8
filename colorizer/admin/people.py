from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from ..models import Action, Family, Membership, User
from ..selectors import leaving
from ..services import audit
from ..services.leaving import delete_account
from .log import Logged


@admin.register(User)
class UserAdmin(Logged):
    """Who may sign in, and who may use this section. Passwords are reset by mail, never set here."""

    list_display = ("email", "name", "is_active", "is_staff", "date_joined")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    fields = ("email", "name", "is_active", "is_staff", "is_superuser", "groups", "last_login")
    filter_horizontal = ("groups",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # Whoever changed another's address could then ask for that person's password.
        return ("last_login", "email") if obj else ("last_login",)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Not those whose family would be left without an owner: that is theirs to hand over."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and not (obj and leaving.of_user(user=obj).to_hand_over)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Accounts go one by one, each having been looked at."""
        return {}

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        assert isinstance(request.user, User)  # noqa: S101 - for the type checker: the admin section asks for it
        delete_account(user=obj, by=request.user)


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
