"""The end of an account, and taking everything along: nothing is left behind, and nothing is left out."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import FileSystemStorage, storages
from django.test import Client
from django.urls import reverse

from colorizer import storage
from colorizer.models import (
    Action,
    Album,
    AuditEntry,
    Discard,
    Family,
    Membership,
    Original,
    Photo,
    Role,
    Scope,
    Session,
    Share,
    Tombstone,
    User,
)
from colorizer.services import account, colours, discarding, leaving, sharing, tokens, trash
from tests.conftest import PASSWORD, member
from tests.views.conftest import make_photo

EMAIL, NAME = "greta.lindqvist@example.org", "Greta Lindqvist"


@pytest.fixture
def greta(db: None) -> User:
    """Someone who has used everything there is: a family of her own, photos, links, tokens, mails, sessions."""
    user = User.objects.create_user(EMAIL, PASSWORD, name=NAME)
    EmailAddress.objects.create(user=user, email=EMAIL, primary=True, verified=True)
    family = account.found_family(user=user, name=f"Family of {NAME}")
    album = Album.objects.create(family=family, title="Summers at the lake")
    photo = make_photo(album, caption=f"{NAME} at the lake", people=NAME)
    Original.objects.update(uploaded_by=user)
    colours.keep(family=family, name=f"Hat of {NAME}", colour="#a04030", by=user)
    trash.purge_photo(photo=make_photo(album, shade=1), by=user)
    trash.delete_photo(photo=make_photo(album, shade=2, coloured=False), by=user)
    sharing.create(by=user, photo=photo, lasts=None, password="lake")
    tokens.create(family=family, user=user, name="scanner", scopes=[Scope.READ])
    account.create_invite(family=family, by=user, role=Role.VIEWER)
    content_type = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(
        user=user, content_type=content_type, object_id=str(user.pk), object_repr=EMAIL, action_flag=CHANGE
    )
    return user


@pytest.fixture
def as_greta(greta: User) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
    return client


def delete(client: Client, password: str = PASSWORD) -> Any:
    return client.post(reverse("account_delete"), {"password": password}, follow=True)


def stores() -> list[Any]:
    return [storages[alias] for alias in ("originals", "results", "models")]


def everywhere() -> str:
    """Every row of every table but the log; the key and bytes of every file, and the folders on a disk."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        if model is not AuditEntry:
            found.append(str(list(model._base_manager.values())))
    for store in stores():
        for file in store.files():
            found.append(file.key)
            with store.open(file.key) as opened:
                found.append(opened.read().decode("latin-1"))
        if isinstance(store, FileSystemStorage):
            found += map(str, Path(store.location).rglob("*"))
    return "\n".join(found)


# --- The end of an account ----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_a_deleted_account_nothing_is_left_in_any_table_or_storage(as_greta: Client, greta: User) -> None:
    family = greta.families.get()
    ids = [family.pk, *family.albums.values_list("pk", flat=True)]
    for model in (Photo, Original, Share):
        ids += model.objects.values_list("pk", flat=True)
    ids += [pk for photo in Photo.objects.all() for pk in photo.colorings.values_list("pk", flat=True)]
    traces = [EMAIL, NAME, PASSWORD, *map(str, ids)]
    before = everywhere()
    assert all(trace in before or trace == PASSWORD or trace.replace("-", "") in before for trace in traces)

    elsewhere = Client()
    elsewhere.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})

    answer = delete(as_greta)

    # What a session keeps is encoded, so that no search would find it.
    assert not Session.objects.filter(user_id=greta.pk).exists()
    assert "Your account is deleted." in answer.content.decode()
    after = everywhere()
    assert [trace for trace in traces if trace in after] == []
    assert not User.objects.filter(pk=greta.pk).exists()
    assert not Tombstone.objects.exists()
    assert as_greta.get("/trash/").status_code == 302
    log = str(list(AuditEntry.objects.values()))
    assert EMAIL not in log
    assert NAME not in log
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions[-2:] == [Action.FAMILY_DELETED, Action.ACCOUNT_DELETED]


def test_a_wrong_password_deletes_nothing_and_is_counted(as_greta: Client, greta: User) -> None:
    for _ in range(5):
        answer = delete(as_greta, "a guess of mine")
        assert answer.status_code == 422
        assert "That is not your password." in answer.content.decode()
    assert delete(as_greta).status_code == 429
    assert User.objects.filter(pk=greta.pk).exists()
    assert Photo.objects.exists()


