"""A curator gathers photos, goes through them with the keyboard, and freezes a version; a family offers one and takes
it back. With a real worker."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Page, Route, expect

from colorizer import roles
from colorizer.models import Album, Consent, Dataset, DatasetItem, DatasetVersion, Status, User
from tests.browser.axe import faults, faults_everywhere
from tests.browser.conftest import Complaints, change_key
from tests.conftest import Stack
from tests.curation import encoded, photos, picture, zipped
from tests.stack import wait_for

Enter = Callable[[User], None]


@pytest.fixture
def curator(family_owner: User) -> Iterator[User]:
    family_owner.groups.add(Group.objects.get(name=roles.CURATOR))
    yield family_owner
    DatasetVersion.objects.all().delete()
    Dataset.objects.all().delete()


def measured(dataset: Dataset, count: int) -> None:
    wait_for(lambda: dataset.items.filter(status=Status.DONE).count() == count, what=f"{count} measured photos")


def test_photos_are_added_gone_through_by_keyboard_and_frozen(
    visitor: Page, live_stack: Stack, curator: User, enter: Enter, complaints: Complaints
) -> None:
    enter(curator)
    visitor.goto(f"{live_stack.url}/workshop/datasets/")
    assert faults_everywhere(visitor) == {}
    visitor.get_by_label("Name").fill("Gardens")
    visitor.get_by_role("button", name="Begin it").click()
    expect(visitor.get_by_role("heading", name="No photos yet")).to_be_visible()
    assert faults_everywhere(visitor) == {}

    dataset = Dataset.objects.get(name="Gardens")
    files = photos(4) | {"cats/copy.jpg": encoded(picture(0), quality=50), "grey.jpg": encoded(picture(7, colour=0))}
    visitor.get_by_role("button", name="Choose photos").click()
    visitor.get_by_label("Photos in colour, or a ZIP of them").set_input_files(
        [
            {"name": "set.zip", "mimeType": "application/zip", "buffer": zipped(files)},
            {"name": "note.jpg", "mimeType": "image/jpeg", "buffer": b"a note"},
        ]
    )
    assert faults(visitor) == []
    visitor.get_by_role("button", name="Add", exact=True).click()
    expect(visitor.locator(".upload", has_text="set.zip")).to_contain_text("6 photos were added.")
    expect(visitor.get_by_role("log")).to_contain_text("set.zip: 6 photos were added.")
    expect(visitor.locator(".upload", has_text="note.jpg")).to_contain_text("There is no photo in this file.")
    complaints.provoked("422")
    expect(visitor.locator(".item")).to_have_count(6)
    expect(visitor.get_by_text("For training · 6 photos")).to_be_visible()
    assert faults_everywhere(visitor) == {}
    measured(dataset, 6)
    visitor.goto(f"{live_stack.url}/workshop/datasets/{dataset.pk}/?state=new")

    at_hand = visitor.locator(".at-hand h2")
    visitor.keyboard.press("ArrowRight")
    expect(at_hand).to_have_text("0.jpg")
    assert faults_everywhere(visitor) == {}
    visitor.keyboard.press("1")
    expect(visitor.locator(".by-key [aria-pressed=true]")).to_have_count(1)
    for name in ("1.jpg", "2.jpg", "3.jpg"):
        visitor.keyboard.press("a")
        expect(at_hand).to_have_text(name)
    visitor.keyboard.press("c")
    expect(visitor.locator("[data-key=c]")).to_have_attribute("aria-pressed", "true")
    visitor.keyboard.press("r")
    expect(at_hand).to_have_text("copy.jpg")
    visitor.get_by_role("link", name="Next photo").click()
    expect(at_hand).to_have_text("grey.jpg")
    visitor.keyboard.press("ArrowLeft")
    expect(at_hand).to_have_text("copy.jpg")
    wide = visitor.viewport_size
    assert wide
    visitor.set_viewport_size({"width": 390, "height": 844})  # a narrow window of a device with keys
    visitor.get_by_label("Letters and digits decide").uncheck()
    visitor.set_viewport_size(wide)
    visitor.keyboard.press("a")
    visitor.keyboard.press("ArrowRight")
    expect(at_hand).to_have_text("grey.jpg")
    visitor.reload()
    expect(visitor.get_by_label("Letters and digits decide")).not_to_be_checked()
    visitor.get_by_label("Letters and digits decide").check()
    assert faults_everywhere(visitor) == {}
    found = {item.name: item for item in dataset.items.all()}
    assert {found[name].state for name in ("copy.jpg", "grey.jpg")} == {"new"}
    assert [found[f"{n}.jpg"].state for n in range(4)] == ["accepted"] * 3 + ["rejected"]
    assert found["3.jpg"].crop_free
    assert found["0.jpg"].category

    visitor.goto(f"{live_stack.url}/workshop/datasets/{dataset.pk}/?flag=copies")
    expect(visitor.locator(".item")).to_have_count(2)
    visitor.goto(f"{live_stack.url}/workshop/datasets/{dataset.pk}/lessons/")
    expect(visitor.get_by_text("3 accepted photos would be in it")).to_be_visible()
    assert faults_everywhere(visitor) == {}
    visitor.get_by_role("button", name="Freeze a version").click()
    expect(visitor.get_by_text("Version 1", exact=True)).to_be_visible()
    assert DatasetVersion.objects.get().items.count() == 3
    assert faults_everywhere(visitor) == {}


def test_a_zip_that_is_too_large_to_send_leads_to_the_command_and_the_rest_goes_on(
    visitor: Page, live_stack: Stack, curator: User, enter: Enter
) -> None:
    def with_little_room(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(
            response=answer, body=re.sub('data-most-bytes="[0-9]+"', 'data-most-bytes="50000"', answer.text())
        )

    enter(curator)
    dataset = Dataset.objects.create(name="Much")
    address = f"{live_stack.url}/workshop/datasets/{dataset.pk}/"
    visitor.route(address, with_little_room, times=1)
    visitor.goto(address)
    visitor.get_by_role("button", name="Add photos").click()
    visitor.get_by_label("Photos in colour, or a ZIP of them").set_input_files(
        [
            {"name": "set.zip", "mimeType": "application/zip", "buffer": bytes(50_001)},
            {"name": "0.jpg", "mimeType": "image/jpeg", "buffer": encoded(picture(0))},
        ]
    )
    visitor.get_by_label("Category").fill("harbour")
    visitor.get_by_role("button", name="Add", exact=True).click()
    expect(visitor.locator(".upload", has_text="set.zip")).to_contain_text("manage.py dataset_import 'Much' FOLDER")
    expect(visitor.locator(".item")).to_have_count(1)
    assert dataset.items.get().category == "harbour"


def test_photos_are_added_by_one_who_signed_in_anew_elsewhere(
    visitor: Page, live_stack: Stack, curator: User, enter: Enter, complaints: Complaints
) -> None:
    enter(curator)
    dataset = Dataset.objects.create(name="Much")
    visitor.goto(f"{live_stack.url}/workshop/datasets/{dataset.pk}/")
    change_key(visitor)
    visitor.get_by_role("button", name="Add photos").click()
    photo = {"name": "0.jpg", "mimeType": "image/jpeg", "buffer": encoded(picture(0))}
    visitor.get_by_label("Photos in colour, or a ZIP of them").set_input_files([photo])
    visitor.get_by_role("button", name="Add", exact=True).click()
    expect(visitor.locator(".item")).to_have_count(1)
    expect(visitor.get_by_role("log").locator("p").last).to_have_text("1 of 1 added")
    complaints.provoked("403")


def test_a_family_offers_a_photo_a_curator_takes_it_in_and_the_family_withdraws_it(
    visitor: Page, live_stack: Stack, states: Album, curator: User, enter: Enter, complaints: Complaints
) -> None:
    enter(curator)
    photo = states.photos.exclude(shown=None).order_by("created_at")[0]
    visitor.goto(f"{live_stack.url}{photo.address}")
    visitor.get_by_text("Help Heirloom learn").click()
    assert faults_everywhere(visitor) == {}
    visitor.get_by_label("The colours are right as they are").check()
    visitor.get_by_role("button", name="Offer this photo").click()
    expect(visitor.get_by_text("Offered for teaching on")).to_be_visible()
    assert faults_everywhere(visitor) == {}

    dataset = Dataset.objects.create(name="Offered")
    visitor.goto(f"{live_stack.url}/workshop/datasets/{dataset.pk}/")
    visitor.get_by_role("button", name="Take them in here").click()
    expect(visitor.get_by_text("1 photo was added.")).to_be_visible()
    measured(dataset, 1)
    item = dataset.items.get()
    assert (item.licence, item.consent) == ("consent", Consent.objects.get())
    assert "Greta" not in visitor.content()

    visitor.goto(f"{live_stack.url}/families/{states.family_id}/offers/")
    assert faults_everywhere(visitor) == {}
    visitor.get_by_role("button", name="Withdraw Greta at the lake").click()
    expect(visitor.get_by_text("Nothing is offered.")).to_be_visible()
    assert not DatasetItem.objects.exists()
    visitor.goto(f"{live_stack.url}/workshop/datasets/{dataset.pk}/")
    expect(visitor.get_by_role("heading", name="No photos yet")).to_be_visible()
