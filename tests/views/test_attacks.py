"""Attacks that belong to no one page: docs/security-cases.md names the test of each."""

import ast
import http.client
import json
import os
import pickle
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from colorizer.models import Album, Coloring, Family, Original, Photo, User
from colorizer.services import intake
from ml import checkpoint
from tests.conftest import PASSWORD
from tests.files import upload
from tests.stack import Process
from tests.views.conftest import SignIn, make_photo

SCRIPT = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7|add:7 }}{% now 'Y' %}"
ROOT = Path(settings.BASE_DIR)


# --- What a form says beside what it should -----------------------------------------------------------------------


@pytest.fixture
def theirs(stranger: User) -> Photo:
    return make_photo(Album.objects.create(family=stranger.families.get(), title="Theirs"), shade=9)


def test_a_form_cannot_move_a_photo_or_show_another_ones_colours(
    as_editor: Client, photo: Photo, theirs: Photo, editor: User
) -> None:
    form = {
        "caption": "New",
        "album": theirs.album_id,
        "album_id": theirs.album_id,
        "original": theirs.original_id,
        "shown": theirs.shown_id,
        "id": theirs.pk,
        "state": "refused",
        "deleted_at": "2020-01-01",
    }
    before = Photo.objects.filter(pk=photo.pk).values().get()
    as_editor.post(reverse("photo_edit", args=[photo.pk]), form)
    after = Photo.objects.filter(pk=photo.pk).values().get()
    assert {key for key in after if after[key] != before[key]} == {"caption", "changed_at"}


def test_a_form_cannot_give_an_album_to_another_family(as_editor: Client, album: Album, theirs: Photo) -> None:
    form = {"title": "New", "family": theirs.album.family_id, "family_id": theirs.album.family_id, "is_unsorted": "on"}
    as_editor.post(reverse("album_edit", args=[album.pk]), form)
    changed = Album.objects.get(pk=album.pk)
    assert (changed.title, changed.family_id, changed.is_unsorted) == ("New", album.family_id, False)


def test_a_form_cannot_make_oneself_more_than_one_is(client: Client, db: None, family: Family) -> None:
    form = {"name": "Eve", "email": "eve@example.org", "password1": PASSWORD, "password2": PASSWORD}
    more = {"is_staff": "on", "is_superuser": "on", "family": str(family.pk), "role": "owner", "id": "1"}
    client.post("/accounts/signup/", form | more)
    eve = User.objects.get(email="eve@example.org")
    assert not eve.is_staff
    assert not eve.is_superuser
    assert not family.memberships.exists()


def test_a_family_that_is_renamed_gets_no_more_room(sign_in: SignIn, owner: User, family: Family) -> None:
    form = {"name": "New", "most_gb": "0", "most_photos_a_day": "0"}
    sign_in(owner).post(reverse("family_rename", args=[family.pk]), form)
    family.refresh_from_db()
    assert (family.name, family.most_gb, family.most_photos_a_day) == ("New", None, None)


# --- Script and templates in what people type ---------------------------------------------------------------------


def test_script_in_a_name_a_caption_or_a_title_is_text_on_every_page(sign_in: SignIn, owner: User) -> None:
    owner.name = SCRIPT
    owner.save()
    family = owner.families.get()
    Family.objects.update(name=SCRIPT[:120])
    album = Album.objects.create(family=family, title=SCRIPT, description=SCRIPT)
    photo = make_photo(album, caption=SCRIPT, taken=SCRIPT[:100], people=SCRIPT)
    bare = make_photo(album, shade=1, coloured=False)
    Original.objects.filter(pk=bare.original_id).update(name=f"{SCRIPT}.jpg")
    Coloring.objects.create(photo=bare, status="failed", reason=SCRIPT[:40])
    client = sign_in(owner)
    paths = ["home", "trash", "account_email", "account_delete", "account_log"]
    addresses = [reverse(name) for name in paths]
    addresses += [reverse(name, args=[family.pk]) for name in ("family", "family_log", "tokens", "shares")]
    addresses += [
        reverse("album", args=[album.pk]),
        reverse("photo", args=[photo.pk]),
        reverse("photo", args=[bare.pk]),
    ]
    addresses += [reverse("photo_tile", args=[bare.pk]), f"{reverse('changes')}?album={album.pk}&cursor=2020-01-01Z"]
    for address in addresses:
        page = client.get(address, follow=True).content.decode()
        assert "<script>alert" not in page, address
        assert "<img src=x" not in page, address
        assert not re.search(r"\"'>", page), address


def test_what_people_type_is_never_a_template(as_editor: Client, photo: Photo) -> None:
    typed = "{{ request.user.password }}{% load static %}{{ 7|add:7 }}%(album)s"
    Photo.objects.filter(pk=photo.pk).update(caption=typed)
    page = as_editor.get(reverse("photo", args=[photo.pk])).content.decode()
    assert "7|add:7" in page
    assert "%(album)s" in page


# --- Files that are not photos ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.eps", "a.ps", "a.jpg", "a.tif"])
def test_postscript_is_never_opened(album: Album, editor: User, name: str) -> None:
    content = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(/etc/passwd) (r) file\n"
    with pytest.raises(intake.Refused) as refused:
        intake.accept(into=album, user=editor, upload=upload(name, content))
    assert refused.value.status == 415
    assert not Original.objects.exists()


