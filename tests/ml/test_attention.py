"""What pins tell by keys: cells that are alike take their colours, and who is over an edge gives way."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ml import checkpoint
from ml.attention import told
from ml.field import Keys
from ml.method import LearnedMethod
from ml.networks.hints import Copy
from ml.pins import Pin, Pins
from ml.upsampling import cell_means

RED, BLUE = (50.0, 30.0), (5.0, -45.0)
SHAPE = 16, 24
EVEN = np.full(SHAPE, 50, np.float32)
BROWN = np.full((2, *SHAPE), 10, np.float32)


def keys(values: np.ndarray) -> Keys:
    """By which a pin counts wholly where keys are the same, and not at all where they are 5 apart."""
    return Keys(np.broadcast_to(values, SHAPE).astype(np.float32)[None], 1, 9)


def test_cells_of_like_keys_take_a_pins_colour_and_others_stay() -> None:
    stripes = np.arange(SHAPE[1]) % 2 * 5
    changed = told(keys(stripes), EVEN, BROWN, Pins((Pin(0.01, 0.5, *RED),)))
    assert np.abs(changed[:, :, ::2] - np.subtract(RED, 10)[:, None, None]).max() < 0.1
    assert np.abs(changed[:, :, 1::2]).max() < 0.1


def test_a_pin_over_an_edge_gives_way_to_one_that_is_not() -> None:
    lightness = np.broadcast_to(np.where(np.arange(SHAPE[1]) < 12, 30, 80), SHAPE).astype(np.float32)
    # By their keys the right cells are more like the left pin.
    like_left = keys(np.where(np.arange(SHAPE[1]) < 20, 0, 1))
    changed = told(like_left, lightness, BROWN, Pins((Pin(0.05, 0.5, *RED), Pin(0.95, 0.5, *BLUE))))
    assert changed[1, :, 13:].max() < -40
    assert changed[1, :, :11].min() > 15


@pytest.mark.parametrize("radius", [0.0, 0.2])
def test_a_mark_speaks_for_its_colour_however_large_it_is(radius: float) -> None:
    changed = told(keys(np.zeros(1)), EVEN, BROWN, Pins((Pin(0.5, 0.5, *BLUE, radius=radius),)))
    assert np.abs(changed - np.subtract(BLUE, 10)[:, None, None]).max() < 0.1


@pytest.mark.parametrize("vividness", [0.6, 1.0, 2.0])
def test_a_pins_colour_is_meant_as_it_is_at_any_vividness(vividness: float) -> None:
    halves = np.full((96, 96), 30, np.float32)
    halves[:, 48:] = 80
    field = LearnedMethod(*checkpoint.load(checkpoint.shipped()["lite"])).ab(halves, vividness=vividness)
    pins = Pins((Pin(0.8, 0.5, 5, 35, radius=0.04),))
    assert field.stored.keys
    there = field.ab + told(field.stored.keys, cell_means(halves, *field.ab.shape[1:]), field.ab, pins)
    assert np.hypot(*(there[:, 12, 19] - [5, 35])) < 6


def test_it_is_the_attention_that_the_network_learned() -> None:
    torch.manual_seed(0)
    copy = Copy(8)
    features, lightness = torch.randn(1, 8, *SHAPE) * 3, torch.full((1, 1, *SHAPE), 50.0)
    pins = Pins((Pin(0.1, 0.3, *RED), Pin(0.8, 0.7, *BLUE)))
    with torch.no_grad():
        colour, gate = copy._attend(features, lightness, torch.from_numpy(pins.raster(EVEN))[None])
        slope, bias = copy.gate_of_means()
        learned = Keys(copy.keys(features, lightness)[0].numpy(), slope, bias)
    share = torch.sigmoid(torch.logit(gate) + bias - copy.gate_bias.item())
    expected = (share * (colour - 10))[0].numpy()
    assert np.abs(told(learned, EVEN, BROWN, pins) - expected).max() < 0.01
