"""A guess that takes over another photo's colours: where they fit, and not where they do not."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import pyvips
import skimage.data
from PIL import Image

from ml.field import Field
from ml.guide_files import GuideError
from ml.likeness import Likened, Unfit
from ml.method import LearnedMethod, StoredMethod, load_method
from ml.photo import open_page
from ml.pin_protocol import ab_error
from ml.pins import Pin, Pins
from ml.pipeline import colorize
from ml.reference import Reference, read_reference
from ml.reference_protocol import ALLOWED, Outcome, another_shot, judge
from ml.similarity import places, signature, tag


@cache
def lite() -> LearnedMethod:
    return load_method(device="cpu")


@pytest.fixture(scope="module")
def coffee() -> Image.Image:
    return Image.fromarray(skimage.data.coffee()).resize((225, 150), Image.Resampling.BOX)


@pytest.fixture
def grey(save_photo, coffee) -> Path:
    return save_photo("grey.png", np.array(coffee.convert("L")))


@pytest.fixture
def shot(save_photo, coffee) -> Reference:
    """The same cup once more, from another place, in other light."""
    return read_reference(save_photo("shot.png", np.array(another_shot(coffee))))


@pytest.fixture
def rocket(save_photo) -> Reference:
    return read_reference(save_photo("rocket.png", skimage.data.rocket()[::2, ::2]))


def test_another_shot_of_the_same_thing_brings_the_colours_nearer_to_the_truth(coffee, shot) -> None:
    assert ab_error(Likened(lite(), shot), coffee) < 0.85 * ab_error(lite(), coffee)


def test_a_reference_of_something_else_is_refused_in_a_sentence(grey, rocket) -> None:
    with pytest.raises(Unfit, match=r"fits too little .* worse than without"):
        colorize(open_page(grey), Likened(lite(), rocket))


def test_what_is_kept_gives_the_same_colours_at_any_dial_without_the_reference(grey, shot) -> None:
    photo, method = open_page(grey), Likened(lite(), shot)
    field = Field.unpack(colorize(photo, method).field.stored.pack())
    for dials in ({"vividness": 0.6}, {"vividness": 1.5, "warmth": 6}):
        fresh = colorize(photo, method, **dials).image.numpy().astype(int)
        again = colorize(photo, StoredMethod(field, method.name), **dials).image.numpy().astype(int)
        assert np.abs(fresh - again).max() <= 2
    faded = colorize(photo, method, 0).image.numpy()
    assert np.ptp(faded, axis=-1).max() <= 1


def test_pins_lie_on_top_of_it(grey, shot) -> None:
    pin = Pin(0.25, 0.25, 10.0, -30.0, 0.05)
    result = colorize(open_page(grey), Likened(lite(), shot), guide=Pins((pin,))).image.colourspace("lab").numpy()
    height, width = result.shape[:2]
    assert result[height // 4, width // 4, 1:] == pytest.approx((10, -30), abs=2)


def test_grey_has_no_colours_to_give_and_welsh_takes_them_without_a_guess(save_photo, camera, shot) -> None:
    sheet = read_reference(save_photo("grey.webp", np.stack([camera] * 3, axis=-1), quality=60))
    with pytest.raises(GuideError, match="black and white"):
        Likened(lite(), sheet)


def test_a_photo_looks_most_like_itself_and_more_like_another_shot_than_like_something_else(coffee) -> None:
    def seen(picture: Image.Image) -> np.ndarray:
        data = signature(pyvips.Image.new_from_array(np.array(picture)))
        assert len(data) < 1000
        assert data.startswith(tag())
        return np.frombuffer(data, "<f2", offset=8).astype(np.float32)

    own, shot, other = (
        seen(each) for each in (coffee, another_shot(coffee), Image.fromarray(skimage.data.rocket()[::2, ::2]))
    )
    assert own @ own == pytest.approx(1, abs=0.01)
    assert own @ seen(coffee.convert("L")) > 0.95
    assert own @ shot > 0.4 > own @ other


@pytest.mark.parametrize("size", [(96, 64), (100, 37), (8, 300)])
def test_a_vector_for_each_place_whatever_the_size(size: tuple[int, int]) -> None:
    found = places(np.random.default_rng(0).uniform(0, 100, size).astype(np.float32))
    assert found.shape[:2] == tuple(-(-side // 8) for side in size)
    assert np.linalg.norm(found, axis=-1) == pytest.approx(1, abs=1e-4)


def test_the_protocol_counts_a_refusal_as_the_photo_without_a_reference(save_photo, coffee) -> None:
    files = [save_photo(f"{n}.png", np.array(p)) for n, p in enumerate((coffee, another_shot(coffee)))]
    unfit = save_photo("rocket.png", skimage.data.rocket()[::2, ::2])
    fits, refused = judge(lite(), [(files[0], files[1]), (files[0], unfit)])
    assert (fits.is_refused, refused.is_refused) == (False, True)
    assert fits.alone == refused.alone == refused.likened > fits.likened
    assert Outcome(10, 10 * ALLOWED + 0.1, is_refused=False).is_worse
    assert not Outcome(10, 10 * ALLOWED - 0.1, is_refused=False).is_worse
