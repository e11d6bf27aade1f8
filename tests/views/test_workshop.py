"""The workshop's door: who has a role comes in, and sees what the role is for; for others there is nothing."""

import re
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from colorizer import roles
from colorizer.models import User
from tests.table import ARGUMENT, table
from tests.views.conftest import SignIn

PARTS = {
    roles.CURATOR: ["Datasets", "Comparisons"],
    roles.TRAINER: ["Trainings", "Comparisons", "Models"],
    roles.PROMOTER: ["Trainings", "Comparisons", "Models"],
}


def with_role(user: User, *names: str) -> User:
    user.groups.set(Group.objects.filter(name__in=names))
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("role", PARTS)
def test_each_role_sees_the_parts_that_are_its_own(sign_in: SignIn, owner: User, role: str) -> None:
    page = sign_in(with_role(owner, role)).get(reverse("workshop"))
    assert [str(part.title) for part in page.context["parts"]] == PARTS[role]


def test_a_superuser_holds_all_roles(sign_in: SignIn, db: None) -> None:
    root = User.objects.create_superuser("root@example.org", "an old box of photos")
    page = sign_in(root).get(reverse("workshop"))
    assert [part.name for part in page.context["parts"]] == ["datasets", "trainings", "comparisons", "models"]


def test_staff_hold_none_and_find_nothing_at_any_address(sign_in: SignIn, owner: User) -> None:
    owner.is_staff = True
    owner.save()
    routes = [route.text for route in table() if route.part == "workshop"]
    assert routes
    for text in routes:
        address = "/" + ARGUMENT.sub(_value, text)
        for method in ("get", "post"):
            assert getattr(sign_in(owner), method)(address).status_code == 404, (method, address)


def test_nobody_is_asked_to_sign_in(client: Client, db: None) -> None:
    assert client.get(reverse("workshop"))["Location"].startswith(reverse("account_login"))


def test_the_menu_shows_the_workshop_to_those_alone_who_may_enter(sign_in: SignIn, owner: User) -> None:
    link = f'href="{reverse("workshop")}"'
    assert link not in sign_in(owner).get(reverse("home")).content.decode()
    assert link in sign_in(with_role(owner, roles.CURATOR)).get(reverse("home")).content.decode()


def test_roles_are_handed_out_in_the_admin_section(sign_in: SignIn, owner: User) -> None:
    root = User.objects.create_superuser("root@example.org", "an old box of photos")
    form = {"name": "Greta", "is_active": "on", "groups": [Group.objects.get(name=roles.TRAINER).pk]}
    answer = sign_in(root).post(f"/admin/colorizer/user/{owner.pk}/change/", form)
    assert answer.status_code == 302
    assert roles.has_any(owner)


def test_roles_may_do_what_they_are_said_to(db: None) -> None:
    for name, codenames in roles.PERMISSIONS.items():
        held = Group.objects.get(name=name).permissions.values_list("codename", flat=True)
        assert sorted(held) == sorted(codenames)


def _value(found: re.Match[str]) -> str:
    return "1" if found[0].startswith("<int") else str(uuid4())
