"""Vividness and warmth in the page: at once, as exactly as on the server, and kept as a version of its own."""

from collections.abc import Callable

import numpy as np
import pytest
import pyvips
import skimage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from colorizer import storage
from colorizer.models import Album, Coloring, Photo, Status, User
from colorizer.services import intake
from tests.browser.test_every_page import faults
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


def test_a_dial_answers_at_once_and_what_is_saved_is_what_was_seen(
    visitor: Page, live_stack: Stack, family_owner: User, enter: Callable[[User], None]
) -> None:
    album = Album.objects.create(family=family_owner.families.get(), title="The blue box")
    source = pyvips.Image.new_from_file(f"{skimage.__path__[0]}/data/chelsea.png").colourspace("b-w").resize(2)
    upload = SimpleUploadedFile("cat.png", source.pngsave_buffer())
    photo = intake.accept(album=album, user=family_owner, upload=upload)
    automatic = coloured(photo, 1)
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
