"""A link on its way: made in a dialog, copied, opened by someone outside the family, and ended."""

from collections.abc import Callable, Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from colorizer.models import Album, Share, User
from tests.browser.axe import faults
from tests.browser.conftest import Complaints
from tests.conftest import Stack

PASSWORD = "by the lake"


@pytest.fixture
def aunt(browser: Browser, live_stack: Stack) -> Iterator[Page]:
    """The browser of someone who has no account."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-GB")
    yield context.new_page()
    context.close()


def make_link(page: Page, *, password: str = "", download: bool = False) -> str:
    """Through the dialog of the page that is open."""
    page.get_by_role("button", name="Share", exact=True).click()
    dialog = page.locator("#share")
    if password:
        dialog.get_by_label("Password").fill(password)
    if download:
        dialog.get_by_label("Full-size photos may be downloaded").check()
    dialog.get_by_role("button", name="Make a link").click()
    link = dialog.get_by_label("Send this link")
    expect(link).to_be_focused()
    return link.input_value()


@pytest.fixture
def at_album(
    visitor: Page, live_stack: Stack, states: Album, family_owner: User, enter: Callable[[User], None]
) -> Page:
    enter(family_owner)
    visitor.goto(live_stack.url + reverse("album", args=[states.pk]))
    return visitor


def test_a_link_is_made_copied_and_opened_with_its_password(
    at_album: Page, context: BrowserContext, aunt: Page, states: Album
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    link = make_link(at_album, password=PASSWORD)
    assert faults(at_album) == []
    at_album.get_by_role("button", name="Copy the link").click()
    expect(at_album.get_by_role("status").filter(has_text="Copied.")).to_be_visible()
    assert at_album.evaluate("navigator.clipboard.readText()") == link

    aunt.goto(link)
    aunt.get_by_label("Password").fill("by the sea")
    aunt.get_by_role("button", name="See the photos").click()
    expect(aunt.get_by_text("That is not the password.")).to_be_visible()
    aunt.get_by_label("Password").fill(PASSWORD)
    aunt.get_by_role("button", name="See the photos").click()
    expect(aunt.get_by_role("heading", name=states.title)).to_be_visible()
    assert PASSWORD not in aunt.url


def test_without_a_clipboard_the_link_is_selected(at_album: Page) -> None:
    at_album.add_init_script("delete Navigator.prototype.clipboard; document.execCommand = () => false;")
    at_album.reload()
    link = make_link(at_album)
    at_album.get_by_role("button", name="Copy the link").click()
    expect(at_album.get_by_text("Press Ctrl and C to copy it.")).to_be_visible()
    assert at_album.evaluate("getSelection().toString() || document.activeElement.value") == link


def test_a_visitor_goes_from_photo_to_photo_and_switches_the_grid(at_album: Page, aunt: Page) -> None:
    aunt.goto(make_link(at_album))
    colour = aunt.locator(".tile-colour").first
    expect(colour).to_have_css("opacity", "1")
    aunt.get_by_label("Before").check()
    expect(colour).to_have_css("opacity", "0")
    aunt.locator(".tile-photo").first.click()
    expect(aunt.get_by_text("1 of")).to_be_visible()
    divider = aunt.get_by_role("slider", name="Divider between before and in colour")
    divider.press("End")
    expect(divider).to_have_value("100")
    aunt.locator("h1").click()
    aunt.keyboard.press("ArrowRight")
    expect(aunt.get_by_text("2 of")).to_be_visible()


def test_a_visitor_looks_closer_and_every_picture_is_there(at_album: Page, aunt: Page) -> None:
    failed: list[str] = []
    aunt.on("response", lambda answer: failed.append(answer.url) if answer.status >= 400 else None)
    for download in (False, True):
        at_album.reload()
        aunt.goto(make_link(at_album, download=download))
        aunt.locator(".tile-photo").first.click()
        aunt.get_by_role("button", name="Look closer").click()
        expect(aunt.locator(".closer-frame img[data-sharp]")).to_have_count(2)
    assert failed == []


def test_a_link_that_is_ended_says_so_to_who_has_it(
    at_album: Page, aunt: Page, live_stack: Stack, states: Album, complaints: Complaints
) -> None:
    link = make_link(at_album)
    aunt.goto(link)
    at_album.get_by_role("link", name="All links of the family").click()
    expect(at_album.get_by_text("Seen once")).to_be_visible()
    at_album.get_by_role("button", name=f"End the link to {states.title}").click()
    expect(at_album.get_by_text("Nothing is shared.")).to_be_visible()
    assert Share.objects.get().revoked_at
    aunt.reload()
    expect(aunt.get_by_role("heading", name="This link no longer works")).to_be_visible()
