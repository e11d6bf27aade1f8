"""Every word that a family reads is in the German catalogue, and German pages speak German alone."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import allauth
import polib
import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import mail
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import translation

from colorizer import words
from colorizer.limits import Limited
from colorizer.models import Album, Coloring, Family, Membership, Photo, Role, Status, User
from colorizer.services import account, trash
from tests.conftest import PASSWORD
from tests.views.conftest import make_photo
from webapp import limited, phrases

ROOT = Path(settings.BASE_DIR)
CATALOGUE = Path("locale/de/LC_MESSAGES/django.po")
GERMAN = polib.pofile(str(ROOT / CATALOGUE))
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}|%%")
MARKERS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}

# --- The catalogue ------------------------------------------------------------------------------------------------


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def pairs(entry: polib.POEntry) -> list[tuple[str, str]]:
    """Each source with its translation: two for a plural."""
    if entry.msgid_plural:
        return list(zip([entry.msgid, entry.msgid_plural], entry.msgstr_plural.values(), strict=True))
    return [(entry.msgid, entry.msgstr)]


def by_source(catalogue: Any) -> dict[tuple[str | None, str], list[tuple[str, str]]]:
    return {(entry.msgctxt, entry.msgid): pairs(entry) for entry in catalogue}


def test_german_is_whole() -> None:
    assert [entry.msgid for entry in GERMAN if entry.fuzzy or entry.obsolete or not entry.translated()] == []


def test_a_translation_fills_in_what_its_source_fills_in() -> None:
    for source, said in (pair for entry in GERMAN for pair in pairs(entry)):
        assert placeholders(said) == placeholders(source), source
        edges = [[text.startswith("\n"), text.endswith("\n")] for text in (source, said)]
        assert edges[0] == edges[1], source


@pytest.mark.parametrize(
    ("english", "german"), [("owners?", "verwalte"), ("vividness", "farbkraft"), ("benchmark", "prüfstein")]
)
def test_a_term_is_the_same_word_everywhere(english: str, german: str) -> None:
    term = re.compile(rf"\b{english}\b", re.IGNORECASE)
    found = [said for entry in GERMAN for source, said in pairs(entry) if term.search(PLACEHOLDER.sub("", source))]
    assert found
    assert [said for said in found if german not in said.lower()] == []


def test_each_status_has_a_word_of_its_own() -> None:
    with translation.override("de"):
        assert len({str(label) for label in Status.labels}) == len(Status)


def test_what_is_compiled_is_what_is_written() -> None:
    compiled = polib.mofile(str(ROOT / CATALOGUE.with_suffix(".mo")))
    assert by_source(compiled) == by_source(GERMAN), "run: make messages"
    assert compiled.metadata["Plural-Forms"] == GERMAN.metadata["Plural-Forms"]


@pytest.mark.skipif(not shutil.which("xgettext"), reason="xgettext is missing: sudo apt-get install gettext")
def test_the_catalogue_has_what_the_pages_say_and_nothing_else(tmp_path: Path) -> None:
    for folder in ("colorizer", "webapp", "templates", "locale"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "django", "makemessages", "--locale", "de", "--no-obsolete"]
    bare = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(command, cwd=tmp_path, env=bare, check=True, capture_output=True)
    gathered = polib.pofile(str(tmp_path / CATALOGUE))
    assert {entry.msgid for entry in gathered} == {entry.msgid for entry in GERMAN}, "run: make messages"


def test_no_marked_words_are_hidden_from_the_gathering() -> None:
    """xgettext overlooks what is marked inside an f-string."""
    known = {entry.msgid for entry in GERMAN}
    files = [file for folder in ("colorizer", "webapp") for file in (ROOT / folder).rglob("*.py")]
    marked = {text for file in files for text in marked_in(ast.parse(file.read_text()))}
    assert marked
    assert marked - known == set()


def marked_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKERS:
            yield ast.literal_eval(node.args[0])


def test_what_we_say_in_allauths_place_is_what_allauth_says() -> None:
    theirs = Path(allauth.__file__).parent / "locale/de/LC_MESSAGES/django.mo"
    assert set(phrases.FROM_ALLAUTH) <= {entry.msgid for entry in polib.mofile(str(theirs))}


# --- What is read on a page -----------------------------------------------------------------------------------------

READ_ATTRIBUTES = re.compile(r"alt|title|placeholder|aria-label|aria-valuetext|data-(words.*|light|dark|left)")
# Words that any English sentence has some of and no German one has any of.
ENGLISH = re.compile(r"\b(the|your|you|and|with|this|is|are|of|to|for|please|password|sign)\b", re.IGNORECASE)
FAMILIAR = re.compile(r"\b(du|dir|dich|dein\w*|bitte (gib|habe|bestätige|versuche|wähle))\b", re.IGNORECASE)


class Reader(HTMLParser):
    """Gathers what eyes and screen readers get of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self._note(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if READ_ATTRIBUTES.fullmatch(name) or (name == "content" and ("name", "description") in attrs):
                self._note(value or "")

    def _note(self, text: str) -> None:
        if text := " ".join(text.split()):
            self.texts.append(text)


def untranslated() -> re.Pattern[str]:
    """Fits a text that is one of the catalogue's sources as it stands, whatever is filled in."""
    sources = {source for entry in GERMAN for source, said in pairs(entry) if source != said}
    shapes = (".+".join(re.escape(part) for part in re.split(PLACEHOLDER, source)) for source in sources)
    return re.compile("|".join(f"(?:{shape})" for shape in shapes if shape.replace(".+", "").strip()))


UNTRANSLATED = untranslated()


def not_german(texts: list[str]) -> list[str]:
    return [text for text in texts if UNTRANSLATED.fullmatch(text) or ENGLISH.search(text) or FAMILIAR.search(text)]


def assert_german(page: str) -> None:
    assert '<html lang="de"' in page
    texts = Reader(page).texts
    assert len(texts) > 3
    assert not_german(texts) == []


@pytest.mark.parametrize(
    "said",
    ["Sign in", "Photo without a caption: a.jpg", "Sorry, the cat sat on it", "Bitte gib es ein", "page 3", "3 photos"],
)
def test_this_check_knows_what_is_not_german(said: str) -> None:
    assert not_german([said]) == [said]


TEMPLATE_CODE = re.compile(
    r"{% comment %}.*?{% endcomment %}|{% blocktranslate.*?{% endblocktranslate %}|"
    r"{% block main_class %}.*?{% endblock %}|{%.*?%}|{{.*?}}|{#.*?#}",
    re.DOTALL,
)


@pytest.mark.parametrize("template", sorted((ROOT / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_a_template_says_nothing_that_is_not_marked(template: Path) -> None:
    texts = Reader(TEMPLATE_CODE.sub("", template.read_text())).texts
    assert [text for text in texts if re.search(r"[^\W\d_]", text.replace("Heirloom", ""))] == []


# --- Pages ----------------------------------------------------------------------------------------------------------

GUEST_PAGES = [
    "/",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/wrong-key/",
    "/accounts/password/reset/key/done/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/wrong/",
    "/accounts/inactive/",
    "/invites/wrong/",
    "/nowhere/",
]
MEMBER_PAGES = [
    "/",
    "/trash/",
    "/families/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/reauthenticate/",
    "/accounts/logout/",
    "/nowhere/",
]


@pytest.fixture
def guest() -> Client:
    return Client(headers={"accept-language": "de"})


@pytest.fixture
def member(guest: Client, owner: User) -> Client:
    guest.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    return guest


@pytest.fixture
def album(family: Family) -> Album:
    return Album.objects.create(family=family, title="Sommer am See")


@pytest.fixture
def photos(album: Album) -> list[Photo]:
    """One photo in each state that a page tells of."""
    states = Photo.State
    found = [make_photo(album, shade=0), make_photo(album, shade=1, caption="Oma am See", taken="1931", people="Oma")]
    unmade = [states.PREPARING, states.ASKS, states.REFUSED, states.READY]
    found += [make_photo(album, shade=2 + n, coloured=False, state=state) for n, state in enumerate(unmade)]
    Photo.objects.filter(state=states.REFUSED).update(refusal="too_many_pixels")
    for n, status in enumerate([Status.QUEUED, Status.QUEUED, Status.RUNNING, Status.FAILED, Status.CANCELLED]):
        photo = make_photo(album, shade=10 + n, coloured=False)
        Coloring.objects.create(photo=photo, status=status, reason="crashed" if status == Status.FAILED else "")
        found.append(photo)
    return found


def page_of(client: Client, path: str, **form: str) -> str:
    answer = client.post(path, form, follow=True) if form else client.get(path, follow=True)
    assert answer.status_code < 500
    return str(answer.content.decode())


@pytest.mark.django_db
@pytest.mark.parametrize("path", GUEST_PAGES)
def test_a_guests_page_speaks_german(guest: Client, path: str) -> None:
    assert_german(page_of(guest, path))


@pytest.mark.parametrize("path", MEMBER_PAGES)
def test_a_members_page_speaks_german(member: Client, path: str) -> None:
    assert_german(page_of(member, path))


@pytest.mark.django_db
def test_what_is_wrong_in_a_form_is_said_in_german(guest: Client, owner: User) -> None:
    for form in ({"email": ""}, {"email": "ada", "password1": "1234", "password2": "1234"}):
        assert_german(page_of(guest, "/accounts/signup/", name="Ada", **form))
    two = {"email": "ada@example.org", "password1": PASSWORD, "password2": "ganz anders gesagt"}
    assert_german(page_of(guest, "/accounts/signup/", name="Ada", **two))
    assert_german(
        page_of(guest, "/accounts/signup/", name="Ada", **two | {"email": owner.email, "password2": PASSWORD})
    )
    for _ in range(7):  # until it says that these were too many tries
        page = page_of(guest, "/accounts/login/", login=owner.email, password="geraten")
        assert_german(page)


def test_what_is_wrong_with_a_new_password_or_address_is_said_in_german(member: Client, owner: User) -> None:
    wrong = {"oldpassword": "geraten", "password1": "1234", "password2": "4321"}
    assert_german(page_of(member, "/accounts/password/change/", **wrong))
    assert_german(page_of(member, "/accounts/email/", email=owner.email, action_add=""))
    assert_german(page_of(member, "/accounts/reauthenticate/", password="geraten"))


def test_what_happened_to_an_account_is_said_in_german(guest: Client, owner: User) -> None:
    assert_german(page_of(guest, "/accounts/login/", login=owner.email, password=PASSWORD))
    assert_german(page_of(guest, "/accounts/email/", email="neu@example.org", action_add=""))
    link = re.search(r"http://testserver(\S+)", str(mail.outbox[-1].body))
    assert link
    assert_german(page_of(guest, link[1]))
    assert_german(page_of(guest, link[1], yes="1"))
    assert EmailAddress.objects.get(user=owner).email == "neu@example.org"
    new = "noch eine alte Schachtel"
    assert_german(page_of(guest, "/accounts/password/change/", oldpassword=PASSWORD, password1=new, password2=new))
    assert_german(page_of(guest, "/accounts/logout/", yes="1"))


def test_mails_speak_german(guest: Client, owner: User) -> None:
    page_of(guest, "/accounts/password/reset/", email=owner.email)
    page_of(guest, "/accounts/password/reset/", email="niemand@example.org")
    page_of(guest, "/accounts/signup/", name="Ada", email="ada@example.org", password1=PASSWORD, password2=PASSWORD)
    page_of(guest, "/accounts/email/", email="neu@example.org", action_add="")
    assert len(mail.outbox) >= 3
    for each in mail.outbox:
        lines = [line for line in f"{each.subject}\n{each.body}".splitlines() if "http" not in line]
        assert not_german([line.strip() for line in lines if line.strip()]) == []


def test_albums_speak_german_whatever_state_their_photos_are_in(
    member: Client, album: Album, photos: list[Photo]
) -> None:
    assert_german(page_of(member, "/"))
    assert_german(page_of(member, reverse("album", args=[album.pk])))
    assert_german(page_of(member, reverse("album_edit", args=[album.pk]), title=""))
    for photo in photos:
        assert_german(page_of(member, reverse("photo", args=[photo.pk])))


def test_an_empty_album_and_a_viewers_pages_speak_german(guest: Client, album: Album, viewer: User) -> None:
    empty = Album.objects.create(family=album.family, title="Winter")
    make_photo(album, coloured=False, state=Photo.State.ASKS)
    guest.force_login(viewer)
    for path in ("/", reverse("album", args=[album.pk]), reverse("album", args=[empty.pk])):
        assert_german(page_of(guest, path))
    assert_german(page_of(guest, reverse("album_edit", args=[album.pk]), title="Herbst"))  # 403
    assert_german(page_of(guest, reverse("album_download", args=[empty.pk]) + "?what=colour"))


def test_the_trash_speaks_german(member: Client, album: Album, photos: list[Photo]) -> None:
    assert_german(page_of(member, reverse("photo_delete", args=[photos[0].pk]), sure="1"))
    trash.delete_photo(photo=photos[1])
    trash.delete_album(album=Album.objects.create(family=album.family, title="Winter"))
    assert_german(page_of(member, "/trash/"))
    assert_german(page_of(member, reverse("album_delete", args=[album.pk]), sure="1"))


def test_a_familys_pages_speak_german(member: Client, family: Family, owner: User, viewer: User) -> None:
    path = reverse("family", args=[family.pk])
    assert_german(page_of(member, path))
    assert_german(page_of(member, path, role=Role.EDITOR))
    assert_german(page_of(member, reverse("family_rename", args=[family.pk]), name=" "))
    assert_german(page_of(member, reverse("tokens", args=[family.pk]), name="Scanner", scopes="read", days="9"))
    assert_german(page_of(member, reverse("tokens", args=[family.pk]), name="", days="999"))
    last = Membership.objects.get(family=family, user=owner)
    assert_german(page_of(member, reverse("member_role", args=[family.pk, last.pk]), role=Role.VIEWER))
    link = reverse("invite", args=[account.create_invite(family=family, by=owner, role=Role.VIEWER)])
    assert_german(page_of(member, link))
    assert_german(page_of(Client(headers={"accept-language": "de"}), link))
    account.found_family(user=owner, name="Nebenan")
    assert_german(page_of(member, "/families/"))
    Membership.objects.filter(user=owner).delete()
    assert_german(page_of(member, "/"))
    assert_german(page_of(member, "/families/"))


@pytest.mark.django_db
def test_pages_of_last_resort_speak_german(guest: Client, rf: Any) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"accept-language": "de"})
    assert_german(page_of(strict, "/accounts/login/", login="ada@example.org"))
    with translation.override("de"):
        assert_german(render_to_string("500.html"))
        assert_german(limited.answer(rf.get("/"), Limited(100)).content.decode())


def test_all_that_can_go_wrong_with_a_photo_is_said_in_german() -> None:
    with translation.override("de"):
        said = [text for table in (words.WORDS, words.GENERAL) for each in table.values() for text in map(str, each)]
    assert not_german(said) == []
