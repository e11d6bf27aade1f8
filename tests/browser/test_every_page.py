"""Every page, light and dark, wide and narrow: no axe violation, no sideways scrolling, nothing that jumps."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, Route, ViewportSize, expect

from colorizer.models import Album, Photo, Role, Status, User
from colorizer.services import sharing
from tests.browser.axe import PHONE, WIDE, faults, faults_everywhere
from tests.browser.conftest import Complaints
from tests.conftest import Stack, member
from tests.stack import wait_for


def pages(album: Album) -> dict[str, str]:
    named = {name: reverse(name) for name in ("home", "trash", "account_email", "account_change_password", "families")}
    named |= {name: reverse(name) for name in ("account_log", "account_delete")}
    named["family_log"] = reverse("family_log", args=[album.family_id])
    named |= {"album": reverse("album", args=[album.pk]), "family": reverse("family", args=[album.family_id])}
    named["tokens"] = reverse("tokens", args=[album.family_id])
    named["colours"] = reverse("colours", args=[album.family_id])
    named["shares"] = reverse("shares", args=[album.family_id])
    for number, photo in enumerate(album.photos.filter(deleted_at=None)):
        named[f"photo {number}"] = reverse("photo", args=[photo.pk])
    named["compare"] = reverse("photo_compare", args=[album.photos.all()[0].pk])
    return named


def strangers_pages() -> dict[str, str]:
    names = ("home", "account_login", "account_signup", "account_reset_password")
    return {name: reverse(name) for name in names}


def visitors_pages(album: Album) -> dict[str, str]:
    """What those see who have a link: to the album, to its first photo, with a password."""
    by, photo = album.family.memberships.get().user, album.photos.all()[0]
    token = {
        "of the album": sharing.create(by=by, album=album, lasts=None, can_download=True, tells_story=True)[1],
        "of a photo": sharing.create(by=by, photo=photo, lasts=timedelta(days=7), can_download=True)[1],
        "locked": sharing.create(by=by, album=album, lasts=None, password="by the lake")[1],
    }
    named = {f"share {name}": reverse("share", args=[each]) for name, each in token.items()}
    return named | {"share of the album, a photo": reverse("share_photo", args=[token["of the album"], photo.pk])}


def test_no_page_keeps_anyone_out(
    visitor: Page, live_stack: Stack, states: Album, family_owner: User, enter: Callable[[User], None]
) -> None:
    found: dict[str, list[str]] = {}

    def look(addresses: dict[str, str]) -> None:
        for address in addresses.values():
            visitor.goto(live_stack.url + address)
            found.update(faults_everywhere(visitor))

    look(strangers_pages() | visitors_pages(states))
    enter(family_owner)
    look(pages(states))
    assert found == {}


def test_what_opens_over_a_page_keeps_no_one_out_either(
    visitor: Page, live_stack: Stack, states: Album, family_owner: User, enter: Callable[[User], None]
) -> None:
    enter(family_owner)
    named = pages(states)
    named |= visitors_pages(states)
    for page, button in (
        ("home", "New album"),
        ("album", "Download"),
        ("album", "Share"),
        ("album", "Edit"),
        ("photo 0", "Look closer"),
        ("photo 0", "Share"),
        ("photo 0", "Delete"),
        ("share of the album", "Download"),
        ("share of a photo", "Look closer"),
    ):
        visitor.goto(live_stack.url + named[page])
        visitor.get_by_role("button", name=button, exact=True).click()
        expect(visitor.locator("[popover]:popover-open, dialog[open]")).to_be_visible()
        assert faults(visitor) == [], button
        visitor.keyboard.press("Escape")
        expect(visitor.locator("[popover]:popover-open, dialog[open]")).to_have_count(0)


def test_a_page_that_is_not_there_says_so(visitor: Page, live_stack: Stack, complaints: Complaints) -> None:
    visitor.goto(f"{live_stack.url}/nowhere/")
    expect(visitor.get_by_role("heading", name="There is nothing here")).to_be_visible()
    assert faults(visitor) == []
    complaints.provoked("404")


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_nothing_jumps_while_a_page_loads(
    visitor: Page,
    live_stack: Stack,
    states: Album,
    family_owner: User,
    enter: Callable[[User], None],
    size: ViewportSize,
) -> None:
    visitor.set_viewport_size(size)
    visitor.add_init_script(
        "window.jumps = 0;"
        "new PerformanceObserver(list => { for (const entry of list.getEntries()) jumps += entry.value })"
        ".observe({type: 'layout-shift', buffered: true})"
    )
    enter(family_owner)
    # So slow a line that a page is shown while half of it is still to come, where it may be.
    line = {"offline": False, "latency": 0, "downloadThroughput": 150_000, "uploadThroughput": -1}
    visitor.context.new_cdp_session(visitor).send("Network.emulateNetworkConditions", line)
    named = pages(states)
    for name in ("home", "album", "photo 0", "trash"):
        visitor.goto(live_stack.url + named[name], wait_until="networkidle" if name in ("home", "trash") else "load")
        assert visitor.evaluate("jumps") < 0.02, name


def test_the_theme_that_one_chooses_stays(visitor: Page, live_stack: Stack) -> None:
    visitor.emulate_media(color_scheme="light")
    visitor.goto(live_stack.url)
    light = visitor.evaluate("getComputedStyle(document.body).backgroundColor")
    visitor.get_by_role("button", name="Dark page").click()
    dark = visitor.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    visitor.goto(f"{live_stack.url}{reverse('account_login')}")
    assert visitor.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    expect(visitor.get_by_role("button", name="Light page")).to_be_visible()


def test_a_tile_that_changes_keeps_its_picture(
    visitor: Page, live_stack: Stack, states: Album, family_owner: User, enter: Callable[[User], None]
) -> None:
    enter(family_owner)
    visitor.goto(live_stack.url + reverse("album", args=[states.pk]))
    visitor.evaluate("""() => {
        window.tile = document.querySelector('.tile[data-state=queued]');
        window.picture = tile.querySelector('.tile-grey');
    }""")
    later = timezone.now() + timedelta(minutes=1)
    Photo.objects.filter(colorings__status=Status.QUEUED).update(caption="Otto", changed_at=later)
    wait_for(lambda: visitor.evaluate("!tile.isConnected"), what="the tile's change")
    assert visitor.evaluate("picture.isConnected && picture === document.getElementById(tile.id).querySelector('img')")


def test_a_tile_that_asks_takes_the_answer(
    visitor: Page, live_stack: Stack, states: Album, family_owner: User, enter: Callable[[User], None]
) -> None:
    enter(family_owner)
    visitor.goto(live_stack.url + reverse("album", args=[states.pk]))
    asks = visitor.locator(".tile[data-state=asks]")
    identity = asks.get_attribute("id")
    visitor.evaluate("window.told = 0; addEventListener('htmx:sseBeforeMessage', () => (told += 1))")
    asks.get_by_role("button", name="Yes, keep it").click()
    kept = visitor.locator(f"#{identity}")
    expect(kept).to_have_attribute("data-state", "kept")
    visitor.evaluate("id => { window.tile = document.getElementById(id); told = 0 }", identity)
    Photo.objects.filter(pk=str(identity).removeprefix("photo-")).update(changed_at=timezone.now())
    wait_for(lambda: visitor.evaluate("told"), what="the same by the stream")
    assert visitor.evaluate("tile.isConnected"), "It was taken from under the hand."
    kept.get_by_role("button", name="Colour it").click()
    expect(kept.get_by_role("button", name="Colour it")).to_have_count(0)
    assert Photo.objects.get(pk=str(identity).removeprefix("photo-")).colorings.exists()


def test_removing_a_member_asks_first(
    visitor: Page, live_stack: Stack, states: Album, family_owner: User, enter: Callable[[User], None]
) -> None:
    cousin = member(states.family, Role.VIEWER)
    enter(family_owner)
    visitor.goto(live_stack.url + reverse("family", args=[states.family_id]))
    visitor.get_by_role("button", name=f"Remove {cousin}").click()
    sure = visitor.get_by_role("dialog", name=f"Remove {cousin} from the family?")
    expect(sure).to_be_visible()
    assert faults(visitor) == []
    assert cousin.memberships.exists()
    sure.get_by_role("button", name="Remove").click()
    expect(visitor.get_by_role("button", name=f"Remove {cousin}")).to_have_count(0)
    assert not cousin.memberships.exists()


def test_a_refused_photo_is_removed_and_taken_back(
    visitor: Page, live_stack: Stack, states: Album, family_owner: User, enter: Callable[[User], None]
) -> None:
    enter(family_owner)
    visitor.goto(live_stack.url + reverse("album", args=[states.pk]))
    refused = visitor.locator(".tile[data-state=refused]")
    expect(refused).to_contain_text("The end of this photo is missing.")
    refused.get_by_role("button", name="Remove").click()
    gone = visitor.locator(".tile[data-state=gone]")
    gone.get_by_role("button", name="Undo").click()
    expect(visitor.locator(".tile[data-state=refused]")).to_have_count(1)


def test_what_could_not_be_done_is_said_until_it_is_done(
    visitor: Page,
    live_stack: Stack,
    states: Album,
    family_owner: User,
    enter: Callable[[User], None],
    complaints: Complaints,
) -> None:
    enter(family_owner)
    visitor.goto(live_stack.url + reverse("album", args=[states.pk]))
    keep = visitor.locator(".tile[data-state=asks]").get_by_role("button", name="Yes, keep it")
    said = visitor.get_by_role("status").locator("#failure")
    visitor.route("**/answer/", lambda route: route.abort("internetdisconnected"), times=1)
    keep.click()
    expect(said).to_have_text("The connection is away. Try once more when it is back.")
    complaints.provoked("ERR_INTERNET_DISCONNECTED")
    complaints.provoked("[object HTML")
    visitor.route("**/answer/", lambda route: route.fulfill(status=429), times=1)
    keep.click()
    expect(said).to_have_text("That was too quick. Wait a moment, then try once more.")
    complaints.provoked("429")
    assert faults(visitor) == []
    keep.click()
    expect(said).to_be_hidden()


def test_what_could_not_be_done_is_said_though_the_tile_has_been_renewed_meanwhile(
    visitor: Page,
    live_stack: Stack,
    states: Album,
    family_owner: User,
    enter: Callable[[User], None],
    complaints: Complaints,
) -> None:
    enter(family_owner)
    visitor.goto(live_stack.url + reverse("album", args=[states.pk]))
    asks = visitor.locator(".tile[data-state=asks]")
    sent: list[Route] = []
    visitor.route("**/answer/", lambda route: sent.append(route), times=1)
    asks.get_by_role("button", name="Yes, keep it").click()
    tile = visitor.evaluate_handle("document.querySelector('.tile[data-state=asks]')")
    identity = str(asks.get_attribute("id")).removeprefix("photo-")
    Photo.objects.filter(pk=identity).update(caption="Otto", changed_at=timezone.now() + timedelta(minutes=1))
    wait_for(lambda: not tile.evaluate("tile => tile.isConnected") and sent, what="the tile's change")
    sent[0].abort("internetdisconnected")
    expect(visitor.locator("#failure")).to_have_text("The connection is away. Try once more when it is back.")
    complaints.provoked("ERR_INTERNET_DISCONNECTED")
    complaints.provoked("[object HTML")


def test_a_form_that_is_pressed_twice_is_sent_once(
    visitor: Page, live_stack: Stack, family_owner: User, enter: Callable[[User], None]
) -> None:
    enter(family_owner)
    visitor.goto(live_stack.url + reverse("home"))
    press = """(form) => {
        const submit = new Event("submit", { bubbles: true, cancelable: true });
        return form.dispatchEvent(submit); // whether it would be sent
    }"""
    form = visitor.locator("form", has=visitor.get_by_role("button", name="Make the album"))
    assert [form.evaluate(press), form.evaluate(press)] == [True, False]
    visitor.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    assert form.evaluate(press), "Back on the page by the browser's own button, it cannot be sent."


def test_an_invite_is_copied_at_a_press(
    visitor: Page, live_stack: Stack, states: Album, family_owner: User, enter: Callable[[User], None]
) -> None:
    enter(family_owner)
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.goto(live_stack.url + reverse("family", args=[states.family_id]))
    visitor.get_by_role("button", name="Make a link").click()
    link = visitor.get_by_label("Send this link to the one whom you invite").input_value()
    visitor.get_by_role("button", name="Copy the link").click()
    expect(visitor.get_by_text("Copied.")).to_be_visible()
    assert visitor.evaluate("navigator.clipboard.readText()") == link
    assert faults(visitor) == []
