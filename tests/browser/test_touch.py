"""What a thumb does on a phone: swipe to a neighbour, take hold of the divider, pinch to look closer."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from colorizer.models import Album, User
from tests.conftest import Stack

Point = tuple[float, float]


@pytest.fixture
def browser_context_args() -> dict[str, Any]:
    return {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "locale": "en-GB"}


class Fingers:
    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)

    def _touch(self, kind: str, *points: Point) -> None:
        where = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})

    def move(self, *ways: tuple[Point, Point], steps: int = 6) -> None:
        """Put one finger down for each way, move them together, lift them."""
        self._touch("touchStart", *(start for start, _ in ways))
        for step in range(1, steps + 1):
            share = step / steps
            self._touch(
                "touchMove",
                *((a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])) for a, b in ways),
            )
        self._touch("touchEnd")


@pytest.fixture
def photo_page(
    visitor: Page, live_stack: Stack, states: Album, family_owner: User, enter: Callable[[User], None]
) -> Page:
    enter(family_owner)
    first = states.photos.filter(deleted_at=None).first()
    assert first
    visitor.goto(live_stack.url + reverse("photo", args=[first.pk]))
    expect(visitor.get_by_role("button", name="Look closer")).to_be_visible()  # it shows once the page listens
    return visitor


def test_a_thumb_moves_the_divider_and_a_swipe_goes_on(photo_page: Page) -> None:
    box = photo_page.locator(".frame").bounding_box()
    assert box
    middle, height = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    fingers = Fingers(photo_page)
    fingers.move(((middle, height), (box["x"] + box["width"] * 0.2, height)))
    divider = photo_page.get_by_role("slider")
    assert abs(float(divider.input_value()) - 20) <= 2

    fingers.move(((box["x"] + box["width"] * 0.9, height), (box["x"] + box["width"] * 0.5, height)))
    expect(photo_page.get_by_text("2 of 9")).to_be_visible()


def test_two_fingers_look_closer(photo_page: Page) -> None:
    photo_page.get_by_role("button", name="Look closer").tap()
    image = photo_page.locator("#closer-frame img").first
    width = image.evaluate("image => image.getBoundingClientRect().width")
    Fingers(photo_page).move(((150.0, 300.0), (90.0, 300.0)), ((210.0, 300.0), (270.0, 300.0)))
    assert image.evaluate("image => image.getBoundingClientRect().width") > 2 * width


def test_a_pen_that_is_lifted_beside_the_photo_lets_go_of_it(photo_page: Page) -> None:
    box = photo_page.locator(".frame").bounding_box()
    assert box
    x, y = box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 3
    below = box["y"] + box["height"] + 60
    pen = photo_page.context.new_cdp_session(photo_page)
    for kind, height in (("mousePressed", y), ("mouseMoved", below), ("mouseReleased", below)):
        event = {"type": kind, "x": x, "y": height, "button": "left", "buttons": 1, "pointerType": "pen"}
        pen.send("Input.dispatchMouseEvent", event)
        held = photo_page.locator("[data-held]").count()
        assert held == (0 if kind == "mouseReleased" else 1), kind
