"""A stranger goes the whole way, with nothing but what the pages say."""

import io
import re
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import APIResponse, BrowserContext, Page, Route, expect

from colorizer.models import Photo
from tests.browser.conftest import Complaints, change_key
from tests.conftest import PASSWORD, Stack, make_photo
from tests.stack import wait_for

PDF = {"name": "recipes.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"}


def scan(name: str, *, size: tuple[int, int], seed: int) -> dict[str, Any]:
    return {"name": name, "mimeType": "image/jpeg", "buffer": make_photo(name, size=size, seed=seed).read()}


@pytest.fixture
def in_the_family(visitor: Page, live_stack: Stack) -> Page:
    """A stranger who has signed up and made an album."""
    visitor.goto(live_stack.url)
    visitor.get_by_role("link", name="Start your album").click()
    visitor.get_by_label("Your name").fill("Ingrid")
    visitor.get_by_label("Email").fill("ingrid@example.org")
    visitor.get_by_label("Password", exact=True).fill(PASSWORD)
    visitor.get_by_label("Password (again)").fill(PASSWORD)
    visitor.get_by_role("main").get_by_role("button", name="Sign up").click()
    visitor.get_by_label("Title").fill("Grandma's album")
    visitor.get_by_role("button", name="Make the album").click()
    expect(visitor.get_by_role("heading", name="Drop your scans here")).to_be_visible()
    visitor.wait_for_load_state()  # then its scripts listen
    return visitor


FADES = """
    window.fades = [];
    new MutationObserver((changes) => {
      for (const { target } of changes) if (target.matches(".tile-colour.is-arriving")) fades.push(target.src);
    }).observe(document.getElementById("grid"), { subtree: true, attributeFilter: ["class"] });
"""
"""Notes each colour that fades in; a reload would lose the notes."""


SIZES = {"scan-0.jpg": (640, 480), "scan-1.jpg": (640, 520), "scan-2.jpg": (640, 560)}


def test_a_stranger_goes_the_whole_way(in_the_family: Page, complaints: Complaints) -> None:
    page = in_the_family
    page.evaluate(FADES)
    scans = [scan(name, size=size, seed=seed) for seed, (name, size) in enumerate(SIZES.items())]
    page.get_by_label("Add photos").first.set_input_files([scans[0], PDF, *scans[1:]])

    # The refused one says why and what to do; the others go on, and turn coloured before one's eyes.
    refused = page.locator(".upload", has_text="recipes.pdf")
    expect(refused).to_contain_text("This file is a PDF. Export its pages as images and upload those.")
    expect(page.locator(".tile .tile-colour")).to_have_count(3)
    heard = page.get_by_role("log").locator("p")
    expect(heard).to_have_text([re.compile("^recipes.pdf: This file is a PDF"), "3 of 4 added"])
    expect(page.locator("#album-status")).to_be_empty()
    wait_for(lambda: page.evaluate("new Set(fades).size") == 3, what="three colours that fade in")
    complaints.provoked("415")
    refused.get_by_role("button", name="Dismiss").click()
    expect(refused).to_have_count(0)

    # The whole grid, before and after.
    expect(page.locator(".tile-colour").first).to_have_css("opacity", "1")
    page.get_by_role("radio", name="Before").check()
    for index in range(3):
        expect(page.locator(".tile-colour").nth(index)).to_have_css("opacity", "0")
    page.get_by_role("radio", name="In colour").check()
    expect(page.locator(".tile-colour").first).to_have_css("opacity", "1")

    page.reload()  # two uploads at a time may end in another order than the album's
    page.locator(".tile a").first.click()
    divider_moves_by_key_and_by_mouse(page)
    closer_shows_full_size(page)
    neighbours_by_arrow_keys(page)
    story_is_kept(page)
    both_downloads_are_at_full_size(page)
    trash_gives_back(page)


def divider_moves_by_key_and_by_mouse(page: Page) -> None:
    divider = page.get_by_role("slider", name="Divider between before and in colour")
    frame = page.locator(".frame")
    expect(page.get_by_text("Colours are a guess")).to_be_visible()
    divider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    expect(divider).to_have_value("40")
    expect(divider).to_have_attribute("aria-valuetext", "60 % in colour")

    box = frame.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 3
    page.mouse.move(box["x"] + box["width"] * 0.4, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, middle, steps=4)
    page.mouse.up()
    assert abs(float(divider.input_value()) - 80) <= 1
    clip = frame.locator(".layer-after").evaluate("element => getComputedStyle(element).clipPath")
    assert abs(float(re.findall(r"[\d.]+", clip)[-1]) - 80) <= 1


