"""The roles of the workshop: groups of Django's, whose permissions say who may do what. Superusers may all of it.

They are made after every migration, and made anew where the tables were emptied. To have none is the default, for
staff too; whoever may change people in the admin section hands them out there.
"""

from typing import Any

from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

from .models import User

CURATOR, TRAINER, PROMOTER = "curator", "trainer", "promoter"

PERMISSIONS: dict[str, list[str]] = {
    CURATOR: [
        *(f"{may}_{what}" for what in ("dataset", "datasetitem") for may in ("view", "add", "change", "delete")),
        *("view_datasetversion", "add_datasetversion", "view_consent", "view_comparison", "add_vote"),
    ],
    TRAINER: [
        *("view_datasetversion", "view_training", "add_training", "change_training", "view_modelversion"),
        *("view_comparison", "add_comparison", "add_vote"),
    ],
    PROMOTER: [
        *("view_modelversion", "add_modelversion", "view_promotion", "add_promotion", "view_training"),
        *("view_comparison", "add_comparison", "add_vote"),
    ],
}
"""The permissions of each role, by their code names."""


def make(app_config: Any = None, **_: Any) -> None:
    """Make the roles, or set right what they may do. Called after every migration."""
    if app_config is not None:
        create_permissions(app_config, verbosity=0)
    for name, codenames in PERMISSIONS.items():
        group, _is_new = Group.objects.get_or_create(name=name)
        ours = Permission.objects.filter(content_type__app_label="colorizer", codename__in=codenames)
        group.permissions.set(ours)


def has_any(user: User) -> bool:
    """Whether ``user`` may enter the workshop at all."""
    return user.is_superuser or user.groups.filter(name__in=PERMISSIONS).exists()
