"""Levin's method: what the equations are, and what they do with pins."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from PIL import Image

from ml import pipeline
from ml.classic.levin import Levin, affinities, dissection, spread
from ml.guide_files import GuideError
from ml.photo import open_page
from ml.pin_protocol import judge
from ml.pins import Pin, Pins


@pytest.fixture(scope="module")
def lightness() -> np.ndarray:
    """The camera man: flat sky, sharp edges, grass."""
    small = Image.fromarray(skimage.data.camera()).resize((64, 48), Image.Resampling.BOX)
    return np.asarray(small, np.float32) / 2.55


def marks(shape: tuple[int, int], *places: tuple[int, int, float, float]) -> np.ndarray:
    raster = np.zeros((3, *shape), np.float32)
    for y, x, a, b in places:
        raster[:, y, x] = a, b, 1
    return raster


def test_rows_sum_to_nought_off_the_marks(lightness) -> None:
    weights = affinities(lightness)
    assert np.abs(1 - weights.sum(axis=1)).max() < 1e-12
    assert weights.min() >= 0
    assert not weights.diagonal().any()
    assert np.diff(weights.indptr).max() == 8
    assert np.diff(weights.indptr).min() == 3


def test_a_pixel_follows_the_neighbour_of_like_lightness() -> None:
    step = np.full((9, 9), 20, np.float32)
    step[:, 5:] = 80
    row = affinities(step).toarray()[4 * 9 + 4].reshape(9, 9)
    assert row[:, :5].sum() > 0.99


def test_one_mark_of_one_colour_fills_the_picture(lightness) -> None:
    ab = spread(lightness, marks(lightness.shape, (10, 20, 25, -40)))
    assert np.abs(ab - np.array([25, -40])[:, None, None]).max() < 1e-3


def test_marks_are_exact_and_all_else_lies_between_them(lightness) -> None:
    ab = spread(lightness, marks(lightness.shape, (5, 5, 30, -40), (30, 40, -20, 35), (44, 10, 5, 10)))
    assert tuple(ab[:, 5, 5]) == (30, -40)
    assert tuple(ab[:, 30, 40]) == (-20, 35)
    assert tuple(ab[:, 44, 10]) == (5, 10)
    assert ab[0].min() >= -20 - 1e-3
    assert ab[0].max() <= 30 + 1e-3
    assert ab[1].min() >= -40 - 1e-3
    assert ab[1].max() <= 35 + 1e-3


def test_the_solution_satisfies_the_equations(lightness) -> None:
    raster = marks(lightness.shape, (5, 5, 30, -40), (30, 40, -20, 35))
    ab = spread(lightness, raster).reshape(2, -1)
    off = raster[2].ravel() == 0
    assert np.abs((ab.T - affinities(lightness) @ ab.T)[off]).max() < 1e-4


def test_colour_stops_at_an_edge() -> None:
    step = np.full((40, 60), 30, np.float32)
    step[:, 30:] = 75
    ab = spread(step, marks(step.shape, (20, 5, 30, 0), (20, 55, -30, 0)))[0]
    assert ab[:, :29].min() > 25
    assert ab[:, 31:].max() < -25


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2), (8, 8), (37, 64)])
def test_each_pixel_is_eliminated_once(shape: tuple[int, int]) -> None:
    assert sorted(dissection(*shape)) == list(range(shape[0] * shape[1]))


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2)])
def test_pictures_of_a_pixel_or_a_line_are_coloured_too(shape: tuple[int, int]) -> None:
    ab = spread(np.full(shape, 50, np.float32), marks(shape, (0, 0, 10, 20)))
    assert np.abs(ab - np.array([10, 20])[:, None, None]).max() < 1e-4


def test_without_a_mark_it_stays_grey_and_when_all_is_marked_nothing_is_left_to_solve(lightness) -> None:
    assert not spread(lightness, np.zeros((3, *lightness.shape), np.float32)).any()
    full = np.ones((3, *lightness.shape), np.float32)
    full[:2] = np.random.default_rng(1).uniform(-50, 50, full[:2].shape)
    assert np.array_equal(spread(lightness, full), full[:2])


def test_flat_black_beside_flat_white_can_be_solved() -> None:
    board = np.kron(np.indices((6, 8)).sum(axis=0) % 2, np.ones((8, 8))).astype(np.float32) * 100
    ab = spread(board, marks(board.shape, (3, 3, 10, 20), (40, 50, -10, 0)))
    assert np.isfinite(ab).all()
    assert np.abs(ab).max() <= 20 + 1e-3


def test_it_asks_for_pins() -> None:
    with pytest.raises(GuideError, match="levin needs pins"):
        Levin().ab(np.full((8, 8), 50, np.float32))


def test_under_a_pin_the_picture_has_the_colour_that_was_asked_for(save_photo, camera) -> None:
    pins = Pins((Pin(0.2, 0.2, -5, -25), Pin(0.75, 0.75, 12, 20, radius=0.02), Pin(0.9, 0.9, -12, 25)))
    photo = open_page(save_photo("a.png", camera))
    result = pipeline.colorize(photo, Levin(), guide=pins)
    lab = result.preview.colourspace("lab").numpy()
    lightness = photo.lightness().numpy()
    asked = pins.raster(lightness)
    for pin in pins.pins:
        y, x = int(pin.y * 192), int(pin.x * 256)
        assert np.hypot(*asked[:2, y, x]) > 10
        assert np.hypot(*(lab[y, x, 1:] - asked[:2, y, x])) < 2
    assert np.abs(lab[..., 0] - lightness).max() < 0.5


def test_vividness_fades_what_was_asked_for(lightness) -> None:
    pins = Pins((Pin(0.5, 0.5, 20, 10),))
    full = Levin().ab(lightness, pins).ab
    assert np.allclose(Levin().ab(lightness, pins, vividness=0.5).ab, full / 2)


def test_its_error_falls_with_every_step_of_the_grid_of_pins(monkeypatch) -> None:
    monkeypatch.setattr(pipeline, "NETWORK_SHORT_SIDE", 56)
    truths = [
        Image.fromarray(getattr(skimage.data, name)()).resize((72, 60), Image.Resampling.BOX)
        for name in ("astronaut", "chelsea", "coffee")
    ]
    errors = dict(judge(Levin(), truths))
    assert list(errors) == [0, 1, 4, 16, 40, 100]
    falling = list(errors.values())[1:]
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] < 0.6 * falling[0]
