"""The stored field: the dials from it alone, its bytes, and what it says of damaged ones."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml.field import Field, FieldError
from ml.guide_files import GuideError
from ml.method import LearnedMethod, StoredMethod, load_method, models
from ml.networks import create
from ml.photo import open_page
from ml.pins import Pin, Pins
from ml.pipeline import colorize
from ml.reference import Reference
from tests.ml.test_pipeline import CARD

LIGHTNESS = np.random.default_rng(3).uniform(0, 100, (40, 56)).astype(np.float32)


@pytest.fixture(scope="module")
def method() -> LearnedMethod:
    return load_method(device="cpu") if models() else LearnedMethod(create("lite"), CARD)


@pytest.fixture(scope="module")
def data(method: LearnedMethod) -> bytes:
    return method.ab(LIGHTNESS).stored.pack()


@pytest.mark.parametrize("vividness", [0.0, 0.5, 1.0, 1.25, 1.5, 1.75, 2.0])
def test_the_dials_from_the_bytes_give_the_networks_own_colour(method, data, vividness: float) -> None:
    ab = Field.unpack(data).ab(vividness)
    assert np.hypot(*(ab - method.ab(LIGHTNESS, vividness=vividness).ab)).max() < 0.5
    assert np.allclose(Field.unpack(data).ab(vividness, 7)[1], ab[1] + 7, atol=1e-4)
    assert np.array_equal(Field.unpack(data).ab(vividness, -20)[0], ab[0])


def test_what_is_read_is_what_was_written(data) -> None:
    field = Field.unpack(data)
    assert field.pack() == data
    assert field.bins.shape == (8, 10, 14)
    assert np.allclose(field.probabilities.sum(axis=0), 1, atol=1e-5)
    assert (np.diff(field.probabilities, axis=0) <= 1e-6).all()
    assert field.confidence is not None
    assert 0 <= field.confidence.min() <= field.confidence.max() <= 1
    assert field.keys
    assert field.keys.values.shape[1:] == (10, 14)


def test_the_likeliest_bin_and_its_neighbours_are_kept_and_alternatives_too(method) -> None:
    field = method.ab(LIGHTNESS).stored
    assert (field.probabilities[0] >= field.probabilities[1:].max(axis=0)).all()
    apart = np.hypot(*(field.centres.astype(float)[field.bins] - field.centres.astype(float)[field.bins[:1]]).T)
    assert (apart.max(axis=-1) >= 25).mean() > 0.5


@pytest.mark.parametrize("name", ["pix2pix", "fusion"])
def test_other_kinds_of_network_have_a_field_too(name: str) -> None:
    learned = LearnedMethod(create(name), CARD)
    lightness = np.resize(LIGHTNESS, (64, 64))
    stored = Field.unpack(learned.ab(lightness).stored.pack())
    assert bool(len(stored.bins)) == (name == "fusion")
    for vividness in (0.5, 1.5):
        assert np.hypot(*(stored.ab(vividness) - learned.ab(lightness, vividness=vividness).ab)).max() < 0.5


def test_a_stored_field_colours_the_photo_as_its_network_did(save_photo, camera, method) -> None:
    photo = open_page(save_photo("a.png", camera))
    fresh = colorize(photo, method, 1.4, warmth=6)
    field = Field.unpack(colorize(photo, method).field.stored.pack())
    again = colorize(photo, StoredMethod(field, method.name, method.sha256), 1.4, warmth=6)
    assert np.abs(fresh.preview.numpy().astype(int) - again.preview.numpy()).max() <= 2
    with pytest.raises(GuideError, match="does not take a reference"):
        StoredMethod(field, "x").ab(LIGHTNESS, Reference(LIGHTNESS, np.zeros((2, 40, 56), np.float32)))


def test_a_method_without_a_distribution_keeps_its_colours(painter) -> None:
    field = Field.unpack(painter.ab(LIGHTNESS).stored.pack())
    assert np.abs(field.ab() - painter.ab(LIGHTNESS).ab).max() < 0.01
    assert np.abs(field.ab(0.5) - painter.ab(LIGHTNESS).ab / 2).max() < 0.01
    assert field.confidence is None
    assert not len(field.bins)


@pytest.mark.parametrize("spoil", [lambda d: b"", lambda d: d[:39], lambda d: d[:-1], lambda d: d + b"x"])
def test_bytes_that_are_damaged_are_refused(data, spoil) -> None:
    with pytest.raises(FieldError, match=r"no stored field|cut off or damaged"):
        Field.unpack(spoil(data))


def test_a_later_version_and_unknown_bins_are_refused(data) -> None:
    with pytest.raises(FieldError, match="version 2"):
        Field.unpack(data[:4] + b"\x02" + data[5:])
    with pytest.raises(FieldError, match="no stored field"):
        Field.unpack(b"\x89PNG" + data[4:])
    field = Field.unpack(data)
    bins = 40 + 2 * len(field.centres) + 4 * 3 * 140
    with pytest.raises(FieldError, match="bins that it does not have"):
        Field.unpack(data[:bins] + b"\xff" + data[bins + 1 :])


@pytest.mark.parametrize(("vividness", "warmth"), [(2.1, 0), (-0.1, 0), (float("nan"), 0), (1, 21), (1, float("nan"))])
def test_a_dial_outside_its_range_is_refused(data, vividness: float, warmth: float) -> None:
    with pytest.raises(ValueError, match="must be"):
        Field.unpack(data).ab(vividness, warmth)


def test_the_bytes_lie_as_the_page_that_describes_them_says(data) -> None:
    """Read by hand, as a page in JavaScript would."""
    magic, version, knots, k, confident, h, w, n, e, *dials = struct.unpack_from("<4s4B4H6f", data)
    assert (magic, version, knots, k, confident, h, w) == (b"AbFd", 1, 3, 8, 1, 10, 14)
    keys = 40 + 2 * n + 12 * h * w + 16 * h * w + h * w
    assert len(data) == keys + 8 + 8 * e + e * h * w
    least, step = np.frombuffer(data, "<f4", 2, keys + 8 + 8 * (e - 1))
    levels = np.frombuffer(data, "u1", h * w, len(data) - h * w).reshape(h, w)
    stored = Field.unpack(data).keys
    assert stored
    assert np.abs(least + step * levels - stored.values[-1]).max() < 1e-5
    assert struct.unpack_from("<2f", data, keys) == pytest.approx((stored.slope, stored.bias))
    gains, v = dials[:3], 1.5
    means = np.frombuffer(data, "<i2", 6 * h * w, 40 + 2 * n).reshape(3, 2, h, w) / 128
    m1, m2, m3 = means
    mean = m1 * (2 * (v - 1.5) * (v - 2)) - m2 * (4 * (v - 1) * (v - 2)) + m3 * (2 * (v - 1) * (v - 1.5))
    gain = gains[1] + (gains[2] - gains[1]) * (v - 1)
    assert np.abs(gain * mean - Field.unpack(data).ab(v)).max() < 1e-3


def test_a_field_is_read_without_torch(tmp_path: Path, data) -> None:
    (tmp_path / "field.bin").write_bytes(data)
    program = (
        "import json, pathlib, sys; from ml.field import Field; "
        f"field = Field.unpack(pathlib.Path({str(tmp_path / 'field.bin')!r}).read_bytes()); "
        "print(json.dumps([field.ab(1.5).shape, 'torch' in sys.modules]))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == [[2, 10, 14], False]


def test_pins_do_the_same_to_a_stored_field_as_to_its_network(save_photo, camera, method) -> None:
    photo = open_page(save_photo("a.png", camera))
    pins = Pins((Pin(0.3, 0.4, 40, 30, radius=0.03), Pin(0.8, 0.9, -20, -20)))
    fresh = colorize(photo, method, 1.3, guide=pins)
    stored = StoredMethod(Field.unpack(fresh.field.stored.pack()), method.name)
    again = colorize(photo, stored, 1.3, guide=pins).preview.numpy().astype(int)
    assert np.abs(fresh.preview.numpy() - again).mean() < 0.5
    assert np.abs(colorize(photo, method, 1.3).preview.numpy() - again).mean() > 1


def test_a_field_from_before_there_were_keys_is_read(method) -> None:
    field = replace(method.ab(LIGHTNESS).stored, keys=None)
    assert Field.unpack(field.pack()).keys is None
