"""Whose colours a photo may take over: its own family's alone, in colour, the most similar first."""

import json
import re
import struct
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from colorizer import words
from colorizer.asked import Asked
from colorizer.models import Album, Coloring, Family, Photo, Role, Status, User
from colorizer.selectors import references
from colorizer.services import corrections, trash
from tests.api.conftest import bearing, token_of
from tests.conftest import member
from tests.views.conftest import add_colour, make_photo


def sign(photo: Photo, *numbers: float, by: bytes = b"encoder1") -> Photo:
    photo.signature = by + struct.pack(f"<{len(numbers)}e", *numbers)
    photo.save()
    return photo


def in_colour(album: Album, shade: int, state: Photo.State = Photo.State.READY) -> Photo:
    return make_photo(album, shade=shade, coloured=False, state=state)


@pytest.fixture
def photo(album: Album) -> Photo:
    return sign(make_photo(album), 1, 0)


@pytest.fixture
def strangers(stranger: User) -> Photo:
    return in_colour(Album.objects.create(family=stranger.families.get(), title="Theirs"), shade=9)


def test_what_is_no_guess_is_offered_the_most_similar_first_and_the_unknown_last(album: Album, photo: Photo) -> None:
    unknown, far, near = (in_colour(album, shade) for shade in (1, 2, 3))
    asks = sign(in_colour(album, 4, Photo.State.ASKS), 0.7, 0.7)
    sign(far, 0, 1)
    sign(near, 0.9, 0.1)
    corrected = sign(make_photo(album, shade=5), 0.8, 0.2)
    Coloring.objects.filter(pk=corrected.shown_id).update(pins=[{"x": 0.5, "y": 0.5, "colour": "#a02020"}])
    sign(make_photo(album, shade=6), 1, 0)  # coloured by the model alone
    Coloring.objects.create(photo=sign(in_colour(album, 7), 1, 0))  # grey, and waits
    other_encoder = sign(in_colour(album, 8), 1, 0, by=b"encoder2")
    trash.delete_photo(photo=sign(in_colour(album, 10), 1, 0))
    found = references.offered(photo)
    assert found[:4] == [near, corrected, asks, far]
    assert set(found[4:]) == {unknown, other_encoder}


def test_what_no_worker_has_looked_at_with_the_encoder_in_use_is_to_be_looked_at(album: Album, photo: Photo) -> None:
    never, before, known = (in_colour(album, shade) for shade in (1, 2, 3))
    sign(before, 1, 0, by=b"encoder0")
    sign(known, 1, 0)
    assert set(references.unknown(photo, b"encoder1")) == {never, before}


def test_it_stands_in_the_version_and_stays_true_when_that_photo_is_gone(album: Album, photo: Photo) -> None:
    reference = in_colour(album, 1)
    made = corrections.save(photo=photo, asked=Asked(reference=reference.pk))
    assert (made.reference, made.is_automatic, made.based_on) == (reference, False, photo.shown)
    title = made.title
    trash.delete_photo(photo=reference)
    trash.purge_photo(photo=reference)
    made.refresh_from_db()
    assert not Photo.objects.filter(pk=made.reference_id).exists()
    assert (made.title, made.is_automatic) == (title, False)


def test_what_was_known_of_the_version_that_is_seen_stays_but_for_another_guess(album: Album, photo: Photo) -> None:
    pins = [{"x": 0.5, "y": 0.5, "colour": "#a02020"}]
    Coloring.objects.filter(pk=photo.shown_id).update(pins=pins, warmth=3, guess=[10, 20])
    photo.refresh_from_db()
    made = corrections.liken(photo=photo, reference=in_colour(album, 1).pk)
    assert (made.pins, made.warmth, made.guess) == (pins, 3, None)


@pytest.mark.parametrize("which", ["itself", "a stranger's", "in the trash", "grey"])
def test_what_has_no_colours_to_give_is_refused(album: Album, photo: Photo, strangers: Photo, which: str) -> None:
    reference = {"itself": photo, "a stranger's": strangers}.get(which) or in_colour(album, 1)
    if which == "in the trash":
        trash.delete_photo(photo=reference)
    if which == "grey":
        Coloring.objects.create(photo=reference, status=Status.FAILED)
    with pytest.raises(corrections.Refused, match="reference_grey" if which == "grey" else "reference_gone"):
        corrections.save(photo=photo, asked=Asked(reference=reference.pk))
    assert not photo.colorings.exclude(pk=photo.shown_id).exists()


def test_a_colour_can_be_taken_from_any_photo_of_the_family_page_by_page(
    client: Client, editor: User, album: Album, photo: Photo, strangers: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "MOST", 2)
    others = [make_photo(album, shade=shade) for shade in range(1, 6)]
    client.force_login(editor)
    address, page, seen = reverse("photo_others", args=[photo.pk]), "", []
    while page is not None:
        text = client.get(address + page).content.decode()
        seen.append(re.findall(r"photos/([^/]+)/colour-480", text))
        following = re.search(rf'{address}(\?page=\d)"', text)
        page = following and following[1]
    assert [len(each) for each in seen] == [2, 2, 1]
    assert [pk for each in seen for pk in each] == [str(other.pk) for other in reversed(others)]


def test_another_familys_photo_is_not_there_on_a_page_nor_over_the_api(
    client: Client, editor: User, album: Album, photo: Photo, strangers: Photo
) -> None:
    client.force_login(editor)
    other = member(Family.objects.create(name="In-laws"), Role.EDITOR)
    Family.objects.get(name="In-laws").memberships.create(user=editor, role=Role.EDITOR)
    in_laws = in_colour(Album.objects.create(family=other.families.get(), title="In-laws"), shade=11)
    as_program = bearing(token_of(editor, family=album.family))
    for reference in (strangers, in_laws):
        said = json.dumps({"reference": str(reference.pk)})
        posted: dict[str, Any] = {"data": said, "content_type": "application/json"}
        assert client.post(reverse("photo_liken", args=[photo.pk]), {"reference": reference.pk}).status_code == 404
        assert client.post(reverse("photo_correct", args=[photo.pk]), **posted).status_code == 404
        assert as_program.post(f"/api/v1/photos/{photo.pk}/colorings", **posted).status_code == 404
        assert str(reference.pk) not in client.get(reverse("references", args=[photo.pk])).content.decode()
    assert not photo.colorings.exclude(pk=photo.shown_id).exists()


def test_a_program_asks_for_it_and_hears_why_it_did_not_fit(editor: User, album: Album, photo: Photo) -> None:
    reference, program = in_colour(album, 1), bearing(token_of(editor))
    said = json.dumps({"reference": str(reference.pk)})
    made = program.post(f"/api/v1/photos/{photo.pk}/colorings", said, content_type="application/json")
    assert (made.status_code, made.json()["reference"]) == (201, str(reference.pk))
    Coloring.objects.filter(pk=made.json()["id"]).update(status=Status.FAILED, reason="reference_unfit")
    assert program.get(made["Location"]).json()["reason"]["sentence"] == words.say("reference_unfit")[0]


def test_what_is_corrected_on_the_page_keeps_the_reference_that_is_shown(
    client: Client, editor: User, album: Album, photo: Photo
) -> None:
    reference = in_colour(album, 1)
    add_colour(photo)
    Coloring.objects.filter(pk=photo.shown_id).update(reference=reference)
    trash.delete_photo(photo=reference)
    client.force_login(editor)
    client.post(reverse("photo_correct", args=[photo.pk]), '{"warmth": 4}', content_type="application/json")
    made = photo.colorings.get(status=Status.QUEUED)
    assert (made.warmth, made.reference_id) == (4, reference.pk)
