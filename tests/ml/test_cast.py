"""In colour, or grey under a cast?"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
import pyvips
import skimage.color
import skimage.data
from PIL import Image

from ml.cast import is_in_colour

Made = Callable[[np.ndarray], np.ndarray]

PHOTOS = ("astronaut", "coffee", "cat")


def photo(name: str) -> np.ndarray:
    image = Image.fromarray(getattr(skimage.data, name)())
    image.thumbnail((400, 400))
    return np.asarray(image.convert("RGB"))


def judged(rgb: np.ndarray) -> bool:
    """After a trip through an ordinary JPEG, as scans arrive."""
    data = io.BytesIO()
    Image.fromarray(rgb).save(data, "JPEG", quality=80)
    return is_in_colour(pyvips.Image.new_from_buffer(data.getvalue(), ""))


def lightness(rgb: np.ndarray) -> np.ndarray:
    return skimage.color.rgb2lab(np.repeat(np.asarray(Image.fromarray(rgb).convert("L"))[..., None], 3, 2))[..., 0]


def toned(rgb: np.ndarray, a: Made, b: Made) -> np.ndarray:
    light = lightness(rgb)
    lab = np.stack([light, a(light), b(light)], axis=-1)
    return (skimage.color.lab2rgb(lab).clip(0, 1) * 255).astype(np.uint8)


def middle(light: np.ndarray) -> np.ndarray:
    """A toner shows most in the middle tones."""
    return np.sin(np.pi * light / 100)


def grey(rgb: np.ndarray) -> np.ndarray:
    return toned(rgb, np.zeros_like, np.zeros_like)


def sepia(rgb: np.ndarray) -> np.ndarray:
    return toned(rgb, lambda light: 8 * middle(light), lambda light: 28 * middle(light))


def cyanotype(rgb: np.ndarray) -> np.ndarray:
    return toned(rgb, lambda light: -5 * middle(light), lambda light: -45 * middle(light))


def yellowed(rgb: np.ndarray) -> np.ndarray:
    return (grey(rgb) * np.array([1, 0.94, 0.76])).astype(np.uint8)


def split_toned(rgb: np.ndarray) -> np.ndarray:
    """Selenium: purple shadows, warm lights."""
    return toned(
        rgb, lambda light: 10 * (1 - light / 100) ** 2, lambda light: -14 * (1 - light / 100) + 16 * light / 100
    )


def faded(rgb: np.ndarray) -> np.ndarray:
    return (110 + sepia(rgb) * 0.45).astype(np.uint8)


def stained(rgb: np.ndarray) -> np.ndarray:
    """Brown towards one corner, where something was spilt."""
    height, width = rgb.shape[:2]
    y, x = np.mgrid[0:height, 0:width]
    amount = 1 / (1 + np.exp(-8 * (x / width + y / height - 1.1)))[..., None]
    return (grey(rgb) * (1 - amount * (1 - np.array([1, 0.87, 0.55])))).astype(np.uint8)


def noisy(rgb: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(3).normal(0, 10, rgb.shape)
    return (yellowed(rgb) + noise).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", PHOTOS)
def test_a_colour_photo_is_in_colour(name: str) -> None:
    assert judged(photo(name))


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("made", [grey, sepia, cyanotype, yellowed, split_toned, faded, stained, noisy])
def test_a_cast_is_not_colour(name: str, made: Made) -> None:
    assert not judged(made(photo(name)))


@pytest.mark.parametrize("made", [grey, sepia])
def test_one_small_colourful_object_is_colour(made: Made) -> None:
    rgb = made(photo("cat"))
    height, width = rgb.shape[:2]
    rgb[height // 3 : height // 3 + height // 8, width // 2 : width // 2 + width // 8] = (190, 40, 60)
    assert judged(rgb)


def test_a_faded_colour_photo_is_in_colour() -> None:
    assert judged((photo("astronaut") * np.array([0.75, 0.55, 0.5]) + np.array([60, 50, 40])).astype(np.uint8))


def test_two_hues_are_colour_even_where_lightness_tells_them_apart() -> None:
    """Sand under a dark blue sky: every colour is a function of lightness, as if it were toned."""
    steps = np.linspace(0, 1, 200)[:, None, None]
    sky = np.array([20, 60, 130]) * (1 - steps) + np.array([70, 110, 180]) * steps
    sand = np.array([200, 170, 110]) * (1 - steps) + np.array([235, 215, 165]) * steps
    assert judged(np.repeat(np.concatenate([sky, sand]), 300, axis=1).astype(np.uint8))


def test_a_file_without_colour_is_not_in_colour() -> None:
    assert not is_in_colour(pyvips.Image.new_from_array(skimage.data.camera()))


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (2, 2)])
def test_the_smallest_photos_are_judged_too(shape: tuple[int, int]) -> None:
    assert not judged(np.full((*shape, 3), (200, 180, 140), np.uint8))
