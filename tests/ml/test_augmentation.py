"""What old photos have suffered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ml import augmentation
from ml.color import grey_to_lightness, srgb_to_lab


class Certain:
    """A generator by whose first word every effect comes about."""

    def __init__(self, seed: int = 0) -> None:
        self._generator = np.random.default_rng(seed)
        self._first = True

    def random(self, *shape: Any) -> Any:
        first, self._first = self._first, False
        return 0.0 if first else self._generator.random(*shape)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._generator, name)


View = tuple[augmentation.Plane, augmentation.Plane]


@pytest.fixture
def view(astronaut: np.ndarray) -> View:
    rgb = torch.from_numpy(astronaut[:64, 96:160].copy()).permute(2, 0, 1).float() / 255
    lab = srgb_to_lab(rgb)
    return lab[0].numpy(), lab[1:].numpy()


def of_colour(*srgb: float) -> View:
    colour = torch.tensor(srgb).view(3, 1, 1).expand(3, 8, 8)
    lightness = grey_to_lightness((colour * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(0, keepdim=True))
    return lightness[0].numpy().copy(), srgb_to_lab(colour)[1:].numpy().copy()


@pytest.mark.parametrize("name", augmentation.EFFECTS)
def test_an_effect_changes_lightness_within_its_range_and_keeps_the_true_colour(name: str, view: View) -> None:
    effect = augmentation.EFFECTS[name]
    lightness, ab = effect(*view, Certain())
    assert lightness.dtype == ab.dtype == np.float32
    assert np.abs(lightness - view[0]).max() > 0.2
    assert lightness.min() >= 0
    assert lightness.max() <= 100
    if name != "borders":
        assert np.array_equal(ab, view[1])


@pytest.mark.parametrize("name", augmentation.EFFECTS)
def test_an_effect_comes_about_at_times_and_alike_for_a_seed(name: str, view: View) -> None:
    effect = augmentation.EFFECTS[name]
    changed = [not np.array_equal(effect(*view, np.random.default_rng(i))[0], view[0]) for i in range(60)]
    assert 0 < sum(changed) < 50
    one, again = (effect(*view, np.random.default_rng(changed.index(True)))[0] for _ in range(2))
    assert np.array_equal(one, again)


def test_a_plate_blind_to_red_turns_red_black_and_blue_white(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augmentation, "_FILM_SHARES", (0.0, 1.0, 0.0))
    red, blue, grey = of_colour(0.8, 0.1, 0.1), of_colour(0.2, 0.4, 0.9), of_colour(0.5, 0.5, 0.5)
    assert augmentation.film(*red, Certain())[0].mean() < red[0].mean() - 15
    assert augmentation.film(*blue, Certain())[0].mean() > blue[0].mean() + 5
    assert augmentation.film(*grey, Certain())[0].mean() == pytest.approx(grey[0].mean(), abs=0.1)


def test_blur_softens_and_grain_roughens(view: View) -> None:
    def roughness(lightness: augmentation.Plane) -> float:
        return float(np.abs(np.diff(lightness, axis=1)).mean())

    assert roughness(augmentation.blur(*view, Certain())[0]) < roughness(view[0])
    flat = np.full((64, 64), 50, np.float32)
    assert roughness(augmentation.grain(flat, view[1], Certain())[0]) > 0.1


def test_a_border_has_one_lightness_and_no_colour(view: View) -> None:
    lightness, ab = augmentation.borders(view[0], view[1] + 40, Certain(3))
    border = (ab == 0).all(axis=0)
    assert 0 < border.mean() < 0.4
    assert np.unique(lightness[border]).size == 1
    assert np.array_equal(lightness[~border], view[0][~border])


def test_effects_are_chosen_by_name_and_befall_a_photo_in_their_order() -> None:
    assert augmentation.effects("none") == []
    assert augmentation.effects("all") == list(augmentation.EFFECTS.values())
    assert augmentation.effects("jpeg,film") == [augmentation.film, augmentation.jpeg]
    with pytest.raises(ValueError, match="no effect dust; there are film"):
        augmentation.effects("grain,dust")
