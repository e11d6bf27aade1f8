"""What a file's numbers look like through its own profile: L* exactly, whatever the space, the depth and the kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pyvips
import skimage.color
import skimage.data
from PIL import Image, ImageCms

from ml.appearance import to_lightness
from ml.photo import open_page
from ml.pipeline import colorize, colorize_file, coloured_lab, encoded
from ml.profile import read_profile
from tests.ml.conftest import Painter
from tests.ml.profiles import ADOBE, DISPLAY_P3, PROPHOTO, SRGB, Made, srgb_light

DOT_GAIN = tuple(float(x) ** 1.75 * 0.97 + 0.03 * float(x) for x in np.linspace(0, 1, 256))
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
GREYS = [
    Made("Gray Gamma 2.2", gamma=2.2),
    Made("Gamma 1.8", gamma=1.8),
    Made("linear scan", gamma=1.0),
    Made("Dot Gain 20%", table=DOT_GAIN),
    Made("sGray", parameters=SRGB_CURVE),
]
COLOURS = [
    Made("Adobe RGB (1998)", gamma=2.19921875, primaries=ADOBE),
    Made("ProPhoto RGB", gamma=1.8, primaries=PROPHOTO),
    Made("Display P3", parameters=SRGB_CURVE, primaries=DISPLAY_P3),
    Made("linear sRGB", gamma=1.0, primaries=SRGB),
]
DEPTHS = [np.uint8, np.uint16]


def named(profiles: list[Made]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("profile", profiles, ids=lambda profile: profile.name)


def save(path: Path, pixels: np.ndarray, icc: bytes = b"", **how: object) -> Path:
    bands = pixels.shape[2] if pixels.ndim == 3 else 1
    kind = {(1, 1): "b-w", (1, 2): "grey16", (3, 1): "srgb", (3, 2): "rgb16"}[bands, pixels.dtype.itemsize]
    image = pyvips.Image.new_from_array(pixels).copy(interpretation=kind)
    if icc:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", icc)
    image.write_to_file(str(path), **how)
    return path


def every_code(depth: type) -> np.ndarray:
    return np.arange(np.iinfo(depth).max + 1, dtype=depth).reshape(16, -1)


def every_colour(depth: type) -> np.ndarray:
    """Loud, dark and light ones: [120, 200, 3]."""
    share = np.random.default_rng(3).uniform(0, 1, (120, 200, 3)) ** 2
    share[:4] /= 50
    share[4:8] = 1 - share[4:8] / 50
    share[8] = np.eye(3)[np.arange(200) % 3]
    return (share * np.iinfo(depth).max).round().astype(depth)


def coloured_lightness(path: Path) -> np.ndarray:
    """L* of the full-size result before it is encoded."""
    ab = Painter().ab(np.zeros((64, 64), np.float32)).ab.transpose(1, 2, 0)
    lab = coloured_lab(open_page(path).lightness(), pyvips.Image.new_from_array(np.ascontiguousarray(ab))).numpy()
    return lab[..., 0].astype(np.float64)


@pytest.mark.parametrize("ending", ["tif", "png"])
@pytest.mark.parametrize("depth", DEPTHS)
@named(GREYS)
def test_a_grey_scans_lightness_is_kept_through_its_profile(tmp_path, profile: Made, depth: type, ending: str) -> None:
    codes = every_code(depth)
    path = save(tmp_path / f"scan.{ending}", codes, profile.icc)
    assert np.abs(coloured_lightness(path) - profile.lightness(codes)).max() < 0.01


@named(GREYS)
def test_a_grey_scans_small_copy_is_as_light_as_the_whole(tmp_path, profile: Made) -> None:
    codes = every_code(np.uint8)
    photo = open_page(save(tmp_path / "scan.tif", codes, profile.icc))
    assert np.abs(to_lightness(photo.preview).numpy() - profile.lightness(codes)).max() < 1


@pytest.mark.parametrize("depth", DEPTHS)
@named(COLOURS)
def test_a_wide_gamuts_lightness_is_kept_though_srgb_cannot_hold_its_colours(
    tmp_path, profile: Made, depth: type
) -> None:
    pixels = every_colour(depth)
    path = save(tmp_path / "scan.tif", pixels, profile.icc)
    assert np.abs(coloured_lightness(path) - profile.lightness(pixels)).max() < 0.05


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("icc", [b"", ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()])
def test_without_a_profile_and_with_srgbs_the_numbers_are_srgb(tmp_path, depth: type, icc: bytes) -> None:
    pixels = every_colour(depth)
    own = skimage.color.rgb2lab(pixels / np.iinfo(depth).max)[..., 0]
    assert np.abs(coloured_lightness(save(tmp_path / "a.png", pixels, icc)) - own).max() < 0.05


def test_the_name_of_a_profile_alone_does_not_make_it_srgb() -> None:
    assert read_profile(Made("sRGB", parameters=SRGB_CURVE, primaries=SRGB).icc).is_srgb
    table = tuple(srgb_light(np.linspace(0, 1, 1024)))
    assert read_profile(Made("what a scanner wrote", table=table, primaries=SRGB).icc).is_srgb
    for made in (
        Made("sRGB", gamma=1.0, primaries=SRGB),
        Made("sRGB", gamma=2.2, primaries=SRGB),
        Made("sRGB", parameters=SRGB_CURVE, primaries=DISPLAY_P3),
    ):
        assert not read_profile(made.icc).is_srgb


def test_a_damaged_profile_is_passed_over_wherever_it_is_cut(tmp_path, camera) -> None:
    whole = GREYS[3].icc
    plain = open_page(save(tmp_path / "plain.tif", camera)).image().numpy()
    exact = open_page(tmp_path / "plain.tif").lightness().numpy()
    for cut in range(0, len(whole) - 520, 7):
        read_profile(whole[:cut])
        photo = open_page(save(tmp_path / "cut.tif", camera, whole[:cut] or b"x"))
        shown = photo.image().numpy().reshape(*camera.shape, -1)
        assert np.abs(shown[..., 0].astype(int) - plain).max() <= 2
        assert np.abs(photo.lightness().numpy() - exact).max() < 0.5
    for made in (Made("flat", parameters=(1.0, 0.0, 0.0, 0.0, 2.0)), Made("steep", parameters=(99.0, 90.0, 9.0, 0, 0))):
        assert open_page(save(tmp_path / "odd.tif", camera, made.icc)).lightness().max() <= 100


def test_a_cmyk_pictures_lightness_is_its_profiles(tmp_path) -> None:
    path = tmp_path / "print.jpg"
    sheet = Image.fromarray(skimage.data.astronaut()).resize((160, 160)).convert("CMYK")
    sheet.save(path, quality=95, icc_profile=bytes(pyvips.Image.profile_load("cmyk")))
    image = pyvips.Image.new_from_file(str(path))
    own = image.icc_import(embedded=True, pcs="lab", intent="relative").numpy()[..., 0]
    # The profile's L* is under D50: colours differ a little from ours, greys do not.
    assert np.abs(coloured_lightness(path) - own).mean() < 0.5


@pytest.mark.parametrize("name", ["scan.tif", "scan.png"])
@named(GREYS[:3])
def test_a_sixteen_bit_gradient_keeps_its_steps_all_the_way(tmp_path, profile: Made, name: str) -> None:
    ramp = np.tile(np.linspace(20_000, 40_000, 8192).astype(np.uint16), (64, 1))
    out = tmp_path / f"out-{name}"
    colorize_file(save(tmp_path / name, ramp, profile.icc), out, Painter(20))
    with Image.open(out) as result:
        icc = result.info["icc_profile"]
    result = pyvips.Image.new_from_file(str(out))
    assert (result.format, result.bands) == ("ushort", 3)
    assert read_profile(icc).is_srgb
    found = result.numpy()
    assert [len(np.unique(found[0, :, band])) > 5000 for band in range(3)] == [True] * 3
    kept = skimage.color.rgb2lab(found / 65_535)[..., 0]
    assert np.abs(kept - profile.lightness(ramp)).max() < 0.05


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("lzw.tif", {"compression": "lzw", "predictor": "horizontal"}),
        ("deflate.tif", {"compression": "deflate"}),
        ("tiles.tif", {"tile": True, "tile_width": 64, "tile_height": 32, "compression": "deflate"}),
        ("big.tif", {"bigtiff": True}),
        ("white-is-nought.tif", {"miniswhite": True}),
        ("pyramid.tif", {"tile": True, "pyramid": True}),
        ("interlaced.png", {"interlace": True}),
    ],
)
@pytest.mark.parametrize("depth", DEPTHS)
def test_every_kind_of_file_keeps_its_lightness(tmp_path, name: str, how: dict[str, object], depth: type) -> None:
    codes = every_code(depth)
    if how.get("miniswhite") and depth is np.uint16:
        pytest.skip("libvips writes this in 8 bits only")
    path = save(tmp_path / name, codes, **how)
    own = skimage.color.rgb2lab(np.stack([codes / np.iinfo(depth).max] * 3, axis=-1))[..., 0]
    assert np.abs(coloured_lightness(path) - own).max() < 0.05


@pytest.mark.parametrize("kind", ["jpeg in tiff", "palette", "ccitt", "alpha"])
def test_rarer_tiffs_keep_the_lightness_that_pillow_sees(tmp_path, astronaut, kind: str) -> None:
    picture = Image.fromarray(astronaut)
    path = tmp_path / "scan.tif"
    match kind:
        case "jpeg in tiff":
            picture.convert("YCbCr").save(path, compression="jpeg")
        case "palette":
            picture.quantize(200).save(path)
        case "ccitt":
            picture.convert("1").save(path, compression="group4")
        case _:
            clear = Image.fromarray(np.linspace(0, 255, astronaut[..., 0].size).reshape(192, 256).astype(np.uint8))
            picture.putalpha(clear)
            picture.save(path)
    with Image.open(path) as seen:
        if kind == "alpha":
            white = Image.new("RGBA", seen.size, "white")
            white.alpha_composite(seen)
            seen = white
        own = skimage.color.rgb2lab(np.asarray(seen.convert("RGB")) / 255)[..., 0]
    rounded = 0.6 if kind == "alpha" else 0.5  # Pillow and we each lay it on white in 8 bits
    assert np.abs(coloured_lightness(path) - own).max() < rounded


def test_no_colour_is_clipped_however_loud_dark_or_light() -> None:
    rng = np.random.default_rng(7)
    asked = rng.uniform(0, 100, (600, 600)).astype(np.float32)
    asked[:150] = rng.uniform(0, 3, (150, 600))
    asked[150:300] = rng.uniform(95, 100, (150, 600))
    hue = rng.uniform(0, 2 * np.pi, (600, 600))
    ab = 120 * np.stack([np.cos(hue), np.sin(hue)], axis=-1).astype(np.float32)
    lab = coloured_lab(pyvips.Image.new_from_array(asked), pyvips.Image.new_from_array(ab))
    light = lab.colourspace("scrgb").numpy()
    assert light.min() > -1e-4
    assert light.max() < 1 + 1e-4
    for bits, lightness_off, degrees in ((8, 0.26, 2.5), (16, 0.02, 0.1)):
        stored = encoded(lab, bits).numpy() / (2**bits - 1)
        found = skimage.color.rgb2lab(stored)
        assert np.abs(found[..., 0] - asked).max() < lightness_off
        turned = np.angle(np.exp(1j * (np.arctan2(found[..., 2], found[..., 1]) - hue)))
        coloured = np.hypot(found[..., 1], found[..., 2]) > 20
        assert np.degrees(np.abs(turned[coloured])).max() < degrees


def test_eight_bits_are_rounded_to_the_nearest(tmp_path) -> None:
    codes = every_code(np.uint16)
    photo = open_page(save(tmp_path / "a.png", codes))
    grey = colorize(photo, Painter(), vividness=0.0)
    lab = photo.lightness().bandjoin([0, 0]).copy(interpretation="lab")
    assert np.abs(encoded(lab, 8).numpy()[..., 1] - codes / 257).max() < 0.505
    assert np.abs(grey.image.numpy()[..., 1].astype(int) - codes).max() <= 2
