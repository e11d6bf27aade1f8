"""Who may see and do what, over the whole table of addresses: a new address without a line here fails."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from colorizer.models import Album, Consent, Family, KeptColour, Photo, Role, Share, User
from colorizer.services import account, colours, consent, sharing, tokens, trash
from colorizer.urls import urlpatterns
from colorizer.views import events
from tests.views.conftest import SignIn, make_photo

PEOPLE = ("anonymous", "stranger", "superuser", "viewer", "editor", "owner")
SIGN_IN, UNAUTHORISED, FORBIDDEN, NOTHING = 302, 401, 403, 404


@dataclass
class World:
    """One family with one of each thing, and what to do to it before an address is asked for."""

    family: Family
    album: Album
    photo: Photo
    token: str
    share: Share
    share_token: str
    consent: Consent
    colour: KeptColour
    people: dict[str, User | None]
    member: int
    invite: int
    program: int

    def delete_photo(self) -> None:
        trash.delete_photo(photo=self.photo)

    def delete_album(self) -> None:
        trash.delete_album(album=self.album)


@dataclass(frozen=True)
class Rule:
    """An address: how it is asked for, and the status for each of PEOPLE."""

    method: str
    answers: tuple[int, int, int, int, int, int]
    data: dict[str, str] = field(default_factory=dict)
    before: Callable[[World], None] = lambda world: None


def look(viewer: int = 200, **more: object) -> Rule:
    """What all of the family may see."""
    return Rule("GET", (SIGN_IN, NOTHING, NOTHING, viewer, 200, 200), **more)  # type: ignore[arg-type]


def change(done: int = 302, **more: object) -> Rule:
    """What editors and owners may do, and a viewer may not."""
    return Rule("POST", (UNAUTHORISED, NOTHING, NOTHING, FORBIDDEN, done, done), **more)  # type: ignore[arg-type]


def govern(done: int = 302, **more: object) -> Rule:
    """What owners alone may do."""
    return Rule("POST", (UNAUTHORISED, NOTHING, NOTHING, FORBIDDEN, FORBIDDEN, done), **more)  # type: ignore[arg-type]


def own(method: str, *, stranger: int, superuser: int, member: int) -> Rule:
    """What everybody does with their own families, whichever these are."""
    return Rule(method, (SIGN_IN if method == "GET" else UNAUTHORISED, stranger, superuser, *[member] * 3))


RULES = {
    "home": Rule("GET", (200,) * 6),
    "manifest": Rule("GET", (200,) * 6),
    "invite": Rule("GET", (200,) * 6),
    "album": look(),
    "album_create": change(data={"title": "New"}),
    "album_edit": change(data={"title": "New"}),
    "album_delete": change(),
    "album_restore": change(before=World.delete_album),
    "album_recolour": change(),
    "album_download": look(),
    "album_share": change(200, data={"lasts": "month"}),
    "upload": change(422),
    "photo": look(),
    "photo_tile": look(),
    "photo_file": look(),
    "photo_compare": look(),
    "photo_correct": change(422),
    "photo_recolour": change(),
    "version_delete": change(),
    "references": look(FORBIDDEN),
    "photo_others": look(FORBIDDEN),
    "photo_liken": change(NOTHING),
    "version_show": change(),
    "version_name": change(),
    "version_file": look(),
    "photo_share": change(200, data={"lasts": "month"}),
    "photo_offer": change(),
    "offers": look(),
    "offer_withdraw": change(),
    "colours": look(),
    "colour_edit": change(data={"name": "Hat", "colour": "#112233"}),
    "colour_delete": change(),
    "photo_edit": change(),
    "photo_answer": change(),
    "photo_retry": change(),
    "photo_cancel": change(),
    "photo_delete": change(),
    "photo_restore": change(before=World.delete_photo),
    "photo_purge": change(before=World.delete_photo),
    "account_log": own("GET", stranger=200, superuser=200, member=200),
    "account_export": own("POST", stranger=200, superuser=200, member=200),
    "account_delete": own("GET", stranger=200, superuser=200, member=200),
    "family_log": Rule("GET", (SIGN_IN, NOTHING, NOTHING, FORBIDDEN, FORBIDDEN, 200)),
    "account_sign_out_elsewhere": own("POST", stranger=302, superuser=302, member=302),
    "trash": own("GET", stranger=200, superuser=200, member=200),
    "trash_empty": own("POST", stranger=302, superuser=302, member=302),
    "events": look(),
    "changes": look(),
    "families": own("GET", stranger=302, superuser=200, member=302),
    "family": look(),
    "family_rename": govern(data={"name": "New"}),
    "member_role": govern(data={"role": "viewer"}),
    "member_remove": Rule("POST", (UNAUTHORISED, NOTHING, NOTHING, NOTHING, NOTHING, 302)),
    "shares": look(),
    "share_end": change(),
    "share": Rule("GET", (200,) * 6),
    "share_photo": Rule("GET", (200,) * 6),
    "share_file": Rule("GET", (200,) * 6),
    "share_download": Rule("GET", (200,) * 6),
    "share_unlock": Rule("POST", (302,) * 6),
    "invite_withdraw": govern(),
    "tokens": look(),
    "token_revoke": Rule("POST", (UNAUTHORISED, NOTHING, NOTHING, NOTHING, NOTHING, 302)),
}


@pytest.fixture
def world(family: Family, album: Album, photo: Photo, owner: User, editor: User, viewer: User, stranger: User) -> World:
    superuser = User.objects.create_superuser("root@example.org", "an old box of photos")
    people = dict(zip(PEOPLE, (None, stranger, superuser, viewer, editor, owner), strict=True))
    other = family.memberships.create(user=User.objects.create_user("aunt@example.org"), role=Role.VIEWER)
    token = account.create_invite(family=family, by=owner, role=Role.VIEWER)
    tokens.create(family=family, user=owner, name="Scanner", scopes=["read"])
    numbers = {"member": other.pk, "invite": family.invites.get().pk, "program": family.tokens.get().pk}
    share = sharing.create(by=editor, album=album, lasts=None, can_download=True)
    offered = consent.offer(photo=photo, by=owner)
    colour = colours.keep(family=family, name="Uniform", colour="#6b6f52", by=owner)
    return World(family, album, photo, token, *share, offered, colour, people, **numbers)


def address(world: World, name: str) -> str:
    """The address of ``name``, about the things of ``world``."""
    route = next(str(pattern.pattern) for pattern in urlpatterns if pattern.name == name)
    things = {"albums": world.album.pk, "photos": world.photo.pk, "families": world.family.pk}
    things |= {"shares": world.share.pk, "s": world.photo.pk, "offers": world.consent.pk}
    things |= {"colours": world.colour.pk}
    token = world.share_token if route.startswith("s/") else world.token
    known = {"pk": things.get(route.split("/")[0]), "what": "colour-480", "token": token}
    known |= {"member": world.member, "number": world.program if "tokens/" in route else world.invite}
    known["version"] = world.photo.shown_id
    arguments = {key: value for key, value in known.items() if f":{key}>" in route}
    query = f"?album={world.album.pk}" if name in {"events", "changes"} else ""
    return reverse(name, kwargs=arguments) + query


def test_every_address_has_its_rule() -> None:
    assert {pattern.name for pattern in urlpatterns} == set(RULES)


@contextmanager
def undone() -> Iterator[None]:
    """What is done in here is not done for the next who asks."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("name", RULES)
