"""Corrected by pins: what was asked is held at full size, colour stays within edges, and far away nothing changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import NoneType

import numpy as np
import pytest
import skimage.color
import torch

from ml.color import reduce_chroma
from ml.field import Field, Keys
from ml.guide_files import GuideError
from ml.method import AbField, Guide, LearnedMethod, StoredMethod, find_method, load_method, models
from ml.networks import create
from ml.photo import Photo, open_page
from ml.pins import Pin, Pins, pins_of
from ml.pipeline import colorize
from tests.ml.test_pipeline import CARD

SHOWN = pytest.mark.skipif(not models(), reason="no weights in this tree")


class Brown:
    """Colours all of a photo alike, and does not listen to pins."""

    name, sha256, guides = "brown", "", frozenset({NoneType})

    def ab(self, lightness: np.ndarray, guide: Guide = None, vividness: float = 1.0) -> AbField:
        height, width = (side // 4 for side in lightness.shape)
        return AbField(np.full((2, height, width), 12 * vividness, np.float32))


class Knowing(Brown):
    """Takes all of a photo for one thing."""

    def ab(self, lightness: np.ndarray, guide: Guide = None, vividness: float = 1.0) -> AbField:
        ab = super().ab(lightness, guide, vividness).ab
        return AbField(ab, lambda: replace(Field.plain(ab), keys=Keys(np.zeros((1, *ab.shape[1:]), np.float32), 1, 9)))


def lab(photo: Photo, method: object, pins: Pins | None, **dials: float) -> np.ndarray:
    """Of the full-size result, in the 16 bits that leave no rounding to speak of."""
    return colorize(photo, method, guide=pins, **dials).image.colourspace("lab").numpy()  # type: ignore[arg-type]


def furthest(photo: Photo, pins: Pins, result: np.ndarray) -> float:
    """The largest CIEDE2000 between a mark's pixels and the chosen ab at their own lightness, inside the gamut."""
    height, width = result.shape[:2]
    lightness = photo.lightness().numpy().reshape(height, width)
    worst = 0.0
    for pin in pins.pins:
        own = lightness[pin.covers(height, width)]
        asked = torch.tensor(np.stack([own, np.full_like(own, pin.a), np.full_like(own, pin.b)]))[..., None]
        asked = reduce_chroma(asked).numpy()[..., 0].T
        worst = max(worst, float(skimage.color.deltaE_ciede2000(result[pin.covers(height, width)], asked).max()))
    return worst


@pytest.fixture
def halves(save_photo) -> Photo:
    """Dark on the left, light on the right, a little grain: 1500 x 1000, larger than colour follows edges in."""
    grain = np.random.default_rng(1).normal(0, 1.5, (1000, 1500))
    shade = np.where(np.arange(1500) < 600, 70, 170)
    return open_page(save_photo("halves.png", np.clip(shade + grain, 0, 255).astype(np.uint8)))


@pytest.mark.parametrize("dials", [{}, {"vividness": 0.5}, {"vividness": 1.6, "warmth": 15}])
def test_pinned_places_have_at_full_size_what_was_asked(save_photo, astronaut, dials: dict[str, float]) -> None:
    photo = open_page(save_photo("a.png", np.kron(astronaut.mean(axis=2).astype(np.uint8), np.ones((7, 7), np.uint8))))
    stroke = Pin(0.6, 0.15, 5, -30, radius=0.006, further=((0.75, 0.3), (0.7, 0.5)))
    pins = Pins((Pin(0.2, 0.3, 55, 40, radius=0.02), Pin(0.45, 0.62, -20, 25, radius=0), Pin(0.9, 0.9, 0, 0), stroke))
    assert furthest(photo, pins, lab(photo, Brown(), pins, **dials)) < 1


