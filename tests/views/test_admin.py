"""The admin section: people and room, never a photo; what staff do is in the log, and the log is read-only."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from colorizer.models import Action, AuditEntry, Family, User
from colorizer.services import audit


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_superuser("root@example.org", "an old box of photos")


@pytest.fixture
def as_staff(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def family_form(**changed: str) -> dict[str, str]:
    inline = {f"memberships-{name}_FORMS": "0" for name in ("TOTAL", "INITIAL")}
    return {"name": "Lindqvist", "most_gb": "", "most_photos_a_day": ""} | inline | changed


def test_staff_give_a_family_more_room_and_it_is_written_down(as_staff: Client, staff: User, family: Family) -> None:
    address = f"/admin/colorizer/family/{family.pk}/change/"
    assert as_staff.post(address, family_form(most_gb="500")).status_code == 302
    family.refresh_from_db()
    assert (family.most_gb, family.most_photos_a_day) == (500, None)
    lines = list(AuditEntry.objects.values_list("action", "actor_id", "family_id"))
    assert (Action.QUOTA_CHANGED, staff.pk, family.pk) in lines
    assert (Action.ADMIN_CHANGED, staff.pk, family.pk) in lines


def test_what_staff_do_leaves_no_name_behind(as_staff: Client, staff: User, owner: User, family: Family) -> None:
    form = {"email": owner.email, "name": "Greta Lindqvist", "is_active": "on"}
    as_staff.post(f"/admin/colorizer/user/{owner.pk}/change/", form)
    as_staff.post(f"/admin/colorizer/user/{owner.pk}/delete/", {"post": "yes"})
    assert not LogEntry.objects.exists()
    lines = AuditEntry.objects.filter(actor_id=staff.pk).order_by("pk").values_list("action", "object_id")
    one, home = str(owner.pk), str(family.pk)
    assert sorted(lines) == sorted(
        [
            (Action.ADMIN_CHANGED, one),
            (Action.ADMIN_DELETED, one),
            (Action.FAMILY_DELETED, home),
            (Action.ACCOUNT_DELETED, one),
        ]
    )


def test_the_log_is_looked_at_and_nothing_in_it_changed(as_staff: Client, owner: User) -> None:
    audit.record(action=Action.SIGNED_IN, actor=owner, object_id=owner.pk)
    line = AuditEntry.objects.get()
    page = as_staff.get(f"/admin/colorizer/auditentry/?q={owner.pk}").content.decode()
    assert "signed in" in page
    assert owner.email not in page
    assert as_staff.get(f"/admin/colorizer/auditentry/{line.pk}/change/").status_code == 200
    assert as_staff.post(f"/admin/colorizer/auditentry/{line.pk}/change/", {"action": "x"}).status_code == 403
    assert as_staff.post(f"/admin/colorizer/auditentry/{line.pk}/delete/", {"post": "yes"}).status_code == 403
    assert as_staff.get("/admin/colorizer/auditentry/add/").status_code == 403
    deletion = {"action": "delete_selected", "_selected_action": str(line.pk), "post": "yes"}
    as_staff.post("/admin/colorizer/auditentry/", deletion)
    assert AuditEntry.objects.filter(pk=line.pk).exists()


def test_who_may_not_use_the_section_sees_nothing_of_it(owner: User) -> None:
    client = Client()
    client.force_login(owner)
    assert client.get("/admin/colorizer/auditentry/").status_code in (302, 403)