def test_the_page_says_beforehand_what_will_happen(as_greta: Client, greta: User, owner: User, family: Family) -> None:
    Membership.objects.create(family=family, user=greta, role=Role.EDITOR)
    page = " ".join(as_greta.get(reverse("account_delete")).content.decode().split())
    assert f"<strong>Family of {NAME}</strong> is deleted with its 2 photos" in page
    assert "<strong>Lindqvist</strong> stays" in page
    assert EMAIL in page


def test_who_alone_looks_after_others_hands_over_first(as_greta: Client, greta: User) -> None:
    family = greta.families.get()
    aunt = member(family, Role.EDITOR)
    page = as_greta.get(reverse("account_delete")).content.decode()
    assert "First make someone else an owner" in page
    assert 'name="password"' not in page
    assert "First make someone else an owner" in delete(as_greta).content.decode()
    assert User.objects.filter(pk=greta.pk).exists()
    account.set_role(membership=family.memberships.get(user=aunt), role=Role.OWNER)
    delete(as_greta)
    assert not User.objects.filter(pk=greta.pk).exists()
    assert list(family.memberships.values_list("user", flat=True)) == [aunt.pk]


@pytest.mark.django_db(transaction=True)
def test_a_family_with_another_owner_stays_with_all_its_photos_and_without_the_links_of_who_went(
    as_greta: Client, greta: User
) -> None:
    family = greta.families.get()
    member(family, Role.OWNER)
    photos = set(Photo.objects.values_list("pk", flat=True))
    delete(as_greta)
    assert set(Photo.objects.values_list("pk", flat=True)) == photos
    assert all(storage.originals().exists(original.key) for original in Original.objects.all())
    assert not Share.objects.filter(revoked_at=None).exists()
    assert set(Original.objects.values_list("uploaded_by", flat=True)) == {None}


@pytest.mark.django_db(transaction=True)
def test_files_that_a_storage_keeps_while_it_is_away_go_when_it_is_back(
    greta: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = list(Original.objects.values_list("key", flat=True))

    def away(self: Any, name: str) -> None:
        raise ConnectionError("the store is away")

    with monkeypatch.context() as patch:
        patch.setattr(type(storage.originals()), "delete", away)
        leaving.delete_account(user=greta, by=greta)
    assert not User.objects.filter(email=EMAIL).exists()
    assert all(storage.originals().exists(key) for key in keys)
    assert set(Discard.objects.filter(storage="originals").values_list("key", flat=True)) == set(keys)
    discarding.carry_out()
    assert not any(storage.originals().exists(key) for key in keys)
    assert not Discard.objects.exists()


def test_a_deletion_that_is_refused_deletes_no_file(greta: User) -> None:
    member(greta.families.get(), Role.VIEWER)
    with pytest.raises(account.LastOwner):
        leaving.delete_account(user=greta, by=greta)
    assert not Discard.objects.exists()
    assert all(storage.originals().exists(original.key) for original in Original.objects.all())


@pytest.mark.django_db(transaction=True)
def test_an_account_that_staff_delete_leaves_no_photo_without_a_family(greta: User) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.org", PASSWORD))
    address = f"/admin/colorizer/user/{greta.pk}/delete/"
    aunt = member(greta.families.get(), Role.VIEWER)
    assert client.post(address, {"post": "yes"}).status_code == 403
    aunt.delete()
    client.post(address, {"post": "yes"})
    assert not Family.objects.exists()
    assert not Original.objects.exists()
    assert EMAIL not in everywhere()


# --- Taking everything along --------------------------------------------------------------------------------------


def unpacked(client: Client) -> zipfile.ZipFile:
    answer: Any = client.post(reverse("account_export"))
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == 'attachment; filename="Heirloom.zip"'
    assert answer["Cache-Control"] == "private, no-store"
    return zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))


