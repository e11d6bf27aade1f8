"""Another photo's colours: chosen on a page, taken over where they fit, and refused in words where they do not."""

import io
from collections.abc import Callable

import pytest
import skimage.data
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image
from playwright.sync_api import Page, expect

from colorizer import words
from colorizer.models import Album, Photo, Status, User
from colorizer.services import intake
from ml.reference_protocol import another_shot
from tests.browser.axe import PHONE, WIDE, faults
from tests.conftest import Stack
from tests.stack import wait_for

pytestmark = pytest.mark.corrections


def encoded(picture: Image.Image) -> bytes:
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


def test_a_photo_is_coloured_like_one_that_is_added_and_keeps_its_colours_where_one_does_not_fit(
    visitor: Page, live_stack: Stack, family_owner: User, enter: Callable[[User], None]
) -> None:
    album = Album.objects.create(family=family_owner.families.get(), title="The blue box")
    coffee = Image.fromarray(skimage.data.coffee())

    def add(name: str, picture: Image.Image) -> Photo:
        return intake.accept(into=album, user=family_owner, upload=SimpleUploadedFile(name, encoded(picture)))

    photo, unfit = add("coffee.png", coffee.convert("L")), add("rocket.png", Image.fromarray(skimage.data.rocket()))
    wait_for(lambda: photo.colorings.filter(status=Status.DONE).exists(), what="the automatic colours")
    wait_for(lambda: Photo.objects.filter(pk=unfit.pk, state=Photo.State.ASKS).exists(), what="the rocket")
    enter(family_owner)
    visitor.set_viewport_size(PHONE)
    visitor.goto(live_stack.url + reverse("photo", args=[photo.pk]))
    visitor.get_by_role("link", name="Colour it like another photo").click()
    expect(visitor.get_by_role("button", name="rocket.png")).to_be_visible()
    assert faults(visitor) == []
    shot = {"name": "another cup.png", "mimeType": "image/png", "buffer": encoded(another_shot(coffee))}
    visitor.locator("#files").set_input_files(shot)  # type: ignore[arg-type]
    offered = visitor.get_by_role("region", name="Photos of your family in colour").get_by_role("button")
    expect(offered).to_have_count(2)
    expect(offered.first).to_have_accessible_name("Colour it like: another cup.png")
    visitor.set_viewport_size(WIDE)
    visitor.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert faults(visitor) == []

    Photo.objects.filter(pk=unfit.pk).update(signature=None)  # as if it were here since before there were any
    offered.first.press("Enter")
    expect(visitor.get_by_role("region", name="Versions of this photo")).to_contain_text("Like another photo")
    photo.refresh_from_db()
    likened = photo.shown
    assert likened
    assert likened.reference
    assert likened.reference.original.name == "another cup.png"
    unfit.refresh_from_db()
    assert unfit.signature
    visitor.goto(live_stack.url + reverse("references", args=[photo.pk]))
    visitor.get_by_role("button", name="rocket.png").click()
    expect(visitor.locator("#stage")).to_contain_text(words.say("reference_unfit")[0])
    expect(visitor.get_by_role("link", name="Choose another photo")).to_be_visible()
    photo.refresh_from_db()
    assert photo.shown == likened
