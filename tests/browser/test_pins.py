"""Colours that someone knows, put on a photo with mouse, finger, pen and keys: seen at once, held in what is saved."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import pyvips
import skimage
import torch
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from playwright.sync_api import Locator, Page, Route, expect
from skimage.color import deltaE_ciede2000, rgb2lab

from colorizer import storage
from colorizer.models import Album, Coloring, Photo, Status, User
from colorizer.services import intake
from ml.color import reduce_chroma
from tests.browser.axe import PHONE, WIDE, faults
from tests.browser.conftest import Complaints, put, show
from tests.browser.test_dials import STEPS, colour_of, coloured, pixels
from tests.conftest import Stack
from tests.stack import wait_for
from tests.views.conftest import make_photo

pytestmark = pytest.mark.corrections
TOLD_APART = 1.0
"""CIEDE2000 from which on people tell two colours apart."""


@pytest.fixture
def browser_context_args() -> dict[str, Any]:
    return {"viewport": WIDE, "has_touch": True, "locale": "en-GB"}


@pytest.fixture
def photo(live_stack: Stack, family_owner: User) -> Photo:
    album = Album.objects.create(family=family_owner.families.get(), title="The blue box")
    source = pyvips.Image.new_from_file(f"{skimage.__path__[0]}/data/chelsea.png").colourspace("b-w")
    upload = SimpleUploadedFile("cat.png", source.pngsave_buffer())
    made = intake.accept(into=album, user=family_owner, upload=upload)
    coloured(made, 1)
    return made


@pytest.fixture
def mode(visitor: Page, live_stack: Stack, photo: Photo, family_owner: User, enter: Callable[[User], None]) -> Page:
    """The photo's page, its colours being corrected."""
    enter(family_owner)
    visitor.goto(live_stack.url + reverse("photo", args=[photo.pk]))
    visitor.get_by_role("button", name="Correct the colours").press("Enter")
    expect(visitor.locator(".layer-live")).to_have_attribute("data-pins", "0")
    return visitor


@pytest.fixture
def barn(photo: Photo) -> Photo:
    """Another photo of the family, all red."""
    made = make_photo(photo.album, coloured=False, caption="The red barn")
    show(made, status=Status.DONE)
    for size in storage.SIZES:
        storage.results().delete(storage.result_key(made.shown, size))
        put(storage.results(), storage.result_key(made.shown, size), made, "#a02020")
    return made


