"""The versions of a photo in the browser: chosen, named, compared, and seen by whoever has the page open."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import APIResponse, Page, Route, expect

from colorizer.models import Album, Coloring, Photo, User
from colorizer.services import coloring, trash
from tests.conftest import Stack
from tests.stack import wait_for

pytestmark = pytest.mark.corrections


@pytest.fixture
def versions(states: Album, family_owner: User, enter: Callable[[User], None]) -> tuple[Photo, Coloring, Coloring]:
    """A photo of the one who is signed in, its corrected version, which is shown, and the automatic one."""
    enter(family_owner)
    photo = states.photos.all()[0]
    assert photo.shown
    return photo, photo.shown, photo.colorings.order_by("created_at")[0]


@pytest.fixture
def listening(visitor: Page, live_stack: Stack, versions: tuple[Photo, Coloring, Coloring]) -> Page:
    """The photo's page, which counts in `told` what it hears of it."""
    visitor.goto(live_stack.url + versions[0].address)
    visitor.evaluate("window.told = 0; addEventListener('htmx:sseMessage', () => (told += 1))")
    return visitor


def test_a_version_is_named_chosen_with_the_keyboard_and_compared(
    visitor: Page, live_stack: Stack, versions: tuple[Photo, Coloring, Coloring]
) -> None:
    photo, corrected, automatic = versions
    visitor.goto(live_stack.url + reverse("photo", args=[photo.pk]))
    panel = visitor.get_by_role("region", name="Versions of this photo")
    rows = panel.get_by_role("listitem")
    expect(rows).to_have_count(2)

    rows.nth(0).get_by_text("Name it").focus()
    visitor.keyboard.press("Enter")
    name = rows.nth(0).get_by_label("Name of this version")
    name.fill("Ida's red")
    # What someone else changes meanwhile takes nothing away that is being typed; it comes once that is done.
    visitor.evaluate("window.heard = 0; addEventListener('htmx:beforeRequest', () => (heard += 1))")
    asked: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))
    coloring.show(coloring=automatic)
    wait_for(lambda: visitor.evaluate("heard"), what="the event")
    visitor.evaluate("fetch('/healthz')")
    assert [url for url in asked if url.endswith(photo.address)] == []
    expect(name).to_have_value("Ida's red")
    name.press("Enter")
    expect(visitor.get_by_role("heading", name="Ida's red")).to_be_visible()
    expect(rows.nth(1)).to_contain_text("Shown now")

    rows.nth(0).get_by_role("button", name="Show this one").press("Enter")
    expect(visitor.locator(".frame")).to_have_attribute("data-shown", str(corrected.pk))
    coloring.show(coloring=automatic)
    expect(visitor.locator(".frame")).to_have_attribute("data-shown", str(automatic.pk))
    expect(rows.nth(1)).to_contain_text("Shown now")

    rows.nth(0).get_by_role("link", name="Compare").click()
    expect(visitor.locator(".layer-before")).to_have_attribute("src", _file(photo.address, corrected.pk))
    expect(visitor.locator(".layer-after img")).to_have_attribute("src", _file(photo.address, automatic.pk))
    visitor.get_by_role("slider").press("ArrowRight")
    expect(visitor.get_by_role("slider")).to_have_attribute("aria-valuetext", "49 % of the one on the right")
    visitor.get_by_label("On the right").select_option("before")
    visitor.get_by_role("button", name="Compare", exact=True).click()
    expect(visitor.locator(".layer-after img")).to_have_attribute("src", f"{photo.address}grey-1600/?v={photo.pk}")


def _file(address: str, version: object) -> str:
    return f"{address}versions/{version}/colour-1600/?v={version}"


def test_what_changes_while_the_page_is_asking_is_not_missed(
    listening: Page, versions: tuple[Photo, Coloring, Coloring]
) -> None:
    photo, corrected, automatic = versions
    slow: list[tuple[Route, APIResponse]] = []

    def first_comes_late(route: Route) -> None:
        if slow:
            route.continue_()
        else:
            slow.append((route, route.fetch()))

    listening.route(f"**{photo.address}", first_comes_late)
    coloring.show(coloring=automatic)
    wait_for(lambda: listening.evaluate("told") and slow, what="the page's first question")
    coloring.show(coloring=corrected)
    wait_for(lambda: listening.evaluate("told") == 2, what="the second change")
    route, answer = slow[0]
    route.fulfill(response=answer)
    wait_for(lambda: listening.evaluate("!document.querySelector('.htmx-request')"), what="rest")
    expect(listening.locator(".frame")).to_have_attribute("data-shown", str(corrected.pk))


def test_what_goes_into_the_trash_elsewhere_stays_before_ones_eyes(
    listening: Page, versions: tuple[Photo, Coloring, Coloring]
) -> None:
    photo, corrected, automatic = versions
    trash.delete_photo(photo=photo)
    wait_for(lambda: listening.evaluate("told"), what="the word that it is gone")
    expect(listening.locator(".frame")).to_have_attribute("data-shown", str(corrected.pk))
    trash.restore_photo(photo=photo)
    coloring.show(coloring=automatic)
    # And nothing was asked for that is not there: `visitor` would have complained.
    expect(listening.locator(".frame")).to_have_attribute("data-shown", str(automatic.pk))


def test_an_answer_that_comes_while_one_is_in_the_middle_of_something_waits(
    listening: Page, versions: tuple[Photo, Coloring, Coloring]
) -> None:
    photo, corrected, automatic = versions
    held: list[tuple[Route, APIResponse]] = []
    listening.route(f"**{photo.address}", lambda route: held.append((route, route.fetch())), times=1)
    coloring.show(coloring=automatic)
    wait_for(lambda: listening.evaluate("told") and held, what="the page's question")
    listening.get_by_text("Help Heirloom learn").click()
    route, answer = held[0]
    route.fulfill(response=answer)
    wait_for(lambda: listening.evaluate("!document.querySelector('.htmx-request')"), what="rest")
    expect(listening.get_by_role("button", name="Offer this photo")).to_be_visible()
    expect(listening.locator(".frame")).to_have_attribute("data-shown", str(corrected.pk))
    listening.get_by_text("Help Heirloom learn").click()
    expect(listening.locator(".frame")).to_have_attribute("data-shown", str(automatic.pk))


def test_no_arrow_key_leaves_what_is_typed_of_a_photo_and_whoever_leaves_it_is_asked(listening: Page) -> None:
    here = listening.url
    asked: list[str] = []
    listening.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    listening.get_by_text("Caption, date, people").click()
    listening.get_by_role("textbox", name="Caption").fill("Greta and Ida at the lake")
    listening.locator("h1").click()
    listening.keyboard.press("ArrowRight")
    with listening.expect_event("dialog"):
        listening.locator("#next").click()
    assert (listening.url, asked) == (here, ["beforeunload"])
    expect(listening.get_by_role("textbox", name="Caption")).to_have_value("Greta and Ida at the lake")
    listening.get_by_role("button", name="Save").first.click()
    expect(listening.get_by_role("heading", name="Greta and Ida at the lake")).to_be_visible()
    listening.keyboard.press("ArrowRight")
    expect(listening.get_by_text("2 of 9")).to_be_visible()
    assert asked == ["beforeunload"]