def test_an_address_answers_each_as_its_rule_says(
    world: World, sign_in: SignIn, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A stream gives back its connection, which here is the one that has everything still to be undone.
    monkeypatch.setattr(events, "close_old_connections", lambda: None)
    rule = RULES[name]
    rule.before(world)
    expected = dict(zip(PEOPLE, rule.answers, strict=True))
    if name == "album_create":
        expected["stranger"] = 302  # in the stranger's own family
        expected["viewer"] = NOTHING  # of the families that a viewer may change there is none
    form = "&".join(f"{key}={value}" for key, value in rule.data.items())
    said = {}
    for person in PEOPLE:
        with undone():
            client = sign_in(world.people[person])
            said[person] = client.generic(rule.method, address(world, name), form, "application/x-www-form-urlencoded")
    assert {person: answer.status_code for person, answer in said.items()} == expected
    if expected["anonymous"] == SIGN_IN and not name.startswith("share_"):
        assert said["anonymous"]["Location"].startswith(reverse("account_login"))


def test_what_changes_something_is_asked_for_by_post_and_with_a_token(world: World, owner: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    said = {}
    for name, rule in RULES.items():
        if rule.method == "POST":
            got, posted = client.get(address(world, name)), client.post(address(world, name), rule.data)
            said[name] = got.status_code, posted.status_code
    assert {name: each for name, each in said.items() if each != (405, 403)} == {}


def test_what_only_shows_something_cannot_be_posted_to(world: World, sign_in: SignIn) -> None:
    takes_both = {"invite", "families", "family", "tokens", "colours", "account_delete"}
    shows = [name for name, rule in RULES.items() if rule.method == "GET" and name not in takes_both]
    client = sign_in(world.people["owner"])
    assert {name: client.post(address(world, name)).status_code for name in shows} == dict.fromkeys(shows, 405)


@pytest.mark.parametrize(
    "what", ["grey-480", "grey-1600", "grey-zoom", "original", "colour-1600", "colour-zoom", "result"]
)
@pytest.mark.parametrize("person", ["stranger", "superuser"])
def test_no_file_of_a_photo_is_given_to_who_is_not_of_the_family(
    world: World, sign_in: SignIn, what: str, person: str
) -> None:
    response = sign_in(world.people[person]).get(reverse("photo_file", args=[world.photo.pk, what]))
    assert response.status_code == NOTHING


def test_a_refusal_says_who_may(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.people["viewer"])
    said = "ask someone who owns it to make you an editor."
    assert said in client.post(address(world, "album_edit")).content.decode()
    governed = client.post(address(world, "family_rename")).content.decode()
    assert "Only an owner of the family may do this." in governed
    assert said not in governed


def test_a_refused_change_changes_nothing(world: World, sign_in: SignIn) -> None:
    for person in ("stranger", "superuser", "viewer", "anonymous"):
        client = sign_in(world.people[person])
        client.post(reverse("photo_edit", args=[world.photo.pk]), {"caption": "Mine"})
        client.post(reverse("photo_delete", args=[world.photo.pk]))
        client.post(reverse("album_edit", args=[world.album.pk]), {"title": "Mine"})
        client.post(reverse("album_delete", args=[world.album.pk]))
        client.post(reverse("trash_empty"))
    found = Photo.objects.select_related("album").get()
    assert (found.caption, found.deleted_at) == ("", None)
    assert (found.album.title, found.album.deleted_at) == (world.album.title, None)


def test_an_album_cannot_be_made_in_a_family_that_the_form_names_but_one_is_not_of(
    world: World, sign_in: SignIn, stranger: User
) -> None:
    answer = sign_in(stranger).post(reverse("album_create"), {"title": "Mine", "family": str(world.family.pk)})
    assert answer.status_code == NOTHING
    assert world.family.albums.count() == 1


@pytest.mark.parametrize("chosen", ["not-an-id", "' OR 1=1", "0"])
def test_a_family_that_is_no_id_is_no_family(world: World, sign_in: SignIn, chosen: str) -> None:
    answer = sign_in(world.people["owner"]).post(reverse("album_create"), {"title": "Mine", "family": chosen})
    assert answer.status_code == NOTHING


def test_what_lies_in_the_trash_is_shown_to_those_alone_who_may_take_it_out(world: World, sign_in: SignIn) -> None:
    world.delete_photo()
    file = reverse("photo_file", args=[world.photo.pk, "original"])
    answers = {person: sign_in(world.people[person]).get(file).status_code for person in PEOPLE[1:]}
    assert answers == {"stranger": 404, "superuser": 404, "viewer": 404, "editor": 200, "owner": 200}
    trashes = {
        person: world.photo in sign_in(world.people[person]).get(reverse("trash")).context["photos"]
        for person in PEOPLE[1:]
    }
    assert trashes == {"stranger": False, "superuser": False, "viewer": False, "editor": True, "owner": True}


def test_a_photo_not_in_the_trash_cannot_be_purged(world: World, sign_in: SignIn) -> None:
    answer = sign_in(world.people["owner"]).post(reverse("photo_purge", args=[world.photo.pk]))
    assert answer.status_code == NOTHING
    assert Photo.objects.filter(pk=world.photo.pk).exists()


def test_a_stranger_who_empties_the_trash_empties_their_own(world: World, sign_in: SignIn, stranger: User) -> None:
    world.delete_photo()
    theirs = make_photo(Album.objects.create(family=stranger.families.get(), title="Theirs"))
    trash.delete_photo(photo=theirs)
    sign_in(stranger).post(reverse("trash_empty"))
    assert list(Photo.objects.all()) == [world.photo]


@pytest.mark.parametrize("model", ["album", "photo", "original", "coloring", "share"])
def test_the_admin_section_knows_no_photo(world: World, sign_in: SignIn, model: str) -> None:
    assert sign_in(world.people["superuser"]).get(f"/admin/colorizer/{model}/").status_code == NOTHING