def place(page: Page, x: float, y: float) -> tuple[float, float]:
    box = page.locator("#stage .aim").bounding_box()
    assert box
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def drag(page: Page, *points: tuple[float, float]) -> None:
    """With a finger, over places of the photo."""
    page.locator("#stage .aim").scroll_into_view_if_needed()
    finger = page.context.new_cdp_session(page)
    for number, (x, y) in enumerate(place(page, *point) for point in points):
        kind = "touchMove" if number else "touchStart"
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def drag_a_pen(page: Page, *points: tuple[float, float]) -> None:
    pen = page.context.new_cdp_session(page)
    places = [place(page, *point) for point in points]
    ends = [("mousePressed", places[0]), *(("mouseMoved", each) for each in places[1:]), ("mouseReleased", places[-1])]
    for kind, (x, y) in ends:
        event = {"type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1, "pointerType": "pen"}
        pen.send("Input.dispatchMouseEvent", event)


def says(page: Page, text: str) -> None:
    expect(page.get_by_role("status").filter(has_text=text)).to_be_visible()


def drawn(page: Page, pins: int) -> Locator:
    """The live picture, once as many pins count in it."""
    canvas = page.locator(".layer-live")
    expect(canvas).to_have_attribute("data-pins", str(pins))
    return canvas


def is_held(version: Coloring) -> bool:
    """Whether the stored result has the colour of every pin at its own lightness."""
    lab = rgb2lab(colour_of(version).astype(np.uint8))
    height, width = lab.shape[:2]
    for pin in version.pins:
        for x, y in pin.get("points", [[pin.get("x"), pin.get("y")]]):
            found = lab[min(height - 1, int(y * height)), min(width - 1, int(x * width))]
            asked = reduce_chroma(torch.tensor([found[0], *pin["colour"][1:]])[:, None, None]).numpy().ravel()
            if deltaE_ciede2000(asked, found) >= TOLD_APART:
                return False
    return True


def test_a_dot_and_a_stroke_are_chosen_with_the_mouse_taken_back_and_held_in_what_is_saved(
    mode: Page, photo: Photo
) -> None:
    mode.mouse.click(*place(mode, 0.3, 0.4))
    says(mode, "Colour 1 set, left")
    expect(mode.get_by_role("group", name="Likely here").get_by_role("button").first).to_be_visible()
    plane = mode.locator(".palette-plane").bounding_box()
    assert plane
    mode.mouse.click(plane["x"] + plane["width"] * 0.8, plane["y"] + plane["height"] * 0.5)
    says(mode, "Colour 1, left, is")
    mode.get_by_label("Why").fill("blue, says aunt Ida")
    mode.get_by_label("Draw a stroke").check()
    mode.mouse.move(*place(mode, 0.6, 0.8))
    mode.mouse.down()
    mode.mouse.move(*place(mode, 0.8, 0.85), steps=4)
    mode.mouse.up()
    drawn(mode, 2)
    mode.get_by_role("button", name="Make this grey").click()
    says(mode, "is grey now")
    mode.keyboard.press("Control+z")
    says(mode, "Taken back.")
    mode.get_by_role("button", name="Undo").click()
    drawn(mode, 1)
    mode.get_by_role("button", name="Redo").click()
    mode.keyboard.press("Control+Shift+Z")
    canvas = drawn(mode, 2)
    assert faults(mode) == []
    seen = pixels(canvas)

    mode.get_by_role("button", name="Save as a version").click()
    expect(mode.get_by_role("region", name="Correct the colours")).to_be_hidden()
    saved = coloured(photo, 2)
    dot, stroke = saved.pins
    assert (dot["note"], stroke["colour"][1:]) == ("blue, says aunt Ida", [0, 0])
    assert dot["colour"][2] < -20
    assert is_held(saved)
    assert saved.model_version == saved.based_on.model_version  # type: ignore[union-attr]
    assert np.abs(seen - colour_of(saved)).mean() < 2 * STEPS
    expect(mode.get_by_role("region", name="Versions of this photo")).to_contain_text("blue, says aunt Ida")


@pytest.mark.parametrize(
    ("lab", "name"),
    [
        ([55, -8, -3], "grey"),  # a greenish grey is none of turquoise
        ([50, -30, -10], "turquoise"),
        ([25, 14, 11], "brown"),  # dark leather
        ([40, 55, 35], "red"),
        ([70, 15, 18], "beige"),  # skin
    ],
)
def test_a_colour_is_called_what_people_call_it(visitor: Page, live_stack: Stack, lab: list[int], name: str) -> None:
    visitor.goto(live_stack.url)
    names = "black|grey|white|red|pink|orange|brown|beige|yellow|green|turquoise|blue|purple"
    said = "async ([lab, names]) => (await import('/static/js/colour-names.js')).nameOf(lab, { names })"
    assert visitor.evaluate(said, [lab, names]) == name


def test_a_finger_a_pen_and_keys_do_the_same_on_a_phone(mode: Page, photo: Photo, barn: Photo) -> None:
    mode.set_viewport_size(PHONE)
    mode.emulate_media(color_scheme="dark", reduced_motion="reduce")
    mode.touchscreen.tap(*place(mode, 0.7, 0.3))
    says(mode, "Colour 1 set, upper right")
    hue = mode.get_by_role("slider", name="Hue")
    hue.fill("140")
    mode.get_by_role("slider", name="Strength").fill("80")
    says(mode, "is green now")
    drawn(mode, 1)
    mode.get_by_label("Draw a stroke").check()
    drag(mode, (0.2, 0.6), (0.3, 0.65), (0.4, 0.6), (0.5, 0.65))
    says(mode, "Stroke 2 drawn")
    drawn(mode, 2)
    mode.get_by_role("button", name="Undo").click()
    drawn(mode, 1)
    mode.evaluate("addEventListener('pointerdown', event => (window.touchedBy = event.pointerType), true)")
    drag_a_pen(mode, (0.2, 0.6), (0.35, 0.65), (0.5, 0.6))
    drawn(mode, 2)
    assert mode.evaluate("touchedBy") == "pen"
    mode.get_by_role("button", name="Undo").click()
    drawn(mode, 1)
    mode.get_by_label("Set a dot").check()

    aim = mode.get_by_role("application")
    aim.focus()
    aim.press("Shift+ArrowDown")
    aim.press("ArrowLeft")
    says(mode, "from the left")
    aim.press("Enter")
    drawn(mode, 2)
    mode.get_by_role("checkbox", name="Colour 1").uncheck()
    drawn(mode, 1)
    assert faults(mode) == []
    mode.get_by_role("checkbox", name="Colour 1").check()
    mode.locator(".pin-choose").nth(1).press("Delete")
    says(mode, "Colour 2 erased")
    drawn(mode, 1)
    mode.get_by_role("button", name="From another photo").press("Enter")
    mode.get_by_role("button", name="The red barn").press("Enter")
    elsewhere = mode.get_by_role("dialog", name="Take a colour from another photo")
    says(mode, "Tap the photo where the colour is.")
    assert faults(mode) == []
    elsewhere.get_by_role("application").press("ArrowLeft")
    elsewhere.get_by_role("application").press("Enter")
    says(mode, "Colour 1, upper right, is red now.")
    mode.keyboard.press("Escape")
    expect(mode.get_by_role("region", name="Correct the colours")).to_be_hidden()
    mode.get_by_role("button", name="Correct the colours").press("Enter")
    says(mode, "What you had not saved yet is here again.")
    mode.get_by_role("button", name="Save as a version").press("Enter")
    assert is_held(coloured(photo, 2))


@pytest.mark.usefixtures("barn")
def test_an_arrow_key_leaves_no_photo_whose_colours_are_open_and_no_page_is_left_unasked_before_they_are_saved(
    mode: Page,
) -> None:
    expect(mode.locator("#previous, #next")).to_have_count(1)
    asked: list[str] = []
    mode.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    mode.mouse.click(*place(mode, 0.3, 0.4))
    for button in (".pin-choose", ".mark", "[data-do=undo]", "[popovertarget=elsewhere]"):
        mode.locator(button).first.focus()
        mode.keyboard.press("ArrowLeft")
        mode.keyboard.press("ArrowRight")
    mode.keyboard.press("Enter")
    mode.get_by_role("button", name="The red barn").press("ArrowLeft")
    mode.get_by_role("button", name="The red barn").press("ArrowRight")
    mode.keyboard.press("Escape")
    drawn(mode, 1)

    with mode.expect_event("dialog"):
        mode.close(run_before_unload=True)
    drawn(mode, 1)
    assert asked == ["beforeunload"]
    mode.get_by_role("button", name="Undo").click()
    with mode.expect_event("close"):
        mode.close(run_before_unload=True)
    assert asked == ["beforeunload"]


RECKONING = """
    [window.begun, window.due] = [0, 0];
    const later = window.setTimeout;
    window.setTimeout = (act, wait, ...all) => {
        if (wait) return later(act, wait, ...all);
        begun += 1;
        due += 1;
        return later(() => { due -= 1; act(...all); });
    };
"""
"""Counts the pauses that a page makes while it reckons colours: those begun, and those that something waits for."""


def test_colours_that_are_opened_again_while_they_load_are_open_once(
    visitor: Page, live_stack: Stack, photo: Photo, family_owner: User, enter: Callable[[User], None]
) -> None:
    enter(family_owner)
    slow: list[Route] = []
    visitor.add_init_script(RECKONING)
    visitor.route("**/field/**", lambda route: route.continue_() if slow else slow.append(route))
    visitor.goto(live_stack.url + reverse("photo", args=[photo.pk]))
    visitor.get_by_role("button", name="Correct the colours").press("Enter")
    wait_for(lambda: visitor.evaluate("true") and slow, what="the first opening's question")
    visitor.keyboard.press("Escape")
    visitor.get_by_role("button", name="Correct the colours").press("Enter")
    drawn(visitor, 0)
    wait_for(lambda: visitor.evaluate("due === 0"), what="all of the second opening")
    visitor.evaluate("begun = 0")
    slow[0].continue_()
    wait_for(lambda: visitor.evaluate("begun && due === 0"), what="all of the first opening")
    expect(visitor.locator(".layer-live")).to_have_count(1)
    expect(visitor.locator("#stage .aim")).to_have_count(1)


@pytest.mark.usefixtures("barn")
def test_photos_to_take_a_colour_from_that_do_not_come_are_asked_for_again(mode: Page, complaints: Complaints) -> None:
    mode.mouse.click(*place(mode, 0.3, 0.4))
    mode.route("**/others/", lambda route: route.fulfill(status=503), times=1)
    mode.get_by_role("button", name="From another photo").press("Enter")
    expect(mode.get_by_role("alert")).to_contain_text("The photos cannot be had at the moment.")
    complaints.provoked("503")
    mode.keyboard.press("Escape")
    mode.get_by_role("button", name="From another photo").press("Enter")
    mode.route("**/colour-1600/**", lambda route: route.fulfill(body="no picture"), times=1)
    mode.get_by_role("button", name="The red barn").press("Enter")
    says(mode, "This photo cannot be had at the moment.")
    mode.get_by_role("button", name="The red barn").press("Enter")
    says(mode, "Tap the photo where the colour is.")


def test_whoever_was_signed_out_is_told_so_and_loses_nothing(mode: Page, complaints: Complaints) -> None:
    mode.mouse.click(*place(mode, 0.3, 0.4))
    mode.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    mode.get_by_role("button", name="Save as a version").click()
    says(mode, "You have been signed out, and nothing was saved.")
    complaints.provoked("401")
    drawn(mode, 1)
