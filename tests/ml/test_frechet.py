"""FD-Lite0: the distance, and what looks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from ml import checkpoint
from ml.fetch import colour_stem
from ml.frechet import CHANNELS, Eye, distance
from ml.networks.lite import Encoder


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    """Random weights in the shape of the fetched ones."""
    torch.manual_seed(0)
    file = tmp_path / "lite0.safetensors"
    checkpoint.write_tensors(file, Encoder().state_dict())
    checkpoint.write_tensors(colour_stem(file), {"stem.0.weight": torch.randn(32, 3, 3, 3)})
    return file


def test_the_distance_is_that_of_two_gaussians() -> None:
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randn(60, 7, generator=generator), torch.randn(50, 7, generator=generator) * 1.5 + 0.3
    one, two = np.cov(first.double().numpy().T), np.cov(second.double().numpy().T)
    apart = (first.double().mean(0) - second.double().mean(0)).square().sum().item()
    expected = apart + np.trace(one + two - 2 * sqrtm(one @ two).real)
    assert distance(first, second) == pytest.approx(expected, rel=1e-9)
    assert distance(first, first) == pytest.approx(0, abs=1e-9)


def test_fewer_photos_than_channels_still_give_a_figure() -> None:
    features = torch.randn(4, 30, generator=torch.Generator().manual_seed(0))
    assert distance(features, features + 1) == pytest.approx(30, rel=1e-6)


def test_sets_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(ValueError, match="two pictures"):
        distance(torch.zeros(1, 4), torch.zeros(5, 4))
    with pytest.raises(ValueError, match="of one C"):
        distance(torch.zeros(5, 4), torch.zeros(5, 3))


def test_the_eye_sees_colour(encoder: Path) -> None:
    red = torch.zeros(1, 3, 64, 64)
    red[:, 0] = 0.5
    seen = Eye(encoder).features(torch.cat([red, red.flip(1)]))
    assert seen.shape == (2, CHANNELS)
    assert not torch.allclose(seen[0], seen[1])


def test_without_the_fetched_encoder_it_says_what_to_do(encoder: Path) -> None:
    with pytest.raises(FileNotFoundError, match="run 'python -m ml fetch lite0' first"):
        Eye(encoder.with_name("none.safetensors"))
    colour_stem(encoder).unlink()
    with pytest.raises(FileNotFoundError, match="fetch lite0"):
        Eye(encoder)


def test_weights_of_another_network_are_refused(encoder: Path) -> None:
    checkpoint.write_tensors(encoder, {"other": torch.zeros(1)})
    with pytest.raises(ValueError, match="not an EfficientNet-Lite0"):
        Eye(encoder)
