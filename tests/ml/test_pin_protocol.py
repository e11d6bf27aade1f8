"""The pin protocol: where its pins stand, what they say, and what its figures mean."""

from __future__ import annotations

from types import NoneType

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

from ml import pipeline
from ml.color import srgb_to_lab
from ml.evaluation import triple
from ml.method import AbField, Guide
from ml.pin_protocol import SIDE, SIXTEEN, files, judge, photos, true_pins, truthful, with_true_pins
from ml.pins import Pins


@pytest.fixture(scope="module")
def coffee() -> Image.Image:
    return Image.fromarray(skimage.data.coffee()).resize((72, 48), Image.Resampling.BOX)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "NETWORK_SHORT_SIDE", 48)


class Taught:
    """Knows the truth, and gives as much of it as it has pins for: all with 100."""

    name = "taught"
    sha256 = ""
    guides = frozenset({NoneType, Pins})

    def __init__(self, truth: np.ndarray) -> None:
        self.truth = truth
        self.heard: list[Guide] = []

    def ab(self, lightness: np.ndarray, guide: Guide = None, vividness: float = 1.0) -> AbField:
        self.heard.append(guide)
        return AbField(self.truth * (len(guide.pins) / 100 if isinstance(guide, Pins) else 0))


def lab(photo: Image.Image) -> torch.Tensor:
    return srgb_to_lab(torch.from_numpy(np.array(photo)).permute(2, 0, 1).float() / 255)


def test_the_error_is_the_mean_distance_in_ab_and_falls_with_what_a_method_makes_of_its_pins(
    coffee, monkeypatch
) -> None:
    # One that needs pins: what colours on its own is helped by the pipeline, too.
    monkeypatch.setattr(Taught, "guides", frozenset({Pins}))
    truth = lab(coffee)[1:].numpy()
    method = Taught(truth)
    errors = dict(judge(method, [coffee, coffee]))
    assert list(errors) == [0, 1, 4, 16, 40, 100]
    assert [len(g.pins) if isinstance(g, Pins) else 0 for g in method.heard] == [
        1,
        1,
        4,
        4,
        16,
        16,
        40,
        40,
        100,
        100,
    ]
    chroma = np.hypot(*truth).mean()
    for count, error in errors.items():
        assert error == pytest.approx(chroma * (1 - count / 100), rel=0.15, abs=4)
    assert errors[100] < 0.2 * errors[0]


def test_a_method_that_needs_pins_is_grey_without(coffee, monkeypatch) -> None:
    monkeypatch.setattr(Taught, "guides", frozenset({Pins}))
    method = Taught(lab(coffee)[1:].numpy())
    assert next(judge(method, [coffee])) == (0, pytest.approx(np.hypot(*method.truth).mean(), abs=0.05))
    assert not method.heard


def test_each_pin_tells_the_mean_colour_of_its_three_by_three_pixels(coffee) -> None:
    truth = lab(coffee)
    pins = truthful(truth, 2, 2)
    raster = pins.raster(np.full(truth.shape[1:], 50, np.float32))
    assert len(pins.pins) == 4
    assert raster[2].sum() == 4 * 9
    for pin in pins.pins:
        y, x = int(pin.y * 48), int(pin.x * 72)
        assert (y, x) in {(i, j) for i in (12, 36) for j in (18, 54)}
        patch = truth[1:, y - 1 : y + 2, x - 1 : x + 2]
        assert (pin.a, pin.b) == pytest.approx(patch.mean(dim=(1, 2)).tolist(), abs=1e-4)
        assert (raster[2, y - 1 : y + 2, x - 1 : x + 2] == 1).all()


def test_of_five_by_eight_pins_eight_stand_along_the_long_side(coffee) -> None:
    upright = lab(coffee).transpose(1, 2)
    for truth, across in ((lab(coffee), 8), (upright, 5)):
        pins = truthful(truth, 5, 8).pins
        assert len(pins) == 40
        assert len({pin.x for pin in pins}) == across


def test_a_folder_without_photos_is_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="holds no photo"):
        files(tmp_path)
    with pytest.raises(FileNotFoundError):
        files(tmp_path / "nowhere")


def test_photos_are_taken_at_the_protocols_size(coffee, tmp_path) -> None:
    coffee.resize((450, 300)).save(tmp_path / "large.png")
    coffee.save(tmp_path / "small.png")
    (tmp_path / "notes.txt").write_text("not a photo")
    assert [photo.size for photo in photos(files(tmp_path))] == [(300, SIDE), coffee.size]


def test_a_large_photos_pins_stand_and_speak_as_those_of_its_small_copy(coffee) -> None:
    small = coffee.resize((300, SIDE), Image.Resampling.BICUBIC)
    large = small.resize((1200, 4 * SIDE), Image.Resampling.BICUBIC)
    for pin, other in zip(true_pins(large, SIXTEEN).pins, true_pins(small, SIXTEEN).pins, strict=True):
        assert (pin.x, pin.y, pin.radius) == (other.x, other.y, other.radius)
        assert (pin.a, pin.b) == pytest.approx((other.a, other.b), abs=3)


def test_what_is_compared_with_the_truth_has_seen_of_it_the_grey_version_and_true_pins(coffee, monkeypatch) -> None:
    monkeypatch.setattr(Taught, "guides", frozenset({Pins}))
    method = Taught(lab(coffee)[1:].numpy())
    made = triple(coffee, with_true_pins(method, SIXTEEN), sees_truth=True)
    assert method.heard == [true_pins(coffee, SIXTEEN)]
    assert (
        made.grey == np.array(coffee.convert("L").convert("RGB").resize((256, 256), Image.Resampling.BICUBIC))
    ).all()
    assert not (made.output == made.truth).all()