def test_a_postscript_header_in_front_of_a_photo_is_no_photo(album: Album, editor: User) -> None:
    """DOS EPS: a binary head that says where PostScript and where a preview lie."""
    with pytest.raises(intake.Refused):
        intake.accept(into=album, user=editor, upload=upload("a.tif", b"\xc5\xd0\xd3\xc6" + bytes(64)))


class Bomb:
    """Runs where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(Path(settings.DATA) / "run-by-a-pickle"),))


def test_weights_that_would_run_code_are_refused_unread(tmp_path: Path) -> None:
    shipped = next((ROOT / "ml" / "weights").glob("*.json"))
    weights = tmp_path / f"{shipped.stem}.safetensors"
    weights.write_bytes(pickle.dumps(Bomb()))
    card = json.loads(shipped.read_text())
    card["sha256"] = checkpoint.sha256(weights)  # the card is made up too
    (tmp_path / shipped.name).write_text(json.dumps(card))
    with pytest.raises(checkpoint.CheckpointError, match="is no safetensors file"):
        checkpoint.load(weights)
    assert not (Path(settings.DATA) / "run-by-a-pickle").exists()


def test_a_message_that_is_a_pickle_is_not_read() -> None:
    assert settings.CELERY_ACCEPT_CONTENT == ["json"]
    assert settings.CELERY_TASK_SERIALIZER == "json"
    used = {name for path in sources() for name in imported(path)}
    assert not used & {"pickle", "cPickle", "dill", "shelve", "marshal", "joblib"}


# --- Ways around the pages ----------------------------------------------------------------------------------------

OUTSIDE = [
    "/static/../webapp/settings.py",
    "/static../webapp/settings.py",
    "/static/%2e%2e/webapp/settings.py",
    "/static/..%2f..%2fetc/passwd",
    "/static/....//....//etc/passwd",
    "/static//etc/passwd",
    "/static/%00",
    "/static",
    "/staticsecret-key",
    "/media/",
    "/data/secret-key",
    "/originals/",
    "/.git/config",
    "//etc/passwd",
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_no_address_leads_out_of_the_static_files(web: int, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", web, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status in (301, 400, 404), path
    assert b"root:" not in body
    assert b"SECRET_KEY" not in body


def test_a_folder_of_the_static_files_is_not_listed(web: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", web, timeout=30)
    connection.request("GET", "/static/js/")
    assert connection.getresponse().status == 404
    connection.close()


def test_an_answer_under_another_hosts_name_is_not_given(client: Client, owner: User, settings: Any) -> None:
    """A mail that resets a password would carry the made-up name."""
    settings.ALLOWED_HOSTS = ["album.example.org"]
    form = {"email": owner.email}
    assert client.post("/accounts/password/reset/", form, headers={"host": "evil.example"}).status_code == 400
    assert client.post("/accounts/password/reset/", form, headers={"host": "album.example.org"}).status_code == 302
    forwarded = {"host": "album.example.org", "x-forwarded-host": "evil.example"}
    client.post("/accounts/password/reset/", form, headers=forwarded)
    from django.core import mail

    assert mail.outbox
    assert all("evil.example" not in str(message.body) for message in mail.outbox)


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_nobody_is_sent_to_another_site_after_signing_in(client: Client, owner: User, target: str) -> None:
    answer: Any = client.post("/accounts/login/", {"login": owner.email, "password": PASSWORD, "next": target})
    assert answer.url == "/"
    language: Any = client.post("/i18n/setlang/", {"language": "de", "next": target})
    assert language.url == "/"


def test_no_form_takes_an_address_to_fetch_and_no_page_fetches_one(as_editor: Client, album: Album) -> None:
    answer = as_editor.post(reverse("upload", args=[album.pk]), {"url": "http://127.0.0.1:1/", "file": "http://[::1]/"})
    assert answer.status_code == 422
    fetchers = {"requests", "httpx", "aiohttp", "urllib3", "http.client", "urllib.request", "ftplib", "socket"}
    found = {path.relative_to(ROOT).as_posix() for path in sources() if imported(path) & fetchers}
    # Operators' commands, to this site's own addresses, and the process manager's look at a port.
    own = {"webapp/doctor/", "webapp/management/", "webapp/stack.py", "worker/", "colorizer/management/"}
    assert {path for path in found if not path.startswith(tuple(own))} == set()


def test_the_queue_has_no_page_and_listens_to_this_account_alone(broker: Process, client: Client, db: None) -> None:
    mode = Path(settings.BROKER_SOCKET).stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    for path in ("/flower/", "/celery/", "/rq/", "/queue/"):
        assert client.get(path).status_code == 404


def test_a_page_that_fails_shows_nothing_of_the_inside(client: Client, db: None) -> None:
    assert settings.DEBUG is False
    page = client.get("/nowhere/").content.decode()
    assert "urlpatterns" not in page
    assert "Traceback" not in page


# --- Helpers ------------------------------------------------------------------------------------------------------


def sources() -> list[Path]:
    return [path for folder in ("colorizer", "webapp", "worker") for path in (ROOT / folder).rglob("*.py")]


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names
