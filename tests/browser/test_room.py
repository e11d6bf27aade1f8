"""Uploads that are too much: told before they are sent, or slowed down without a word."""

from collections.abc import Callable
from typing import Any

from django.urls import reverse
from playwright.sync_api import Page, Route, expect

from colorizer.models import Album, Original, User
from tests.browser.axe import faults
from tests.browser.conftest import Complaints
from tests.browser.test_whole_way import scan
from tests.conftest import Stack


def test_what_does_not_fit_is_refused_before_it_is_sent_and_the_rest_go_on(
    visitor: Page, live_stack: Stack, states: Album, family_owner: User, enter: Callable[[User], None]
) -> None:
    Original.objects.filter(family=states.family).update(size=99_900_000)
    family = states.family
    family.most_gb = 1
    family.save()
    fits, large = scan("fits.jpg", size=(640, 480), seed=40), scan("large.jpg", size=(640, 480), seed=41)
    large["buffer"] += bytes(1_200_000)
    sent: list[str] = []
    visitor.on("request", lambda asked: sent.append(asked.url) if asked.method == "POST" else None)
    enter(family_owner)
    visitor.goto(live_stack.url + reverse("album", args=[states.pk]))
    expect(visitor.locator("#room")).to_contain_text("Your family has room for 1 MB more of its 1.0 GB.")
    assert faults(visitor) == []

    visitor.get_by_label("Add photos").first.set_input_files([large, fits])

    refused = visitor.locator(".upload", has_text="large.jpg")
    expect(refused).to_contain_text("There is no room for this photo: your family has 1 MB left of 1.0 GB.")
    assert faults(visitor) == []
    expect(visitor.locator(".upload")).to_have_count(1)
    assert Original.objects.filter(name="fits.jpg").exists()
    assert len([url for url in sent if url.endswith("/upload/")]) == 1


def test_an_upload_that_is_too_quick_waits_as_long_as_it_is_told_and_says_nothing(
    visitor: Page,
    live_stack: Stack,
    states: Album,
    family_owner: User,
    enter: Callable[[User], None],
    complaints: Complaints,
) -> None:
    tries: list[Any] = []

    def slow_down(route: Route) -> None:
        tries.append(route.request)
        if len(tries) <= 7:  # oftener than it would try again after a broken connection
            body = {"code": "too_many_tries", "message": "never shown"}
            route.fulfill(status=429, json=body, headers={"Retry-After": "1"})
        else:
            route.continue_()

    visitor.route("**/upload/", slow_down)
    enter(family_owner)
    visitor.goto(live_stack.url + reverse("album", args=[states.pk]))
    visitor.evaluate("""() => {
        window.said = [];
        new MutationObserver(() => said.push(document.getElementById("uploads").textContent))
          .observe(document.getElementById("uploads"), { subtree: true, childList: true, characterData: true });
    }""")
    visitor.get_by_label("Add photos").first.set_input_files([scan("quick.jpg", size=(640, 480), seed=43)])
    expect(visitor.locator("#uploading")).to_be_hidden()
    assert Original.objects.filter(name="quick.jpg").exists()
    assert len(tries) == 8
    said = "".join(visitor.evaluate("said"))
    assert "never shown" not in said
    assert "broke off" not in said
    complaints.provoked("429")


def test_a_photo_that_is_given_up_and_dismissed_takes_no_room(
    visitor: Page,
    live_stack: Stack,
    states: Album,
    family_owner: User,
    enter: Callable[[User], None],
    complaints: Complaints,
) -> None:
    Original.objects.filter(family=states.family).update(size=99_900_000)
    states.family.most_gb = 1
    states.family.save()
    first, second = scan("first.jpg", size=(64, 48), seed=44), scan("second.jpg", size=(64, 48), seed=45)
    for each in (first, second):
        each["buffer"] += bytes(700_000)  # one fits, both do not
    visitor.route("**/upload/", lambda route: route.abort("connectionreset"))
    enter(family_owner)
    visitor.clock.install()
    visitor.goto(live_stack.url + reverse("album", args=[states.pk]))
    visitor.get_by_label("Add photos").first.set_input_files([first])
    for seconds in (2, 4, 8, 16, 30):
        expect(visitor.locator(".upload")).to_contain_text(f"Trying again in {seconds} seconds.")
        visitor.clock.run_for(1000 * seconds)
    visitor.get_by_role("button", name="Dismiss").click()
    visitor.get_by_label("Add photos").first.set_input_files([second])
    expect(visitor.locator(".upload", has_text="second.jpg")).to_contain_text("Trying again in 2 seconds.")
    complaints.provoked("ERR_CONNECTION_RESET")
