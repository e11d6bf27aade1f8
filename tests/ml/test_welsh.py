"""Welsh's method: whose colours a photo takes over, and where they go."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from ml.classic.welsh import SAMPLES, Welsh, jittered, place, remapped, surroundings, transfer
from ml.guide_files import GuideError
from ml.photo import PhotoError, open_page
from ml.pipeline import colorize
from ml.reference import Reference, read_reference


@pytest.fixture(scope="module")
def lightness() -> np.ndarray:
    small = Image.fromarray(skimage.data.camera()).resize((64, 48), Image.Resampling.BOX)
    return np.asarray(small, np.float32) / 2.55


@pytest.fixture
def coffee(save_photo) -> Reference:
    return read_reference(save_photo("coffee.png", skimage.data.coffee()[::4, ::4]))


def colours(ab: np.ndarray) -> set[tuple[float, ...]]:
    return {tuple(colour) for colour in ab.reshape(2, -1).T.tolist()}


def test_every_colour_is_one_of_about_two_hundred_of_the_references(lightness, coffee) -> None:
    found = colours(Welsh().ab(lightness, coffee).ab)
    assert found <= colours(coffee.ab)
    assert 10 < len(found) <= 1.2 * SAMPLES


def test_lightness_is_unchanged(save_photo, camera, coffee) -> None:
    photo = open_page(save_photo("a.png", camera))
    result = colorize(photo, Welsh(), guide=coffee).image.colourspace("lab").numpy()
    assert np.abs(result[..., 0] - photo.lightness().numpy()).max() < 0.5
    assert np.hypot(result[..., 1], result[..., 2]).mean() > 5


def test_a_grey_reference_gives_grey(save_photo, camera) -> None:
    photo = open_page(save_photo("a.png", camera))
    for reference in (camera, np.stack([camera] * 3, axis=-1)):
        guide = read_reference(save_photo("grey.png", reference))
        assert np.array_equal(colorize(photo, Welsh(), guide=guide).image.numpy(), np.stack([camera] * 3, axis=-1))


def test_the_same_seed_gives_the_same_picture_and_another_one_another(lightness, coffee) -> None:
    first, again, other = (Welsh(seed).ab(lightness, coffee).ab for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_photo_finds_its_own_colours_again(save_photo) -> None:
    """Bright blue over dark red: lightness alone tells them apart, also where the photo is darker and flatter."""
    pixels = np.zeros((60, 80, 3), np.uint8)
    pixels[:30], pixels[30:] = (150, 190, 255), (90, 30, 20)
    reference = read_reference(save_photo("reference.png", pixels))
    darker = reference.lightness * 0.5 + 5
    assert np.abs(transfer(darker, reference, np.random.default_rng(0)) - reference.ab).mean() < 2


def test_texture_tells_apart_what_lightness_does_not() -> None:
    rough = np.random.default_rng(0).uniform(20, 80, (60, 40))
    lightness = np.concatenate([np.full((60, 40), 50), rough], axis=1).astype(np.float32)
    ab = np.zeros((2, 60, 80), np.float32)
    ab[0, :, :40], ab[0, :, 40:] = -30, 30
    found = transfer(lightness[:, ::-1], Reference(lightness, ab), np.random.default_rng(0))
    assert (found[0, :, :36] > 0).mean() > 0.9
    assert (found[0, :, 44:] < 0).mean() > 0.9


def test_the_references_lightness_is_brought_to_the_photos_mean_and_deviation() -> None:
    rng = np.random.default_rng(0)
    target, source = (surroundings(rng.normal(m, s, (40, 50)).astype(np.float32)) for m, s in ((60, 5), (30, 15)))
    moved = remapped(source, target)
    assert moved[..., 0].mean() == pytest.approx(target[..., 0].mean(), abs=0.01)
    assert moved[..., 0].std() == pytest.approx(target[..., 0].std(), abs=0.01)
    assert moved[..., 1].mean() == pytest.approx(target[..., 1].mean(), rel=0.1)
    assert np.isfinite(remapped(surroundings(np.full((8, 8), 50, np.float32)), target)).all()


def test_deviation_is_that_of_five_by_five_pixels() -> None:
    values = np.random.default_rng(0).uniform(0, 100, (9, 9)).astype(np.float32)
    found = surroundings(values)
    assert found[4, 4, 0] == values[4, 4]
    assert found[4, 4, 1] == pytest.approx(values[2:7, 2:7].std(), rel=1e-4)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (3, 3), (97, 33)])
def test_samples_are_spread_over_the_whole_picture(shape: tuple[int, int]) -> None:
    y, x = jittered(*shape, 200, np.random.default_rng(0))
    assert y.min() >= 0
    assert y.max() < shape[0]
    assert x.min() >= 0
    assert x.max() < shape[1]
    assert len(y) >= min(150, shape[0] * shape[1])
    halves = y < shape[0] / 2
    assert shape[0] < 3 or 0.4 < halves.mean() < 0.7


def test_with_swatches_each_rectangle_takes_its_colours_from_its_own(lightness) -> None:
    """All of one lightness and texture, so that only the swatches say where each colour belongs."""
    reference_ab = np.zeros((2, 40, 40), np.float32)
    reference_ab[0, :, :20], reference_ab[0, :, 20:] = -40, 40
    flat = np.full((40, 40), 50, np.float32)
    swatches = (((0.0, 0.0, 0.5, 1.0), (0.0, 0.0, 0.3, 0.4)), ((0.5, 0.0, 1.0, 1.0), (0.6, 0.5, 1.0, 1.0)))
    ab = transfer(lightness, Reference(flat, reference_ab, swatches), np.random.default_rng(0))
    (first, second) = (place(photo, *lightness.shape) for _, photo in swatches)
    assert (ab[0][first] == -40).all()
    assert (ab[0][second] == 40).all()
    assert colours(ab) == {(-40, 0), (40, 0)}


def test_beside_the_swatches_colour_goes_where_the_photo_looks_alike() -> None:
    lightness = np.tile(np.repeat([20, 80], 20), (40, 1)).astype(np.float32)
    reference = np.zeros((2, 10, 20), np.float32)
    reference[1, :, :10], reference[1, :, 10:] = -30, 30
    dark, bright = (0.05, 0.1, 0.2, 0.3), (0.8, 0.1, 0.95, 0.3)
    swatches = (((0.0, 0.0, 0.5, 1.0), dark), ((0.5, 0.0, 1.0, 1.0), bright))
    ab = transfer(
        lightness, Reference(np.full((10, 20), 50, np.float32), reference, swatches), np.random.default_rng(0)
    )
    assert (ab[1, :, :18] == -30).all()
    assert (ab[1, :, 22:] == 30).all()


def test_a_large_reference_is_made_small(save_photo) -> None:
    reference = read_reference(save_photo("large.jpg", np.tile(skimage.data.coffee(), (2, 2, 1))))
    assert reference.lightness.shape == (256, 384)
    assert reference.ab.shape == (2, 256, 384)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1)])
def test_a_reference_of_a_pixel_or_a_line_is_taken(save_photo, lightness, shape: tuple[int, int]) -> None:
    reference = read_reference(save_photo("tiny.png", np.full((*shape, 3), (200, 30, 30), np.uint8)))
    assert len(colours(Welsh().ab(lightness, reference).ab)) == 1


def test_it_asks_for_a_reference(lightness) -> None:
    with pytest.raises(GuideError, match="welsh needs a reference photo"):
        Welsh().ab(lightness)


@pytest.mark.parametrize(
    ("pair", "sentence"),
    [
        ({"reference": [0, 0, 1, 1]}, "swatches 1 lacks photo"),
        ({"reference": [0, 0, 1], "photo": [0, 0, 1, 1]}, "reference must be \\[left, top"),
        ({"reference": [0, 0, 1, 1], "photo": [0, 0, 1, 2]}, "photo must be a number from 0 to 1, not 2"),
        ({"reference": [0, 0, 1, 1], "photo": [0.5, 0, 0.5, 1]}, "left must be less than right"),
    ],
)
def test_swatches_that_are_none_are_named_with_the_reason(save_photo, camera, tmp_path, pair, sentence: str) -> None:
    file = tmp_path / "swatches.json"
    file.write_text(json.dumps([pair]))
    with pytest.raises(GuideError, match=sentence):
        read_reference(save_photo("reference.png", camera), file)


def test_a_reference_that_is_no_photo_is_refused(tmp_path: Path) -> None:
    letter = tmp_path / "letter.jpg"
    letter.write_bytes(b"%PDF-1.4 " * 40)
    with pytest.raises(PhotoError, match="not a JPEG"):
        read_reference(letter)