def table(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig"))))


def test_an_owner_takes_every_photo_along_with_what_was_written_about_it(as_greta: Client, greta: User) -> None:
    archive = unpacked(as_greta)
    assert archive.testzip() is None
    family = f"Family of {NAME}"
    folder = f"{family}/Summers at the lake"
    assert set(archive.namelist()) == {
        "Read me.txt",
        "account/profile.json",
        "account/log.csv",
        f"{folder}/{NAME} at the lake.jpg",
        f"{folder}/{NAME} at the lake (in colour).jpg",
        f"{folder}/farm.jpg",
        f"{family}/colours.csv",
        f"{family}/photos.csv",
        f"{family}/photos.json",
    }
    assert table(archive, f"{family}/colours.csv") == [{"name": f"Hat of {NAME}", "colour": "#a04030"}]
    photo = Photo.objects.get(deleted_at=None)
    with storage.originals().open(photo.original.key) as original:
        assert archive.read(f"{folder}/{NAME} at the lake.jpg") == original.read()
    rows = table(archive, f"{family}/photos.csv")
    assert rows == [
        {key: str(value) for key, value in row.items()} for row in json.loads(archive.read(f"{family}/photos.json"))
    ]
    assert (rows[0]["caption"], rows[0]["people"], rows[0]["in_trash"]) == (f"{NAME} at the lake", NAME, "False")
    assert rows[0]["original"] in archive.namelist()
    assert rows[1]["in_trash"] == "True"


def test_ones_profile_families_and_log_are_in_it(as_greta: Client, greta: User) -> None:
    archive = unpacked(as_greta)
    profile = json.loads(archive.read("account/profile.json"))
    assert (profile["email"], profile["name"]) == (EMAIL, NAME)
    assert [each["role"] for each in profile["families"]] == ["owner"]
    assert [each["name"] for each in profile["tokens"]] == ["scanner"]
    actions = {row["action"] for row in table(archive, "account/log.csv")}
    assert {Action.SIGNED_IN, Action.PHOTO_PURGED, Action.EXPORTED} <= actions


def test_of_a_family_that_is_not_ones_own_only_what_one_brought_oneself(
    album: Album, editor: User, sign_in_as: Any
) -> None:
    make_photo(album, caption="Somebody else's")
    mine = make_photo(album, shade=1, caption="Mine")
    Original.objects.filter(pk=mine.original_id).update(uploaded_by=editor)
    names = unpacked(sign_in_as(editor)).namelist()
    assert "Lindqvist/Summers at the lake/Mine.jpg" in names
    assert not any("Somebody" in name for name in names)


@pytest.fixture
def sign_in_as() -> Any:
    def browser(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return browser


def test_names_in_it_stay_inside_the_folder_that_one_unpacks_it_in(owner: User, sign_in_as: Any) -> None:
    family = owner.families.get()
    Family.objects.update(name="../../etc")
    album = Album.objects.create(family=family, title="..\\..\\windows")
    make_photo(album, caption="../../../passwd")
    make_photo(Album.objects.create(family=family, title="/"), shade=1, caption="a/b")
    for name in unpacked(sign_in_as(owner)).namelist():
        assert not name.startswith("/")
        assert "\\" not in name
        assert not {"..", "."} & set(name.split("/"))
        assert name.count("/") <= 2


def test_a_cell_that_a_spreadsheet_would_run_is_plain_text(owner: User, sign_in_as: Any) -> None:
    make_photo(Album.objects.create(family=owner.families.get(), title="x"), caption='=HYPERLINK("http://evil")')
    assert table(unpacked(sign_in_as(owner)), "Lindqvist/photos.csv")[0]["caption"].startswith("'=")


def test_a_file_that_is_lost_is_named_and_the_rest_is_there(as_greta: Client) -> None:
    photo = Photo.objects.get(deleted_at=None)
    storage.originals().delete(photo.original.key)
    archive = unpacked(as_greta)
    assert archive.testzip() is None
    assert f"{NAME} at the lake.jpg" in archive.read("Not found.txt").decode()
    assert archive.read(f"Family of {NAME}/Summers at the lake/{NAME} at the lake (in colour).jpg")


def test_it_is_kept_nowhere(as_greta: Client) -> None:
    def files() -> set[str]:
        kept = {str(path) for path in Path(settings.DATA).rglob("*") if "sqlite3" not in path.name}
        return kept | {file.key for store in stores() for file in store.files()}

    before = files()
    unpacked(as_greta)
    assert files() == before


def test_it_can_be_had_ten_times_a_day(as_greta: Client) -> None:
    answers = [as_greta.post(reverse("account_export")).status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]
