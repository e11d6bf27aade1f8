"""What the family asks for becomes a version of its own, and nothing of what was there goes."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pydantic import ValidationError

from colorizer import asked, words
from colorizer.asked import LONGEST_NOTE, MOST_PINS, MOST_POINTS, Asked
from colorizer.models import Album, Coloring, ModelVersion, Photo, Queue, Status, User
from colorizer.selectors.export import Export
from colorizer.services import coloring, corrections
from ml import field, pins
from tests.views.conftest import make_photo

RED: dict[str, Any] = {"x": 0.5, "y": 0.25, "colour": "#a02020", "note": "red, says aunt Ida"}
STROKE: dict[str, Any] = {"points": [[0.1, 0.2], [0.3, 0.2]], "colour": [60, 20, -30]}


@pytest.fixture
def photo(album: Album) -> Photo:
    return make_photo(album)


def test_it_goes_before_the_bulk_with_all_that_was_asked_and_what_it_was_made_from(photo: Photo) -> None:
    automatic = photo.shown
    made = corrections.save(photo=photo, asked=Asked.read(json.dumps({"pins": [RED], "warmth": 4}).encode()))
    made.refresh_from_db()
    assert (made.queue, made.status, made.based_on) == (Queue.INTERACTIVE, Status.QUEUED, automatic)
    assert (made.pins, made.vividness, made.warmth) == ([RED | {"radius": 0.01, "on": True}], 1, 4)
    photo.refresh_from_db()
    assert photo.shown == automatic


def test_another_guess_is_kept_by_its_colour_and_asked_of_the_next_model_too(photo: Photo) -> None:
    made = corrections.save(photo=photo, asked=Asked.read(b'{"guess": [30.5, -12], "vividness": 1.5}'))
    made.refresh_from_db()
    assert (made.guess, made.is_automatic) == ([30.5, -12], False)
    Coloring.objects.filter(pk=made.pk).update(status=Status.DONE)
    made.refresh_from_db()
    coloring.show(coloring=made)
    photo.refresh_from_db()
    again = coloring.again(photo=photo)
    assert (again.guess, again.vividness) == ([30.5, -12], 1.5)


def test_what_someone_asked_for_is_never_dropped_for_another_colouring(photo: Photo) -> None:
    first = corrections.save(photo=photo, asked=Asked(warmth=4))
    with pytest.raises(corrections.Refused) as refused:
        corrections.save(photo=photo, asked=Asked(warmth=-4))
    assert refused.value.message == " ".join(words.say("coloring_open"))
    coloring.cancel(photo=photo)
    corrections.save(photo=photo, asked=Asked(warmth=-4))
    coloring.retry(photo=photo)
    assert photo.colorings.exclude(pk=first.pk).filter(status=Status.QUEUED).get().warmth == -4


def test_a_photo_that_asks_something_is_not_corrected_yet(album: Album) -> None:
    asks = make_photo(album, coloured=False, state=Photo.State.ASKS)
    with pytest.raises(corrections.Refused, match="not_ready"):
        corrections.save(photo=asks, asked=Asked(warmth=4))
    assert not asks.colorings.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"pins": [RED | {"x": 1.01}]},
        {"pins": [RED | {"y": -0.01}]},
        {"pins": [RED | {"x": True}]},
        {"pins": [RED | {"x": "0.5"}]},
        {"pins": [RED | {"radius": 0.51}]},
        {"pins": [RED | {"colour": "red"}]},
        {"pins": [RED | {"colour": "#a0202"}]},
        {"pins": [RED | {"colour": [50, 20]}]},
        {"pins": [RED | {"colour": [50, 20, 129]}]},
        {"pins": [RED | {"note": "x" * (LONGEST_NOTE + 1)}]},
        {"pins": [RED | {"note": "\x00"}]},
        {"pins": [RED | {"photo": "another"}]},
        {"pins": [RED | {"colour": [101, 20, 20]}]},
        {"pins": [RED | {"on": 0}]},
        {"pins": [RED | STROKE]},
        {"pins": [STROKE | {"points": []}]},
        {"pins": [STROKE | {"points": [[0.1]]}]},
        {"pins": [STROKE | {"points": [[0.1, 1.1]]}]},
        {"pins": [STROKE | {"points": [[0.1, 0.2]] * (MOST_POINTS + 1)}]},
        {"pins": [5]},
        {"pins": [{"x": 0.5, "y": 0.5}]},
        {"pins": [RED] * (MOST_PINS + 1)},
        {"pins": RED},
        {"vividness": 2.01},
        {"vividness": -0.01},
        {"warmth": 20.1},
        {"warmth": None},
        {"guess": [10]},
        {"guess": [10, 129]},
        {"guess": 2},
        {"status": "done"},
    ],
)
def test_what_is_out_of_bounds_is_refused_whole(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Asked.read(json.dumps(wrong).encode())


def test_a_stroke_and_what_is_switched_off_are_kept_as_the_worker_reads_them(photo: Photo) -> None:
    pinned = [STROKE, RED | {"on": False}]
    made = corrections.save(photo=photo, asked=Asked.read(json.dumps({"pins": pinned}).encode()))
    made.refresh_from_db()
    rest = {"radius": 0.01, "note": "", "on": True}
    assert made.pins == [rest | STROKE, rest | RED | {"on": False}]
    assert made.notes == []
    (read,) = pins.pins_of(made.pins).pins
    assert (read.x, read.further, read.a) == (0.1, ((0.3, 0.2),), 20)


def test_what_is_asked_has_the_bounds_that_the_worker_has() -> None:
    assert (asked.MOST_POINTS, asked.MOST_RADIUS) == (pins.MOST_POINTS, pins.MAX_RADIUS)
    assert asked.MOST_WARMTH == field.MOST_WARMTH
    fields = asked.Pin.model_fields
    assert fields["radius"].default == pins.DEFAULT_RADIUS
    for lab in ([0, -128, -128], [100, 128, 128]):
        pin = asked.Pin(x=0, y=1, colour=lab, radius=asked.MOST_RADIUS)
        assert pins.pins_of([pin.model_dump(mode="json")]).pins[0].b == lab[2]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_none_is_refused(number: str) -> None:
    with pytest.raises(ValidationError):
        Asked.read(f'{{"warmth": {number}}}'.encode())


def test_a_page_is_answered_in_words_whatever_it_sends(client: Client, editor: User, photo: Photo) -> None:
    client.force_login(editor)

    def send(body: str) -> tuple[int, str]:
        answer = client.post(reverse("photo_correct", args=[photo.pk]), body, content_type="application/json")
        return answer.status_code, answer.json()["message"]

    for body in ("", "{", "[]", '{"warmth": 21}', "[" * 100_000):
        assert send(body) == (422, " ".join(words.say("asked_unfit")))
    assert send('{"warmth": 4}')[0] == 201
    assert send('{"warmth": 5}') == (409, " ".join(words.say("coloring_open")))
    assert [each.warmth for each in photo.colorings.filter(status=Status.QUEUED)] == [4]


def test_a_recoloured_album_keeps_what_its_family_asked_for(photo: Photo) -> None:
    shown = photo.shown
    assert shown
    Coloring.objects.filter(pk=shown.pk).update(pins=[RED], warmth=3)
    photo.refresh_from_db()
    ModelVersion.objects.create(name="next", sha256="b" * 64, state=ModelVersion.State.LIVE)
    assert coloring.recolour(album=photo.album) == 1
    made = photo.colorings.get(status=Status.QUEUED)
    assert (made.queue, made.pins, made.warmth) == (Queue.BULK, [RED], 3)


def test_the_export_says_whose_colours_they_are_and_what_was_known(photo: Photo, owner: User) -> None:
    Coloring.objects.filter(pk=photo.shown_id).update(pins=[RED, RED | {"note": ""}], name="Ida's dress")
    content = b"".join(Export(user=owner))
    assert b'"version": "Ida\'s dress"' in content
    assert b'"notes": "red, says aunt Ida"' in content
    assert b'Ida\'s dress,"red, says aunt Ida"' in content
