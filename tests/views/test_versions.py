"""The versions of a photo: which one is seen everywhere, how it is called, and two side by side."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from colorizer import storage
from colorizer.models import Album, Coloring, Consent, DatasetItem, ModelVersion, Photo, Queue, Status, User
from colorizer.selectors import archive, changes, gallery
from colorizer.services import consent, sharing
from tests.table import taken_in
from tests.views.conftest import SignIn, add_colour, make_photo


@pytest.fixture
def versions(photo: Photo) -> tuple[Coloring, Coloring]:
    """An automatic one, and one that was corrected since and is shown."""
    model = ModelVersion.objects.create(name="lite", sha256="a" * 64)
    add_colour(photo)
    automatic, corrected = photo.colorings.order_by("created_at")
    Coloring.objects.filter(pk=automatic.pk).update(model_version=model)
    pins = [{"x": 0.5, "y": 0.5, "colour": "#a02020", "note": "red, says aunt Ida"}]
    Coloring.objects.filter(pk=corrected.pk).update(model_version=model, pins=pins, based_on=automatic)
    return tuple(photo.colorings.order_by("created_at"))  # type: ignore[return-value]


def show(client: Client, version: Coloring) -> int:
    return client.post(reverse("version_show", args=[version.photo_id, version.pk])).status_code


def test_the_page_lists_what_there_is_with_what_was_asked_and_why(
    as_viewer: Client, photo: Photo, versions: tuple[Coloring, Coloring]
) -> None:
    page = as_viewer.get(reverse("photo", args=[photo.pk])).content.decode()
    for words in ("Automatic, by lite", "Corrected on", "one colour of your own", "red, says aunt Ida", "Shown now"):
        assert words in page
    assert "Show this one" not in page
    assert "Name it" not in page


def test_one_version_alone_is_no_list(as_editor: Client, photo: Photo) -> None:
    page = as_editor.get(reverse("photo", args=[photo.pk]))
    assert "Shown now" not in page.content.decode()


def test_the_chosen_version_is_what_every_file_and_zip_and_share_gives(
    as_editor: Client, album: Album, photo: Photo, versions: tuple[Coloring, Coloring]
) -> None:
    automatic, corrected = versions
    photo.refresh_from_db()
    assert photo.shown == corrected
    cursor = timezone.now()
    assert show(as_editor, automatic) == 302
    photo.refresh_from_db()
    assert photo.shown == automatic
    for what, key in (("colour-480", storage.result_key(automatic, 480)), ("result", automatic.key)):
        file = storage.file_of(photo, what)
        assert file
        assert file.key == key
    assert [packed.file.key for packed in archive.files(album=album, what="colour")] == [automatic.key]
    owner = album.family.memberships.get(user__email__startswith="editor").user
    assert photo in changes.changes_since(user=owner, cursor=cursor, album_id=album.pk)


def test_a_version_has_files_of_its_own_whatever_is_shown(
    as_viewer: Client, photo: Photo, versions: tuple[Coloring, Coloring]
) -> None:
    for version in versions:
        address = reverse("version_file", args=[photo.pk, version.pk, "colour-480"])
        answer = as_viewer.get(f"{address}?v={version.pk}")
        assert (answer.status_code, str(version.pk) in answer["ETag"]) == (200, True)
        assert "immutable" in answer["Cache-Control"]


def test_what_has_no_colours_cannot_be_shown(as_editor: Client, photo: Photo) -> None:
    shown = photo.shown
    waiting = Coloring.objects.create(photo=photo)
    page = as_editor.post(reverse("version_show", args=[photo.pk, waiting.pk]), follow=True)
    assert "has no colours to show" in page.content.decode()
    photo.refresh_from_db()
    assert photo.shown == shown


def test_a_version_of_another_photo_is_none_of_this(as_editor: Client, album: Album, photo: Photo) -> None:
    other = make_photo(album, shade=1).shown
    assert other
    for name, arguments in (("version_show", []), ("version_name", []), ("version_file", ["colour-480"])):
        address = reverse(name, args=[photo.pk, other.pk, *arguments])
        asked = as_editor.get(address) if name == "version_file" else as_editor.post(address)
        assert asked.status_code == 404
    assert as_editor.get(reverse("photo_compare", args=[photo.pk]), {"left": str(other.pk)}).status_code == 404


def test_a_name_is_given_and_taken_back(as_editor: Client, photo: Photo, versions: tuple[Coloring, Coloring]) -> None:
    address = reverse("version_name", args=[photo.pk, versions[1].pk])
    as_editor.post(address, {"name": "Ida's red dress"})
    assert "Ida&#x27;s red dress" in as_editor.get(reverse("photo", args=[photo.pk])).content.decode()
    refused = as_editor.post(address, {"name": "x" * 101}, follow=True)
    assert "100" in refused.content.decode()
    versions[1].refresh_from_db()
    assert versions[1].title == "Ida's red dress"
    as_editor.post(address, {"name": ""})
    versions[1].refresh_from_db()
    assert versions[1].title.startswith("Corrected on ")


@pytest.mark.parametrize(
    ("asked", "sides"),
    [
        ({}, (0, 1)),
        ({"left": "1", "right": "0"}, (1, 0)),
        ({"left": "before", "right": "0"}, (None, 0)),
        ({"left": "0", "right": "before"}, (0, None)),
    ],
)
def test_any_two_are_compared(
    as_viewer: Client,
    photo: Photo,
    versions: tuple[Coloring, Coloring],
    asked: dict[str, str],
    sides: tuple[int | None, int | None],
) -> None:
    known = {side: each if each == "before" else str(versions[int(each)].pk) for side, each in asked.items()}
    page = as_viewer.get(reverse("photo_compare", args=[photo.pk]), known)
    expected = tuple(None if side is None else versions[side] for side in sides)
    assert (page.context["left"], page.context["right"]) == expected


@pytest.mark.parametrize("side", ["nothing", "6c5f1e0a-0000-4000-8000-000000000000", "' OR 1=1"])
def test_a_side_that_is_no_version_is_not_found(as_viewer: Client, photo: Photo, side: str) -> None:
    assert as_viewer.get(reverse("photo_compare", args=[photo.pk]), {"left": side}).status_code == 404


def test_a_photo_without_colours_is_compared_with_itself(as_viewer: Client, album: Album) -> None:
    grey = make_photo(album, shade=3, coloured=False)
    assert as_viewer.get(reverse("photo_compare", args=[grey.pk])).status_code == 200


def test_what_is_still_being_coloured_is_no_version_yet(
    as_editor: Client, photo: Photo, versions: tuple[Coloring, Coloring]
) -> None:
    later = timezone.now() + timedelta(minutes=1)
    Coloring.objects.create(photo=photo, status=Status.RUNNING, created_at=later)
    assert as_editor.get(reverse("photo", args=[photo.pk])).context["versions"] == list(reversed(versions))


def test_a_viewer_chooses_and_names_nothing(
    sign_in: SignIn, viewer: User, photo: Photo, versions: tuple[Coloring, Coloring]
) -> None:
    browser = sign_in(viewer)
    assert show(browser, versions[0]) == 403
    assert browser.post(reverse("version_name", args=[photo.pk, versions[0].pk]), {"name": "Mine"}).status_code == 403
    photo.refresh_from_db()
    assert (photo.shown, photo.colorings.filter(name="Mine").count()) == (versions[1], 0)


def test_the_field_is_for_the_family_and_never_for_a_visitor(
    sign_in: SignIn, viewer: User, stranger: User, album: Album, photo: Photo
) -> None:
    address = reverse("photo_file", args=[photo.pk, "field"])
    assert b"".join(sign_in(viewer).get(f"{address}?here").streaming_content) == f"field {photo.pk}".encode()  # type: ignore[attr-defined]
    assert sign_in(stranger).get(address).status_code == 404
    _share, token = sharing.create(by=viewer, album=album, lasts=None, can_download=True)
    assert sign_in(None).get(reverse("share_file", args=[token, photo.pk, "field"])).status_code == 404
    Coloring.objects.update(has_field=False)
    assert sign_in(viewer).get(address).status_code == 404


def test_a_version_made_before_there_were_fields_has_no_dials(as_editor: Client, photo: Photo) -> None:
    page = reverse("photo", args=[photo.pk])
    assert "dials-open" in as_editor.get(page).content.decode()
    Coloring.objects.update(has_field=False)
    assert "dials-open" not in as_editor.get(page).content.decode()


def delete(client: Client, version: Coloring) -> str:
    return client.post(reverse("version_delete", args=[version.photo_id, version.pk]), follow=True).content.decode()


def test_a_version_that_is_not_shown_goes_with_its_files_and_what_was_offered_of_it(
    as_editor: Client, owner: User, photo: Photo, versions: tuple[Coloring, Coloring]
) -> None:
    automatic, corrected = versions
    photo.refresh_from_db()
    given = consent.offer(photo=gallery.with_colors([photo])[0], by=owner)
    item = taken_in(given)
    show(as_editor, automatic)
    keys = storage.coloring_keys(corrected)
    assert any(storage.results().exists(key) for key in keys)
    assert "is deleted" in delete(as_editor, corrected)
    assert list(photo.colorings.all()) == [automatic]
    assert not any(storage.results().exists(key) for key in keys)
    assert storage.results().exists(automatic.key)
    assert not storage.models().exists(item.key)
    assert not Consent.objects.exists()
    assert not DatasetItem.objects.exists()
    assert [file.key for file in storage.results().files() if str(corrected.pk) in file.key] == []


def test_a_version_that_is_shown_or_still_needed_stays(
    as_editor: Client, photo: Photo, versions: tuple[Coloring, Coloring]
) -> None:
    automatic, corrected = versions
    assert "Show another one first" in delete(as_editor, corrected)
    waiting = Coloring.objects.create(photo=photo, based_on=automatic)
    for needed in (automatic, waiting):
        assert "being coloured at the moment" in delete(as_editor, needed)
    assert photo.colorings.count() == 3
    assert storage.results().exists(automatic.key)


def test_a_photo_without_dials_is_coloured_again_as_it_was_asked_for(
    as_editor: Client, photo: Photo, versions: tuple[Coloring, Coloring]
) -> None:
    page = reverse("photo", args=[photo.pk])
    assert "Colour it again" not in as_editor.get(page).content.decode()
    Coloring.objects.update(has_field=False)
    assert "Colour it again" in as_editor.get(page).content.decode()
    for _twice in range(2):
        as_editor.post(reverse("photo_recolour", args=[photo.pk]))
    made = photo.colorings.get(status=Status.QUEUED)
    assert (made.pins, made.queue) == (versions[1].pins, Queue.INTERACTIVE)
    assert "Colour it again" not in as_editor.get(page).content.decode()
