"""The batches and the mix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ml.loading import batches
from ml.sampler import MIX, Batch, Photos, Sampler
from ml.settings import Settings


def settings(**given: Any) -> Settings:
    return Settings.of("lite", **{"steps": 1, "crop": 32, "batch": 4, "seed": 7, **given})


@pytest.fixture
def photos() -> Photos:
    rng = np.random.default_rng(0)
    planes = [rng.integers(0, 256, (40, 60, 3), dtype=np.uint8) for _ in range(6)]
    return Photos(planes, ["portrait"] * 5 + ["food"])


def same(one: Batch, other: Batch) -> bool:
    return torch.equal(one.lightness, other.lightness) and torch.equal(one.ab, other.ab)


def test_a_batch_depends_on_seed_and_step_alone(photos: Photos) -> None:
    sampler = Sampler(photos, settings())
    sampler.batch(1)
    assert same(sampler.batch(4), Sampler(photos, settings()).batch(4))
    assert not same(sampler.batch(4), sampler.batch(5))
    assert not same(sampler.batch(4), Sampler(photos, settings(seed=8)).batch(4))


def test_processes_share_a_batch_exactly(photos: Photos) -> None:
    sampler = Sampler(photos, settings(), pins=lambda ab, random: torch.from_numpy(random.random((3, 32, 32))))
    whole, parts = sampler.batch(3), [sampler.batch(3, rank, 2) for rank in (0, 1)]
    assert torch.equal(whole.lightness, torch.cat([part.lightness for part in parts]))
    assert torch.equal(whole.ab, torch.cat([part.ab for part in parts]))
    assert whole.pins is not None
    assert torch.equal(whole.pins, torch.cat([part.pins for part in parts if part.pins is not None]))
    with pytest.raises(ValueError, match="cannot be shared by 3"):
        sampler.batch(0, 0, 3)


def test_processes_that_load_make_the_same_batches_in_their_order(photos: Photos) -> None:
    sampler = Sampler(photos, settings())
    for made, step in zip(batches(sampler, 3, loaders=2), range(3, 8), strict=False):
        assert same(made, sampler.batch(step).half())
        assert torch.allclose(made.to(torch.device("cpu")).lightness, sampler.batch(step).lightness, atol=0.04)


def flat(grey: int, a: int) -> NDArray[np.uint8]:
    return np.full((40, 40, 3), (grey, 128 + a, 128), np.uint8)


def test_a_piece_of_another_photo_is_laid_in_with_its_own_colours() -> None:
    photos = Photos([flat(51, 30), flat(204, -30)], ["portrait", "food"])
    sampler = Sampler(photos, settings(batch=40, augment="none", cut_mix=1.0))
    batch = sampler.batch(0)
    is_bright = batch.lightness[:, 0] > 50
    assert torch.equal(batch.ab[:, 0] < 0, is_bright)
    mixed = [view for view in is_bright if view.any() and not view.all()]
    assert len(mixed) > 5, "one in two is laid over itself"
    for view in mixed:
        (piece,) = (each for each in (view, ~view) if torch.equal(each, each.any(dim=1)[:, None] & each.any(dim=0)))
        assert 0.05 < piece.float().mean() < 0.55


def test_without_mixing_a_view_shows_one_photo() -> None:
    photos = Photos([flat(51, 30), flat(204, -30)], ["portrait", "food"])
    batch = Sampler(photos, settings(batch=16, augment="none", cut_mix=0)).batch(0)
    assert (batch.lightness.flatten(1).std(dim=1) < 0.5).all()


def test_a_batch_has_the_declared_shapes_and_ranges(photos: Photos) -> None:
    batch = Sampler(photos, settings()).batch(0)
    assert batch.lightness.shape == (4, 1, 32, 32)
    assert batch.ab.shape == (4, 2, 32, 32)
    assert batch.pins is None
    assert batch.lightness.min() >= 0
    assert batch.lightness.max() <= 100
    assert batch.ab.abs().max() <= 128


def test_without_the_mix_every_photo_comes_once_an_epoch_in_another_order() -> None:
    planes = [np.full((8, 8, 3), value, np.uint8) for value in range(6)]
    sampler = Sampler(Photos(planes, ["portrait"] * 6), settings(mix=False, views="whole"))
    seen = torch.cat([sampler.batch(step).ab[:, 0, 0, 0] + 128 for step in range(6)]).reshape(4, 6)
    assert torch.equal(seen.sort(dim=1).values, torch.arange(6.0).expand(4, 6))
    assert len({tuple(epoch) for epoch in seen.tolist()}) > 1


def test_groups_come_in_the_mixs_shares() -> None:
    face, dish = np.full((8, 8, 3), 100, np.uint8), np.full((8, 8, 3), 200, np.uint8)
    photos = Photos([face] + [dish] * 99, ["portrait"] + ["food"] * 99)
    faces = (Sampler(photos, settings(batch=400)).batch(0).ab[:, 0, 0, 0] < 0).float().mean()
    assert faces == pytest.approx(0.33 / 0.34, abs=0.03)


def test_the_shares_make_one_whole() -> None:
    assert sum(share for share, _ in MIX.values()) == pytest.approx(1)


def test_categories_must_fit_the_photos() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Photos([np.zeros((4, 4, 3), np.uint8)], [])
    with pytest.raises(ValueError, match="no photo"):
        Photos([], [])
