"""Vividness and warmth in the page: at once, as exactly as on the server, and kept as a version of its own."""

import json
import re
from collections.abc import Callable

import numpy as np
import pytest
import pyvips
import skimage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from colorizer import storage
from colorizer.models import Album, Coloring, KeptColour, Photo, Status, User
from colorizer.services import intake
from ml import likely
from ml.field import Field
from tests.browser.axe import faults
from tests.browser.conftest import Complaints, change_key
from tests.conftest import Stack
from tests.stack import wait_for

pytestmark = pytest.mark.corrections
MILLISECONDS = 300
STEPS = 2
"""Of 255 that page and server may differ by."""


def colour_of(version: Coloring) -> np.ndarray:
    with storage.results().open(version.key) as file:
        return pyvips.Image.new_from_buffer(file.read(), "").numpy()[..., :3].astype(int)


def pixels(canvas: Locator) -> np.ndarray:
    width, height, data = canvas.evaluate(
        "canvas => [canvas.width, canvas.height, canvas.getContext('2d').getImageData(0, 0, canvas.width,"
        " canvas.height).data.toString()]"
    )
    return np.fromstring(data, int, sep=",").reshape(height, width, 4)[..., :3]


def turn(page: Page, label: str, value: float) -> None:
    page.get_by_label(label, exact=True).fill(str(value))


def coloured(photo: Photo, count: int) -> Coloring:
    """The latest of as many versions."""
    wait_for(lambda: photo.colorings.filter(status=Status.DONE).count() == count, what=f"version {count}")
    return photo.colorings.latest("created_at")


def uploaded(user: User, name: str, resize: float = 1) -> tuple[Photo, Coloring]:
    """A photo of scikit-image, grey, and its automatic version."""
    album = Album.objects.create(family=user.families.get(), title="The blue box")
    source = pyvips.Image.new_from_file(f"{skimage.__path__[0]}/data/{name}").colourspace("b-w").resize(resize)
    upload = SimpleUploadedFile(name, source.pngsave_buffer())
    photo = intake.accept(into=album, user=user, upload=upload)
    return photo, coloured(photo, 1)


