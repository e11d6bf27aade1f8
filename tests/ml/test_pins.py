"""Pins: what a file may say, what is asked for, and which pixels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import label

from ml.color import in_gamut, srgb_to_lab
from ml.guide_files import GuideError
from ml.pins import Pin, Pins, pins_of, read_pins

GREY = np.full((100, 150), 60, np.float32)


def written(folder: Path, content: Any) -> Path:
    path = folder / "pins.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def test_a_colour_is_a_hex_code_or_lab(tmp_path) -> None:
    pins = read_pins(
        written(
            tmp_path,
            [
                {"x": 0.25, "y": 1, "colour": "#A06040", "radius": 0.02, "note": "Oma's coat"},
                {"x": 0, "y": 0.5, "colour": [50, -20, 30.5]},
            ],
        )
    ).pins
    rgb = torch.tensor([160, 96, 64])[:, None, None] / 255
    assert (pins[0].a, pins[0].b) == pytest.approx(srgb_to_lab(rgb)[1:].flatten().tolist(), abs=1e-3)
    assert (pins[0].x, pins[0].y, pins[0].radius, pins[0].note) == (0.25, 1, 0.02, "Oma's coat")
    assert (pins[1].a, pins[1].b, pins[1].note) == (-20, 30.5, "")


def test_pins_may_stand_in_an_object_beside_other_things(tmp_path) -> None:
    pin = {"x": 0.5, "y": 0.5, "colour": "#000000"}
    assert read_pins(written(tmp_path, {"photo": "oma.jpg", "pins": [pin]})) == read_pins(written(tmp_path, [pin]))


FIT = {"x": 0.5, "y": 0.5, "colour": "#808080"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{x: 1", "is no JSON"),
        (b"\xff\xd8\xff\xe0", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        ({}, "no list of pins"),
        ([], "holds no pins"),
        ([FIT, 3], "pins 2 is no object"),
        ([{"x": 0.5, "colour": "#808080"}], "pins 1 lacks y"),
        ([FIT | {"color": "#808080"}], "unknown color; known are x, y, colour, radius, note, on"),
        ([FIT | {"x": 1.2}], "pins 1: x must be a number from 0 to 1, not 1.2"),
        ([FIT | {"y": -0.1}], "y must be a number from 0 to 1"),
        ([FIT | {"y": float("nan")}], "y must be a number from 0 to 1"),
        ([FIT | {"x": "0.5"}], "x must be a number"),
        ([FIT | {"x": True}], "x must be a number"),
        ([FIT | {"radius": -1}], "radius must be a number from 0 to 0.5"),
        ([FIT | {"note": 7}], "note must be text"),
        ([FIT | {"on": "no"}], "on must be true or false"),
        ([FIT | {"points": [[0.5, 0.5]]}], "pins 1: unknown x, y"),
        ([{"points": [], "colour": "#808080"}], "points must be a list of 1 to 1000"),
        ([{"points": [[0.1, 0.1]] * 1001, "colour": "#808080"}], "points must be a list of 1 to 1000"),
        ([{"points": [[0.1]], "colour": "#808080"}], "a point must be"),
        ([{"points": [[0.1, 2]], "colour": "#808080"}], "pins 1: y must be a number from 0 to 1"),
        ([FIT | {"colour": "red"}], 'colour must be "#rrggbb" or'),
        ([FIT | {"colour": "#12345g"}], "colour must be"),
        ([FIT | {"colour": "#1234567"}], "colour must be"),
        ([FIT | {"colour": [50, 10]}], "colour must be"),
        ([FIT | {"colour": [101, 0, 0]}], "colour, L\\* must be a number from 0 to 100"),
        ([FIT | {"colour": [50, 0, 200]}], "colour, b\\* must be"),
        ([FIT | {"colour": None}], "colour must be"),
    ],
)
def test_a_file_that_is_wrong_is_named_with_the_pin_and_the_reason(tmp_path, content: Any, sentence: str) -> None:
    with pytest.raises(GuideError, match=sentence):
        read_pins(written(tmp_path, content))


def test_a_mark_is_round_and_keeps_its_place_at_any_size() -> None:
    for height, width in ((100, 150), (400, 600)):
        lightness = np.full((height, width), 60, np.float32)
        mask = Pins((Pin(0.25, 0.75, 10, 10, radius=0.1),)).raster(lightness)[2]
        rows, columns = np.nonzero(mask)
        assert (rows.mean() + 0.5) / height == pytest.approx(0.75, abs=0.002)
        assert (columns.mean() + 0.5) / width == pytest.approx(0.25, abs=0.002)
        assert mask.sum() == pytest.approx(np.pi * (0.1 * height) ** 2, rel=0.05)


def test_a_radius_of_one_and_a_half_pixels_marks_three_by_three() -> None:
    mask = Pins((Pin(50.5 / 150, 20.5 / 100, 10, 10, radius=1.5 / 100),)).raster(GREY)[2]
    rows, columns = np.nonzero(mask)
    assert len(rows) == 9
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (19, 21, 49, 51)


@pytest.mark.parametrize(("x", "y", "pixel"), [(0, 0, (0, 0)), (1, 1, (99, 149)), (0.999, 0.001, (0, 149))])
def test_the_smallest_mark_covers_the_pixel_that_it_is_in(x: float, y: float, pixel: tuple[int, int]) -> None:
    mask = Pins((Pin(x, y, 10, 10, radius=0),)).raster(GREY)[2]
    assert mask.sum() == 1
    assert mask[pixel] == 1


def test_a_stroke_is_a_line_without_gaps_however_thin() -> None:
    points = [[0.1, 0.2], [0.7, 0.3], [0.7, 0.9]]
    (stroke,) = pins_of([{"points": points, "colour": [50, 20, 10], "radius": 0.0, "note": "hem"}]).pins
    assert (stroke.x, stroke.y, stroke.further, stroke.note) == (0.1, 0.2, ((0.7, 0.3), (0.7, 0.9)), "hem")
    mask = np.zeros(GREY.shape, bool)
    mask[stroke.covers(*GREY.shape)] = True
    assert label(mask, np.ones((3, 3)))[1] == 1
    assert mask[20, 15]
    assert mask[29:89, 104:106].any(axis=1).all()
    assert mask.sum() < 400
    wide = Pin(0.1, 0.5, 0, 0, radius=0.1, further=((0.9, 0.5),)).covers(*GREY.shape)
    assert len(wide[0]) == pytest.approx(120 * 20 + np.pi * 100, rel=0.05)


def test_pins_that_are_off_are_left_out_and_all_may_be() -> None:
    off = FIT | {"on": False}
    assert len(pins_of([off, FIT]).pins) == 1
    assert pins_of([off]).pins == ()
    with pytest.raises(GuideError, match="pin 2: note must be text"):
        pins_of([off, off | {"note": 1}])


def test_what_is_asked_for_is_the_chosen_colour_where_srgb_can_show_it() -> None:
    raster = Pins((Pin(0.5, 0.5, 20, -15),)).raster(GREY)
    on = raster[2] > 0
    assert np.allclose(raster[:2, on], np.array([[20], [-15]]), atol=1e-4)
    assert not raster[:, ~on].any()


def test_less_chroma_of_the_same_hue_is_asked_for_where_srgb_cannot_show_the_chosen() -> None:
    raster = Pins((Pin(0.5, 0.5, 70, 50),)).raster(np.full((100, 150), 95, np.float32))
    a, b = raster[:2, raster[2] > 0].T[0]
    assert 0 < np.hypot(a, b) < 30
    assert a / b == pytest.approx(70 / 50, rel=1e-3)
    assert in_gamut(torch.tensor([95.0, a, b])[:, None, None]).all()


def test_a_mark_asks_for_one_colour_though_the_photo_is_grainy_under_it() -> None:
    grain = np.random.default_rng(1).uniform(0, 100, GREY.shape).astype(np.float32)
    raster = Pins((Pin(0.5, 0.5, 30, 30, radius=0.1),)).raster(grain)
    assert len(np.unique(raster[:2, raster[2] > 0], axis=1).T) == 1


def test_the_later_of_two_pins_lies_on_top() -> None:
    raster = Pins((Pin(0.5, 0.5, 10, 0, radius=0.2), Pin(0.5, 0.5, 0, 10, radius=0.1))).raster(GREY)
    assert tuple(raster[:2, 50, 75]) == pytest.approx((0, 10), abs=1e-4)
    assert tuple(raster[:2, 50, 90]) == pytest.approx((10, 0), abs=1e-4)