def closer_shows_full_size(page: Page) -> None:
    page.get_by_role("button", name="Look closer").click()
    dialog = page.get_by_role("dialog", name="The photo at full size")
    expect(dialog.locator("img[data-sharp]")).to_have_count(2)
    image = dialog.locator("img").first
    assert image.evaluate("image => image.naturalWidth") == 640
    width = image.evaluate("image => image.getBoundingClientRect().width")
    dialog.get_by_role("button", name="Larger").click()
    assert image.evaluate("image => image.getBoundingClientRect().width") == pytest.approx(1.5 * width, rel=0.01)
    page.mouse.move(500, 400)
    before = image.evaluate("image => image.getBoundingClientRect().x")
    page.mouse.down()
    page.mouse.move(450, 400, steps=3)
    page.mouse.up()
    assert image.evaluate("image => image.getBoundingClientRect().x") == pytest.approx(before - 50, abs=1)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def neighbours_by_arrow_keys(page: Page) -> None:
    expect(page.get_by_text("1 of 3")).to_be_visible()
    page.locator("h1").click()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("2 of 3")).to_be_visible()
    expect(page.get_by_role("button", name="Look closer")).to_be_visible()  # it shows once the page listens
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("1 of 3")).to_be_visible()


def story_is_kept(page: Page) -> None:
    page.get_by_text("Caption, date, people").click()
    page.get_by_role("textbox", name="Caption").fill("Minka by the stove")
    page.get_by_label("when").fill("winter 1938")
    page.get_by_label("people").fill("Aunt Greta")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Minka by the stove")).to_be_visible()
    expect(page.get_by_text("winter 1938")).to_be_visible()


def both_downloads_are_at_full_size(page: Page) -> None:
    photo = Photo.objects.get(pk=page.url.split("/")[-2])  # whichever of them came first
    for name in ("Download in colour", "Download the original"):
        with page.expect_download() as arriving:
            page.get_by_role("link", name=name).click()
        with Image.open(io.BytesIO(arriving.value.path().read_bytes())) as picture:
            assert picture.size == SIZES[photo.original.name]
        assert arriving.value.suggested_filename.endswith(".jpg")


def trash_gives_back(page: Page) -> None:
    page.get_by_role("button", name="Move to the trash").click()
    expect(page.locator(".tile")).to_have_count(2)
    assert Photo.objects.filter(deleted_at=None).count() == 2
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Minka by the stove")).to_be_visible()
    assert Photo.objects.filter(deleted_at=None).count() == 3


def test_an_upload_is_on_every_open_page_once(in_the_family: Page, context: BrowserContext) -> None:
    page, other = in_the_family, context.new_page()
    other.goto(page.url)
    page.get_by_label("Add photos").first.set_input_files([scan("shared.jpg", size=(640, 500), seed=30)])
    for each in (other, page):
        expect(each.locator(".tile .tile-colour")).to_have_count(1)  # by then it was told as new
        expect(each.locator(".tile")).to_have_count(1)


def test_an_upload_that_the_stream_shows_before_its_answer_comes_is_there_once(in_the_family: Page) -> None:
    page = in_the_family
    held: list[tuple[Route, APIResponse]] = []
    page.route("**/upload/", lambda route: held.append((route, route.fetch())))
    page.get_by_label("Add photos").first.set_input_files([scan("early.jpg", size=(640, 510), seed=31)])
    expect(page.locator(".tile")).to_have_count(1)
    (route, response) = held[0]
    route.fulfill(response=response)
    expect(page.locator(".upload")).to_have_count(0)
    expect(page.locator(".tile")).to_have_count(1)
    expect(page.locator(".tile .tile-colour")).to_have_count(1)


