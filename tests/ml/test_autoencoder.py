"""The autoencoder: what comes out of its code, and that it learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from PIL import Image

from ml.color import AB_UNIT
from ml.data import photo_planes
from ml.networks.autoencoder import Autoencoder
from ml.objectives.denoising import Denoising
from ml.sampler import Batch
from ml.settings import Settings

pytestmark = pytest.mark.usefixtures("one_thread")


def batch_of(photo: np.ndarray, side: int) -> Batch:
    planes = photo_planes(Image.fromarray(photo).resize((side, side), Image.Resampling.BOX))
    tensors = torch.from_numpy(planes).permute(2, 0, 1).float()[None]
    return Batch(tensors[:, :1] / 2.55, tensors[:, 1:] - 128)


def objective_of(network: Autoencoder, **given: Any) -> Denoising:
    objective = Denoising(network, Settings.of("autoencoder", steps=1, **given), torch.empty(0))
    objective.setup(Fabric(accelerator="cpu", devices=1))
    return objective


def test_its_output_is_within_minus_one_and_one_before_it_is_scaled() -> None:
    network = Autoencoder(4)
    with torch.no_grad():
        network.decoder[-1].weight.mul_(1e4)
    ab = network(torch.rand(1, 1, 32, 48) * 100)
    assert ab.shape == (1, 2, 16, 24)
    assert 0.9 < ab.abs().max() / AB_UNIT <= 1


def test_all_that_the_colour_rests_on_passes_through_the_code() -> None:
    network = Autoencoder(4)
    codes = []
    network.encoder.register_forward_hook(lambda _, __, code: codes.append(code))
    network.encoder.register_forward_hook(lambda _, __, code: torch.zeros_like(code))
    ab = network(torch.rand(2, 1, 64, 64) * 100)
    assert codes[0].shape == (2, 16, 4, 4)
    torch.testing.assert_close(ab[0], ab[1])


def test_on_one_photo_its_loss_falls_to_a_twentieth(astronaut: np.ndarray) -> None:
    torch.manual_seed(0)
    objective = objective_of(Autoencoder(16), rate=2e-3)
    batch = batch_of(astronaut, 32)
    first = objective.step(batch)["loss"]
    assert any(objective.step(batch)["loss"] < first / 20 for _ in range(300))


def test_the_denoising_kind_learns_from_a_noisy_lightness_and_is_judged_on_a_clean_one(astronaut: np.ndarray) -> None:
    network = Autoencoder(4)
    seen: list[torch.Tensor] = []
    network.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    batch = batch_of(astronaut, 32)
    objective = objective_of(network, noise=10)
    objective.step(batch)
    objective.predict(network, batch)
    objective_of(network).step(batch)
    noisy, judged, plain = seen
    assert 5 < (noisy - batch.lightness).std() < 10  # what would leave 0..100 is held back
    assert noisy.min() >= 0
    assert noisy.max() <= 100
    assert torch.equal(judged, batch.lightness)
    assert torch.equal(plain, batch.lightness)
