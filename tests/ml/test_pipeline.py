"""Photo in, colour photo out: what must stay, what must be true of the colours, and what ends well."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pyvips
import tifffile
from PIL import Image

from ml.appearance import to_lightness
from ml.field import warmed
from ml.guide_files import GuideError
from ml.method import LearnedMethod, find_method, load_method, models
from ml.networks import create
from ml.networks.lite import Lite
from ml.photo import Limits, PhotoError, Refusal, open_page
from ml.pins import Pin, Pins
from ml.pipeline import Stage, colorize, colorize_file, coloured_lab
from ml.reference import Reference
from ml.saving import rendition, write
from ml.sniff import Format, sniff
from ml.upsampling import joint_bilateral
from ml.xmp import Label
from tests.ml.conftest import Painter

DATA = Path(__file__).parents[1] / "data"
LABEL = Label("Heirloom 1", "painter", "")
CARD = {
    "name": "tiny",
    "calibration": {"vividness": [0.0, 1.0, 2.0], "temperature": [0.8, 0.8, 0.5], "gain": [0.0, 1.2, 1.6]},
}


def grid(chroma: float = 90.0) -> pyvips.Image:
    ab = Painter(chroma).ab(np.zeros((192, 256), np.float32)).ab
    return pyvips.Image.new_from_array(np.ascontiguousarray(ab.transpose(1, 2, 0)))


def lab(image: pyvips.Image) -> np.ndarray:
    return image.colourspace("lab").numpy().astype(np.float64)


def sources(astronaut: np.ndarray, camera: np.ndarray) -> list[pyvips.Image]:
    """Grey and RGB, 8 and 16 bit, every lightness among them."""
    ramp = np.tile(np.arange(256, dtype=np.uint8), (192, 1))
    deep = pyvips.Image.new_from_array(ramp.astype(np.uint16) * 257).copy(interpretation="grey16")
    images = [pyvips.Image.new_from_array(array) for array in (camera, ramp, astronaut)]
    return [*images, deep]


def test_lightness_stays_however_loud_the_colours(astronaut, camera) -> None:
    for image in sources(astronaut, camera):
        own = lab(image.colourspace("srgb" if image.format == "uchar" else "rgb16"))[..., 0]
        coloured = coloured_lab(to_lightness(image), grid())
        assert np.abs(lab(coloured)[..., 0] - own).max() < 0.5
        # Also after a clip, which so has nothing to do.
        shown = coloured.colourspace("scrgb").numpy().clip(0, 1)
        shown = pyvips.Image.new_from_array(shown).copy(interpretation="scrgb")
        assert np.abs(lab(shown)[..., 0] - own).max() < 0.5


def test_nothing_is_clipped_and_hue_is_kept(astronaut, camera) -> None:
    wanted = grid().resize(1).numpy()
    for image in sources(astronaut, camera):
        coloured = coloured_lab(to_lightness(image), grid())
        linear = coloured.colourspace("scrgb").numpy()
        assert linear.min() > -0.006
        # The yellow cusp near L* 97 is steeper than the gamut table's steps: 1 % of the coded value over.
        assert linear.max() < 1.025
        ab = lab(coloured)[..., 1:]
        chroma = np.hypot(ab[..., 0], ab[..., 1])
        assert chroma.max() > 30
        hue = np.arctan2(ab[..., 1], ab[..., 0])
        asked = pyvips.Image.new_from_array(wanted).resize(4, kernel="linear").numpy()
        turn = np.angle(np.exp(1j * (hue - np.arctan2(asked[..., 1], asked[..., 0]))))
        assert np.abs(turn[chroma > 5]).max() < np.radians(1)


def test_colours_inside_the_gamut_are_not_touched(camera) -> None:
    image = pyvips.Image.new_from_array(np.full((192, 256), 128, np.uint8))
    ab = lab(coloured_lab(to_lightness(image), grid(chroma=12)))[..., 1:]
    asked = grid(chroma=12).resize(4, kernel="linear").numpy()
    assert np.abs(ab - asked).max() < 0.01


def test_the_result_has_every_pixel_of_the_original(save_photo, painter) -> None:
    fine = np.zeros((60, 2000), np.uint8)
    fine[:, ::2] = 200  # one-pixel stripes, far finer than any small copy
    photo = open_page(save_photo("fine.png", fine))
    result = colorize(photo, painter)
    assert (result.image.width, result.image.height) == (2000, 60)
    expected = lab(pyvips.Image.new_from_array(np.stack([fine] * 3, axis=-1)).copy(interpretation="srgb"))[..., 0]
    assert np.abs(lab(result.image)[..., 0] - expected).max() < 1


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif"])
def test_exif_and_resolution_come_along(save_photo, camera, painter, tmp_path, ending: str) -> None:
    tags = {271: "Acme", 306: "1931:05:17 10:00:00"}
    exif = Image.Exif()
    for tag, value in tags.items():
        exif[tag] = value
    exif[274] = 6
    exif.get_ifd(0x8769)[0x9003] = "1931:05:17 10:00:00"
    path = save_photo(f"scan.{ending}", camera, exif=exif, dpi=(600, 600))
    before = path.read_bytes()
    out = tmp_path / f"out.{ending}"
    colorize_file(path, out, painter)
    assert path.read_bytes() == before
    with Image.open(out) as result:
        result.load()
        assert result.size == (192, 256)
        assert result.mode == "RGB"
        found = result.getexif()
        assert {tag: found.get(tag) for tag in tags} == tags
        assert found.get(274, 1) == 1
        if ending != "tif":  # Pillow writes no EXIF directory from `exif=` into a TIFF
            assert found.get_ifd(0x8769)[0x9003] == "1931:05:17 10:00:00"
        if ending != "webp":
            assert result.info["dpi"] == pytest.approx((600, 600), abs=0.1)
        assert result.info["icc_profile"]


def test_a_tiff_keeps_exif_place_and_the_archivists_words(tmp_path, camera, painter) -> None:
    words = "Großmutter, Köln 1931".encode()
    tags = {
        270: words,
        272: "X1",
        315: "Oma",
        34665: {0x9003: "1931:05:17 10:00:00", 0x829A: 0.5},
        34853: {1: "N", 2: (48.0, 8.0, 1.0)},
    }
    path, out = tmp_path / "scan.tif", tmp_path / "out.tif"
    Image.fromarray(camera).save(path, tiffinfo=tags)
    colorize_file(path, out, painter)
    with tifffile.TiffFile(out) as result:
        found = result.pages[0].tags
        assert result.pages[0].asarray().shape == (192, 256, 3)
        assert (found[272].value, found[315].value) == ("X1", "Oma")
    assert words in out.read_bytes()
    with Image.open(out) as result:
        exif = result.getexif()
        assert exif.get_ifd(34665)[0x9003] == "1931:05:17 10:00:00"
        assert exif.get_ifd(34665)[0x829A] == 0.5
        assert exif.get_ifd(34853) == {1: "N", 2: (48.0, 8.0, 1.0)}
    assert open_page(out).info.width == 256


def test_the_thumbnail_of_the_grey_photo_is_dropped(tmp_path, camera, painter) -> None:
    path, out = tmp_path / "scan.jpg", tmp_path / "out.jpg"
    grey = pyvips.Image.new_from_array(camera).copy()
    marker = pyvips.Image.black(32, 24).jpegsave_buffer()
    grey.set_type(pyvips.GValue.blob_type, "jpeg-thumbnail-data", marker)
    grey.jpegsave(str(path))
    assert path.read_bytes().count(b"\xff\xd8\xff") == 2
    colorize_file(path, out, painter)
    assert out.read_bytes().count(b"\xff\xd8\xff") == 1


@pytest.mark.parametrize("name", ["deep.tif", "deep.png"])
def test_sixteen_bits_in_sixteen_bits_out(tmp_path, painter, name: str) -> None:
    ramp = np.tile(np.linspace(20_000, 40_000, 1024).astype(np.uint16), (64, 1))
    Image.fromarray(ramp).save(tmp_path / name)
    out = tmp_path / f"out-{name}"
    colorize_file(tmp_path / name, out, painter, vividness=0.0)
    result = pyvips.Image.new_from_file(str(out)).numpy()
    assert result.dtype == np.uint16
    assert len(np.unique(result[0, :, 1])) > 1000
    assert np.abs(result[..., 1].astype(int) - ramp).max() < 64


def test_pages_of_a_tiff_are_saved_one_by_one(tmp_path, astronaut, camera, painter) -> None:
    path, out = tmp_path / "album.tif", tmp_path / "second.tif"
    Image.fromarray(camera).save(path, save_all=True, append_images=[Image.fromarray(astronaut[:100])])
    colorize_file(path, out, painter, page=1)
    with Image.open(out) as result:
        assert (result.size, result.n_frames) == ((256, 100), 1)


def test_heic_becomes_jpeg_with_its_exif(tmp_path, painter) -> None:
    out = tmp_path / "out.jpg"
    colorize_file(DATA / "astronaut.heic", out, painter)
    assert sniff(out) is Format.JPEG
    with Image.open(out) as result:
        assert result.size == (64, 48)
        assert result.getexif()[271] == "Acme"
        assert result.getexif().get(274, 1) == 1


def test_a_result_too_long_for_a_jpeg_is_refused(save_photo, tmp_path, painter) -> None:
    photo = open_page(save_photo("a.png", np.zeros((8, 65_501), np.uint8)))
    heic = replace(photo, info=replace(photo.info, format=Format.HEIC))
    with pytest.raises(PhotoError) as refused:
        write(colorize(photo, painter).image, heic, tmp_path / "out.jpg", LABEL)
    assert refused.value.code is Refusal.TOO_LARGE
    assert not (tmp_path / "out.jpg").exists()


def test_the_limits_of_the_whole_way_are_the_callers(save_photo, tmp_path, camera, painter) -> None:
    with pytest.raises(PhotoError) as refused:
        colorize_file(save_photo("a.png", camera), tmp_path / "out.png", painter, limits=Limits(pixels=1000))
    assert refused.value.code is Refusal.TOO_LARGE


def test_vividness_nought_is_grey(save_photo, camera, painter) -> None:
    result = colorize(open_page(save_photo("a.png", camera)), painter, vividness=0.0)
    assert np.array_equal(result.image.numpy(), np.stack([camera] * 3, axis=-1))


def test_warmth_moves_every_colour_along_b_and_leaves_lightness_black_and_white(save_photo) -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
    photo = open_page(save_photo("a.png", ramp))
    plain, warm, cold = (lab(colorize(photo, Painter(10), warmth=w).image) for w in (0, 12, -12))
    middle = slice(110, 160)
    for moved, by in ((warm, 12), (cold, -12)):
        assert np.abs((moved - plain)[:, middle, 2] - by).max() < 1
        assert np.abs((moved - plain)[:, middle, 1]).max() < 1
        assert np.abs((moved - plain)[..., 0]).max() < 0.5
        assert np.abs(moved[:, [0, 255], 1:]).max() < 0.1


def test_no_warmth_is_bit_for_bit_what_was_without_it(save_photo, camera, painter) -> None:
    photo = open_page(save_photo("a.png", camera))
    assert np.array_equal(colorize(photo, painter, warmth=0).image.numpy(), colorize(photo, painter).image.numpy())
    small = np.random.default_rng(1).normal(0, 30, (2, 9, 9)).astype(np.float32)
    assert np.array_equal(warmed(small, 0), small)


@pytest.mark.parametrize("warmth", [20.1, -21, float("nan")])
def test_a_warmth_outside_the_dial_is_refused(save_photo, camera, painter, warmth: float) -> None:
    with pytest.raises(ValueError, match="warmth must be"):
        colorize(open_page(save_photo("a.png", camera)), painter, warmth=warmth)


@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (300, 2), (37, 53)])
def test_odd_and_tiny_photos_are_coloured_too(save_photo, tmp_path, painter, shape: tuple[int, int]) -> None:
    out = tmp_path / "out.png"
    colorize_file(save_photo("tiny.png", np.full(shape, 120, np.uint8)), out, painter)
    with Image.open(out) as result:
        assert result.size == shape[::-1]


def test_progress_rises_through_the_stages_in_the_callers_thread(save_photo, tmp_path, camera, painter) -> None:
    heard: list[tuple[Stage, int, int]] = []
    colorize_file(
        save_photo("a.png", np.tile(camera, (4, 4))),
        tmp_path / "out.png",
        painter,
        on_stage=lambda stage, percent: heard.append((stage, percent, threading.get_ident())),
    )
    stages, percents, threads = zip(*heard, strict=True)
    assert list(dict.fromkeys(stages)) == [Stage.READING, Stage.COLOURING, Stage.JOINING, Stage.WRITING]
    assert list(percents) == sorted(percents)
    assert (percents[0], percents[-1]) == (0, 100)
    assert set(threads) == {threading.get_ident()}


@pytest.mark.parametrize(
    ("when", "ending"),
    [(Stage.READING, "jpg"), (Stage.COLOURING, "jpg"), *((Stage.WRITING, e) for e in ("jpg", "png", "webp", "tif"))],
)
def test_a_listener_that_raises_ends_the_work_and_leaves_no_file(
    save_photo, tmp_path, camera, painter, when: Stage, ending: str
) -> None:
    class Cancelled(Exception):
        pass

    def listen(stage: Stage, _percent: int) -> None:
        if stage is when:
            raise Cancelled

    path = save_photo(f"a.{ending}", np.tile(camera, (4, 4)))
    with pytest.raises(Cancelled):
        colorize_file(path, tmp_path / f"out.{ending}", painter, on_stage=listen)
    assert list(tmp_path.iterdir()) == [path]


def test_a_result_that_cannot_be_written_is_an_oserror_and_leaves_nothing(
    save_photo, tmp_path, camera, painter
) -> None:
    photo = open_page(save_photo("a.jpg", camera))
    with pytest.raises(OSError, match=r"out\.jpg"):
        write(colorize(photo, painter).image, photo, tmp_path / "nowhere" / "out.jpg", LABEL)
    photo.path.unlink()
    with pytest.raises(OSError, match="photo"):
        colorize_file(tmp_path / "photo.jpg", tmp_path / "out.jpg", painter)
    assert list(tmp_path.iterdir()) == []


def test_a_result_that_cannot_take_its_name_leaves_nothing(save_photo, tmp_path, camera, painter) -> None:
    out = tmp_path / "out"
    (out / "a.jpg").mkdir(parents=True)
    with pytest.raises(OSError, match=r"a\.jpg"):
        colorize_file(save_photo("a.jpg", camera), out / "a.jpg", painter)
    assert [path.name for path in out.iterdir()] == ["a.jpg"]


@pytest.mark.parametrize("ending", ["webp", "jpg"])
def test_a_rendition_is_small_and_knows_nothing(save_photo, tmp_path, camera, painter, ending: str) -> None:
    exif = Image.Exif()
    exif[271] = "Acme"
    exif.get_ifd(0x8825)[1] = "N"
    photo = open_page(save_photo("a.jpg", camera, exif=exif))
    coloured = colorize(photo, painter)
    for image, mode in ((photo.preview, {"L", "RGB"}), (coloured.preview, {"RGB"})):
        out = tmp_path / f"small.{ending}"
        assert rendition(image, 128, out) == (128, 96)
        with Image.open(out) as small:
            assert small.size == (128, 96)
            assert small.mode in mode
            assert not {"exif", "xmp", "icc_profile"} & set(small.info)
        assert b"Acme" not in out.read_bytes()


def test_a_rendition_is_never_larger_than_the_photo(save_photo, tmp_path, camera) -> None:
    assert rendition(open_page(save_photo("a.jpg", camera)).preview, 480, tmp_path / "a.webp") == (256, 192)


def test_a_rendition_of_another_format_is_refused(save_photo, tmp_path, camera) -> None:
    with pytest.raises(ValueError, match="bmp"):
        rendition(open_page(save_photo("a.jpg", camera)).preview, 480, tmp_path / "a.bmp")


def test_preview_and_full_picture_show_the_same_colours(save_photo, camera, painter) -> None:
    result = colorize(open_page(save_photo("a.png", camera)), painter)
    assert np.abs(result.image.numpy().astype(int) - result.preview.numpy()).max() <= 1


def test_upsampling_keeps_a_flat_field_flat() -> None:
    lightness = np.random.default_rng(1).uniform(0, 100, (90, 121)).astype(np.float32)
    field = np.stack([np.full((7, 9), 20), np.full((7, 9), -30)]).astype(np.float32)
    up = joint_bilateral(field, lightness)
    assert up.shape == (2, 90, 121)
    assert np.abs(up - np.array([20, -30])[:, None, None]).max() < 1e-3


def test_upsampling_follows_an_edge_of_the_lightness() -> None:
    lightness = np.full((64, 64), 30, np.float32)
    lightness[:, 30:] = 80  # not on a border of the cells, which are 8 wide
    field = np.zeros((2, 8, 8), np.float32)
    field[0, :, :4], field[0, :, 4:] = 40, -40
    up = joint_bilateral(field, lightness)[0]
    assert up[:, :30].min() > 30
    assert up[:, 33:].max() < -30


@pytest.mark.parametrize("shape", [(256, 340), (61, 99), (8, 300)])
def test_a_network_answers_on_its_grid_at_any_size(shape: tuple[int, int]) -> None:
    method = LearnedMethod(create("lite"), CARD)
    lightness = np.random.default_rng(2).uniform(0, 100, shape).astype(np.float32)
    ab = method.ab(lightness).ab
    assert ab.shape == (2, -(-shape[0] // 4), -(-shape[1] // 4))
    assert ab.dtype == np.float32
    assert np.isfinite(ab).all()
    assert not method.ab(lightness, vividness=0.0).ab.any()
    with pytest.raises(ValueError, match="vividness"):
        method.ab(lightness, vividness=2.1)


def test_an_unknown_model_is_named_with_the_known_ones() -> None:
    with pytest.raises(FileNotFoundError, match="nobody"):
        load_method("nobody")


@pytest.mark.skipif(not models(), reason="no weights in this tree")
def test_the_shipped_model_gives_the_sky_another_colour_than_the_grass(save_photo, camera) -> None:
    result = colorize(open_page(save_photo("a.png", camera)), load_method())
    ab = lab(result.preview)[..., 1:]
    assert ab[:40, :100, 1].mean() < ab[150:, 200:, 1].mean() - 5


def test_a_guide_that_a_method_cannot_use_is_refused_in_a_sentence(save_photo, camera) -> None:
    photo = open_page(save_photo("a.png", camera))
    reference = Reference(np.zeros((8, 8), np.float32), np.zeros((2, 8, 8), np.float32))
    with pytest.raises(GuideError, match="welsh does not take pins"):
        colorize(photo, find_method("welsh"), guide=Pins((Pin(0.5, 0.5, 10, 10),)))
    with pytest.raises(GuideError, match="tiny does not take a reference"):
        colorize(photo, LearnedMethod(create("lite"), CARD), guide=reference)


def test_pins_correct_a_network_that_does_not_listen_to_them(save_photo, camera, monkeypatch) -> None:
    monkeypatch.setattr(Lite, "guided", False)
    photo = open_page(save_photo("a.png", camera))
    pins = Pins((Pin(0.5, 0.2, 10, -20, radius=0.03),))
    result = colorize(photo, LearnedMethod(create("lite"), CARD), guide=pins)
    assert lab(result.preview)[38, 128, 1:] == pytest.approx((10, -20), abs=1)