def test_without_the_event_stream_colour_arrives_all_the_same(
    in_the_family: Page, complaints: Complaints, live_stack: Stack
) -> None:
    page = in_the_family
    page.route("**/events/**", lambda route: route.abort())
    page.reload()
    page.get_by_label("Add photos").first.set_input_files([scan("lone.jpg", size=(600, 500), seed=40)])
    expect(page.locator(".tile .tile-colour")).to_have_count(1)
    expect(page.locator(".tile")).to_have_count(1)
    complaints.provoked("ERR_FAILED")
    complaints.provoked("[object Event]")  # htmx logs the error that the stream met


@pytest.mark.parametrize("how", ["ERR_CONNECTION_RESET", "408"])
def test_an_upload_that_breaks_off_is_tried_again(in_the_family: Page, complaints: Complaints, how: str) -> None:
    def break_off(route: Route) -> None:
        if how == "408":
            route.fulfill(status=408)
        else:
            route.abort("connectionreset")

    page = in_the_family
    page.route("**/upload/", break_off, times=1)
    page.get_by_label("Add photos").first.set_input_files([scan(f"broken-{how}.jpg", size=(500, 600), seed=50)])
    expect(page.get_by_text("The connection broke off. Trying again in 2 seconds.")).to_be_visible()
    expect(page.locator(".tile")).to_have_count(1)
    expect(page.locator(".upload")).to_have_count(0)
    complaints.provoked(how)


def test_an_upload_of_one_who_signed_in_anew_elsewhere_goes_on(in_the_family: Page, complaints: Complaints) -> None:
    page = in_the_family
    change_key(page)
    page.get_by_label("Add photos").first.set_input_files([scan("anew.jpg", size=(500, 600), seed=51)])
    expect(page.locator(".tile")).to_have_count(1)
    expect(page.locator(".upload")).to_have_count(0)
    complaints.provoked("403")


DROP = """(url) => fetch(url).then((answer) => answer.blob()).then((blob) => {
    const entry = (name, read) => ({ isFile: true, name, file: read });
    const broken = entry("broken.jpg", (_, reject) => reject(new DOMException("", "NotReadableError")));
    const whole = entry("readable.jpg", (resolve) => resolve(new File([blob], "readable.jpg", { type: "image/jpeg" })));
    const batches = [[broken, whole], []];
    const createReader = () => ({ readEntries: (resolve) => resolve(batches.shift()) });
    const items = [null, { isDirectory: true, name: "box", createReader }]
        .map((entry) => ({ kind: "file", webkitGetAsEntry: () => entry }));
    const drop = new Event("drop", { cancelable: true });
    drop.dataTransfer = { types: ["Files"], files: [], items };
    dispatchEvent(drop);
})"""
"""A folder with a file that cannot be read, and something that is no file at all."""


def test_what_cannot_be_read_of_a_folder_is_named_and_the_rest_goes_on(in_the_family: Page) -> None:
    page = in_the_family
    page.route("**/scan.jpg", lambda route: route.fulfill(body=scan("scan.jpg", size=(600, 400), seed=80)["buffer"]))
    page.evaluate(DROP, "/scan.jpg")
    expect(page.locator(".upload", has_text="broken.jpg")).to_contain_text("could not be read on your device")
    expect(page.get_by_role("log")).to_contain_text("broken.jpg: This could not be read on your device")
    expect(page.locator(".tile")).to_have_count(1)
    expect(page.locator(".upload")).to_have_count(1)


def test_a_photo_that_is_here_already_is_said_so(in_the_family: Page, complaints: Complaints) -> None:
    page = in_the_family
    same = scan("same.jpg", size=(420, 600), seed=60)
    page.get_by_label("Add photos").first.set_input_files([same])
    expect(page.locator(".tile")).to_have_count(1)
    page.get_by_label("Add photos").first.set_input_files([same])
    expect(page.locator(".upload")).to_contain_text("already")
    page.get_by_role("link", name="See it").click()
    expect(page.get_by_text("1 of 1")).to_be_visible()
    complaints.provoked("409")


def test_a_photo_turns_coloured_while_one_looks_at_it(in_the_family: Page) -> None:
    page = in_the_family
    page.get_by_label("Add photos").first.set_input_files([scan("watched.jpg", size=(700, 520), seed=70)])
    page.locator(".tile a").click()
    expect(page.get_by_role("slider")).to_be_attached()
    expect(page.get_by_role("link", name="Download in colour")).to_be_visible()