def test_a_dial_answers_at_once_and_what_is_saved_is_what_was_seen(
    visitor: Page, live_stack: Stack, family_owner: User, enter: Callable[[User], None]
) -> None:
    photo, automatic = uploaded(family_owner, "chelsea.png", resize=2)
    enter(family_owner)
    visitor.goto(live_stack.url + reverse("photo", args=[photo.pk]))
    visitor.get_by_role("button", name="Correct the colours").press("Enter")
    canvas = visitor.locator(".layer-live")
    expect(canvas).to_have_attribute("data-turn", "1 0")
    assert np.abs(pixels(canvas) - colour_of(automatic)).max() <= STEPS
    took = []
    for vividness, warmth in ((0.4, -12), (1.7, 0), (1.4, 9)):
        turn(visitor, "Vividness", vividness)
        turn(visitor, "Warmth", warmth)
        expect(canvas).to_have_attribute("data-turn", f"{vividness} {warmth}")
        took.append(float(canvas.get_attribute("data-took") or 0))
    assert min(took) < MILLISECONDS, took
    assert faults(visitor) == []
    seen = pixels(canvas)

    visitor.get_by_role("button", name="Save as a version").click()
    expect(visitor.get_by_role("region", name="Correct the colours")).to_be_hidden()
    expect(visitor.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    saved = coloured(photo, 2)
    assert (saved.vividness, saved.warmth, saved.based_on, saved.model_version) == (
        1.4,
        9,
        automatic,
        automatic.model_version,
    )
    assert np.abs(seen - colour_of(saved)).max() <= STEPS
    expect(visitor.locator(".frame")).to_have_attribute("data-shown", str(saved.pk))
    expect(visitor.get_by_role("region", name="Versions of this photo")).to_contain_text("Adjusted on")


def test_who_signs_in_anew_elsewhere_loses_nothing_of_what_they_made(
    visitor: Page, live_stack: Stack, family_owner: User, enter: Callable[[User], None], complaints: Complaints
) -> None:
    photo, _ = uploaded(family_owner, "chelsea.png")
    enter(family_owner)
    visitor.goto(live_stack.url + reverse("photo", args=[photo.pk]))
    visitor.get_by_role("button", name="Correct the colours").press("Enter")
    expect(visitor.locator(".layer-live")).to_have_attribute("data-turn", "1 0")
    turn(visitor, "Vividness", 1.4)
    save = visitor.get_by_role("button", name="Save as a version")
    visitor.context.clear_cookies()
    save.click()
    expect(visitor.get_by_role("status").filter(has_text="You have been signed out")).to_be_visible()

    enter(family_owner)
    change_key(visitor)
    save.click()
    expect(visitor.get_by_role("region", name="Correct the colours")).to_be_hidden()
    assert coloured(photo, 2).vividness == 1.4
    complaints.provoked("403")
    complaints.provoked("401")


def field_of(version: Coloring) -> bytes:
    with storage.results().open(storage.field_key(version)) as file:
        return bytes(file.read())


def test_another_guess_is_chosen_and_kept_and_where_it_guesses_and_what_to_ask_is_shown(
    visitor: Page, live_stack: Stack, family_owner: User, enter: Callable[[User], None]
) -> None:
    photo, automatic = uploaded(family_owner, "chelsea.png")
    field = Field.unpack(field_of(automatic))
    enter(family_owner)
    visitor.goto(live_stack.url + reverse("photo", args=[photo.pk]))
    visitor.get_by_role("button", name="Correct the colours").press("Enter")
    guesses = visitor.get_by_role("group", name="Other guesses").get_by_role("radio")
    expected = likely.guesses(field)
    expect(guesses).to_have_count(1 + len(expected))
    expect(visitor.get_by_role("radio", name="As the model guesses first")).to_be_checked()
    shown = [json.loads(guesses.nth(number).get_attribute("value") or "") for number in range(1, 1 + len(expected))]
    assert np.abs(np.array(shown) - [(guess.colour.a, guess.colour.b) for guess in expected]).max() < 0.01

    visitor.get_by_label("Show where it is guessing").check()
    expect(visitor.get_by_text("hatched both ways: guessing")).to_be_visible()
    assert field.confidence is not None
    expect(visitor.locator(".layer-sure")).to_have_count(1)
    questions = visitor.get_by_role("button", name="What colour was this?")
    expect(questions).to_have_count(len(likely.questions(field)))
    questions.first.focus()
    expect(visitor.locator(".layer-asked")).to_have_count(1)
    assert faults(visitor) == []

    guesses.nth(1).check(force=True)
    canvas = visitor.locator(".layer-live")
    expect(canvas).to_have_attribute("data-guess", json.dumps(shown[0], separators=(",", ":")))
    seen = pixels(canvas)
    assert np.abs(seen - colour_of(automatic)).max() > 10 * STEPS
    visitor.get_by_role("button", name="Save as a version").click()
    saved = coloured(photo, 2)
    assert saved.guess == pytest.approx(shown[0])
    assert np.abs(seen - colour_of(saved)).max() <= STEPS
    assert field_of(saved) == field_of(automatic)
    expect(visitor.locator(".frame")).to_have_attribute("data-shown", str(saved.pk))
    visitor.get_by_role("button", name="Correct the colours").press("Enter")
    expect(visitor.get_by_role("group", name="Other guesses").get_by_role("radio").nth(1)).to_be_checked()

    visitor.locator(".aim-layer .aim").click(position={"x": 60, "y": 60})
    visitor.get_by_text("Keep this colour for a person or a thing").click()
    visitor.get_by_label("Whose or what").fill("The cat")
    visitor.get_by_role("button", name="Keep it").press("Enter")
    expect(visitor.get_by_role("status").filter(has_text="“The cat” is kept")).to_be_visible()
    kept = KeptColour.objects.get()
    swatch = visitor.locator(".pin-swatch").evaluate("swatch => getComputedStyle(swatch).backgroundColor")
    assert kept.colour == "#" + bytes(map(int, re.findall(r"\d+", swatch)[:3])).hex()
    visitor.locator(".aim-layer .aim").click(position={"x": 120, "y": 60})
    expect(visitor.get_by_role("group", name="Kept").get_by_role("button")).to_have_count(1)