@SHOWN
@pytest.mark.parametrize("size", [(300, 420), (1000, 1300)])
def test_the_default_model_holds_pins_at_any_size(save_photo, astronaut, size: tuple[int, int]) -> None:
    grey = np.resize(astronaut.mean(axis=2), (192, 256))
    rows, columns = (np.arange(side) * old // side for side, old in zip(size, grey.shape, strict=True))
    photo = open_page(save_photo("a.png", grey[rows][:, columns].astype(np.uint8)))
    pins = Pins((Pin(0.3, 0.7, 45, -10, radius=0.02), Pin(0.8, 0.2, -30, 20, radius=0.005)))
    assert furthest(photo, pins, lab(photo, load_method(device="cpu"), pins)) < 1


def test_colour_spreads_over_its_surface_and_stops_at_the_edge(halves) -> None:
    pins = Pins((Pin(0.3, 0.5, 45, 30, radius=0.02),))
    changed = np.hypot(*(lab(halves, Brown(), pins) - lab(halves, Brown(), None))[..., 1:].transpose(2, 0, 1))
    near = changed[350:650, 350:560]
    assert near.min() > 15
    # 150 pixels from the pin, but across the edge.
    assert changed[:, 640:].max() < 6
    assert changed[:, 850:].max() < 1


def test_a_pin_colours_all_that_its_network_takes_for_one_thing_up_to_an_edge(save_photo) -> None:
    """A wall with a rough band across, where spreading runs dry, and a door."""
    grey = np.tile(np.where(np.arange(450) < 350, 120, 220), (300, 1))
    grey[:, 150:200] += np.random.default_rng(1).integers(-3, 4, (300, 50)) * 4
    photo = open_page(save_photo("wall.png", grey.astype(np.uint8)))
    pins = Pins((Pin(0.1, 0.5, 42, 12),))
    told, spread = (lab(photo, method, pins) - lab(photo, method, None) for method in (Knowing(), Brown()))
    assert told[:, 230:330, 1].min() > 20
    assert told[:, 230:330, 1].mean() > 2 * spread[:, 230:330, 1].mean()
    assert abs(told[:, 370:, 1]).max() < 1


@SHOWN
@pytest.mark.parametrize("name", ["astronaut", "camera"])
def test_far_away_and_across_edges_nothing_changes(save_photo, request, name: str) -> None:
    picture = request.getfixturevalue(name)
    grey = (picture.mean(axis=2) if picture.ndim == 3 else picture).astype(np.uint8)
    grey[:, 90:100] = 10
    grey[:, 100:108] = 240
    photo = open_page(save_photo("a.png", grey))
    pins = Pins((Pin(0.15, 0.5, 60, 20, radius=0.03),))
    method = load_method(device="cpu")
    changed = np.hypot(*(lab(photo, method, pins) - lab(photo, method, None))[..., 1:].transpose(2, 0, 1))
    assert changed[96, 38] > 10
    assert changed[:, 108:].max() < 1


def test_no_pin_that_is_on_changes_nothing(halves) -> None:
    off = pins_of([{"x": 0.3, "y": 0.5, "colour": "#ff0000", "on": False}])
    assert np.array_equal(lab(halves, Brown(), off), lab(halves, Brown(), None))
    on = Pins((Pin(0.3, 0.5, 45, 30),))
    assert np.array_equal(lab(halves, Brown(), on, vividness=0), lab(halves, Brown(), None, vividness=0))


def test_every_method_that_colours_on_its_own_takes_pins(save_photo, camera, painter) -> None:
    photo = open_page(save_photo("a.png", camera))
    pins = Pins((Pin(0.3, 0.3, 30, 20, radius=0.03),))
    stored = StoredMethod(painter.ab(np.zeros((192, 256), np.float32)).stored, "painter")
    for method in (painter, stored, LearnedMethod(create("pix2pix"), CARD)):
        assert furthest(photo, pins, lab(photo, method, pins)) < 1
    with pytest.raises(GuideError, match="welsh does not take pins"):
        colorize(photo, find_method("welsh"), guide=pins)


def test_the_field_is_that_of_the_photo_without_pins(halves) -> None:
    pins = Pins((Pin(0.3, 0.5, 45, 30),))
    assert np.array_equal(colorize(halves, Brown(), guide=pins).field.ab, colorize(halves, Brown()).field.ab)


def test_a_later_mark_lies_on_top_of_an_earlier_one(halves) -> None:
    pins = Pins((Pin(0.3, 0.5, 45, 30, radius=0.05), Pin(0.3, 0.5, -30, 20, radius=0.02)))
    a, b = lab(halves, Brown(), pins)[500, 450, 1:]
    assert (a, b) == pytest.approx((-30, 20), abs=1)


def test_where_there_are_no_marks_of_size_the_smallest_photo_is_corrected_too(tmp_path: Path, save_photo) -> None:
    photo = open_page(save_photo("a.png", np.full((2, 3), 120, np.uint8)))
    result = lab(photo, Brown(), Pins((Pin(0.1, 0.1, 30, -20),)))
    assert np.hypot(*(result[0, 0, 1:] - (30, -20))) < 1
