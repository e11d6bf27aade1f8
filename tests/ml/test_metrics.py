"""The figures, against scikit-image or by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from skimage.color import deltaE_ciede2000
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from ml import metrics
from ml.color import srgb_to_lab


@pytest.fixture
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    truth = torch.rand(3, 24, 20, generator=generator, dtype=torch.float64)
    noise = torch.randn(3, 24, 20, generator=generator, dtype=torch.float64)
    return truth, (truth + 0.1 * noise).clamp(0, 1)


def test_psnr_is_that_of_scikit_image(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    truth, output = pair
    expected = peak_signal_noise_ratio(truth.numpy(), output.numpy(), data_range=1)
    assert metrics.psnr(truth, output) == pytest.approx(expected, abs=1e-9)
    assert metrics.psnr(truth, truth) == math.inf


def test_ssim_is_that_of_scikit_image(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    truth, output = pair
    expected = structural_similarity(
        truth.numpy(),
        output.numpy(),
        channel_axis=0,
        data_range=1,
        gaussian_weights=True,
        use_sample_covariance=False,
    )
    assert metrics.ssim(truth, output) == pytest.approx(expected, abs=1e-6)


def test_ciede2000_is_that_of_scikit_image_also_beside_the_grey_axis() -> None:
    generator = torch.Generator().manual_seed(5)
    first = torch.rand(3, 40, 40, generator=generator, dtype=torch.float64) * 200 - 100
    second = torch.rand(3, 40, 40, generator=generator, dtype=torch.float64) * 200 - 100
    first[0], second[0] = first[0].abs(), second[0].abs()
    second[1:, :5] = 0
    first[1:, 5:10] *= 0.01
    expected = deltaE_ciede2000(first.permute(1, 2, 0).numpy(), second.permute(1, 2, 0).numpy()).mean()
    assert metrics.ciede2000(first, second) == pytest.approx(expected, abs=1e-6)


def test_ciede2000_gives_the_published_example() -> None:
    # Sharma, Wu and Dalal 2005, table 1, pairs 1 and 25.
    first = torch.tensor([[50.0, 60.2574], [2.6772, -34.0099], [-79.7751, 36.2677]]).view(3, 1, 2).double()
    second = torch.tensor([[50.0, 60.4626], [0.0, -34.1751], [-82.7485, 39.4387]]).view(3, 1, 2).double()
    assert metrics.ciede2000(first, second) == pytest.approx((2.0425 + 1.2644) / 2, abs=1e-4)


def test_colourfulness_keeps_the_sign_of_the_opponents() -> None:
    half_red_half_green = torch.zeros(3, 2, 2)
    half_red_half_green[0, 0] = 1
    half_red_half_green[1, 1] = 1
    # Red minus green is 255 and -255 (spread 255, mean 0), yellow minus blue 127.5 throughout.
    assert metrics.colourfulness(half_red_half_green) == pytest.approx(255 + 0.3 * 127.5)
    assert metrics.colourfulness(torch.full((3, 4, 4), 0.3)) == pytest.approx(0, abs=1e-6)


def test_auc_of_a_perfect_picture_is_one_and_falls_by_the_error() -> None:
    truth = torch.zeros(3, 2, 2)
    off = truth.clone()
    off[1] = 30.0
    assert metrics.auc(truth, truth) == 1
    assert metrics.auc(truth, off) == pytest.approx(121 / 151)


def test_rebalanced_auc_weighs_rare_colours_more() -> None:
    truth = torch.zeros(3, 1, 2)
    truth[1, 0, 1] = 50.0
    grey = torch.zeros(3, 1, 2)
    frequency = torch.zeros(metrics.BINS)
    bins = metrics.ab_bins(truth)
    frequency[bins[0, 0]], frequency[bins[0, 1]] = 0.75, 0.25
    expected = (1 * 1 + 3 * 101 / 151) / 4
    assert metrics.auc(truth, grey, frequency) == pytest.approx(expected)


def test_epsilon_accuracy_wants_every_channel_near() -> None:
    truth = torch.zeros(3, 1, 4)
    output = truth.clone()
    output[0, 0] = torch.tensor([0.0, 0.02, 0.04, 0.06])
    output[2, 0, 0] = 0.5
    assert metrics.epsilon_accuracy(truth, output, 0.02) == pytest.approx(0.25)
    assert metrics.epsilon_accuracy(truth, output, 0.05) == pytest.approx(0.5)


def test_hue_accuracy_counts_pixels_whose_larger_channel_is_right() -> None:
    truth = torch.tensor([[50.0, 50], [10, -10], [0, 0]]).view(3, 1, 2)
    output = torch.tensor([[50.0, 50], [5, 5], [1, 1]]).view(3, 1, 2)
    assert metrics.hue_accuracy(truth, output) == pytest.approx(0.5)


def test_pictures_of_two_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="one size"):
        metrics.psnr(torch.zeros(3, 4, 4), torch.zeros(3, 4, 5))


def test_bins_are_numbered_from_lab() -> None:
    rng = np.random.default_rng(0)
    lab = srgb_to_lab(torch.from_numpy(rng.random((3, 8, 8))))
    bins = metrics.ab_bins(lab)
    assert bins.min() >= 0
    assert bins.max() < metrics.BINS
