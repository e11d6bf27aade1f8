"""What the network is trained on."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ml.color import bin_centres, soft_encode
from ml.data import bin_frequency
from ml.losses import adversarial_loss, as_colourful, bin_weights, colour_loss, rare_distance

BINS = len(bin_centres())


def right_logits(ab: torch.Tensor) -> torch.Tensor:
    index, weight = soft_encode(ab)
    return torch.full((1, BINS, *ab.shape[2:]), -20.0).scatter(1, index, weight.log())


def test_the_right_distribution_costs_least() -> None:
    ab = torch.tensor([20.0, -13.0]).view(1, 2, 1, 1).expand(1, 2, 3, 3)
    right = right_logits(ab).requires_grad_()
    loss = colour_loss(right, ab)
    assert loss < colour_loss(torch.zeros(1, BINS, 3, 3), ab)
    (gradient,) = torch.autograd.grad(loss, right)
    assert gradient.abs().max() < 1e-4


def test_the_loss_is_the_cross_entropy_of_the_soft_target() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, BINS, 4, 4, generator=generator)
    ab = torch.randn(2, 2, 4, 4, generator=generator) * 20
    index, weight = soft_encode(ab)
    target = torch.zeros_like(logits).scatter(1, index, weight)
    torch.testing.assert_close(colour_loss(logits, ab), torch.nn.functional.cross_entropy(logits, target))


def test_the_regression_pulls_the_mean_towards_the_truth() -> None:
    ab = torch.tensor([30.0, 0.0]).view(1, 2, 1, 1)
    logits = torch.zeros(1, BINS, 1, 1, requires_grad=True)
    (plain,) = torch.autograd.grad(colour_loss(logits, ab), logits)
    (pulled,) = torch.autograd.grad(colour_loss(logits, ab, regression=1.0), logits)
    along_a = (bin_centres()[:, 0] * (plain - pulled).flatten()).sum()
    assert along_a > 0


def test_rare_bins_weigh_more_and_the_mean_stays_one() -> None:
    frequency = torch.tensor([0.9, 0.09, 0.01])
    weights = bin_weights(frequency, 0.5)
    assert weights[0] < weights[1] < weights[2]
    # Half of the share, half of an even third.
    assert weights[2] / weights[0] == pytest.approx((0.9 + 1 / 3) / (0.01 + 1 / 3))
    assert (weights * frequency).sum() == pytest.approx(1)
    assert bin_weights(frequency, 0).tolist() == pytest.approx([1, 1, 1])


def test_full_rebalancing_makes_all_bins_count_alike_and_one_never_seen_breaks_nothing() -> None:
    frequency = torch.tensor([0.9, 0.1, 0.0])
    counted = bin_weights(frequency, 1) * frequency
    assert counted.tolist() == pytest.approx([0.5, 0.5, 0])
    assert bin_weights(frequency, 1).isfinite().all()


def test_the_datas_bins_and_their_weights_multiply_to_one() -> None:
    rng = np.random.default_rng(0)
    planes = [rng.integers(60, 200, (40, 40, 3)).astype(np.uint8) for _ in range(3)]
    prior = bin_frequency(planes)
    assert (prior * bin_weights(prior, 0.5)).sum() == pytest.approx(1, abs=1e-5)


def test_the_datas_bins_are_counted_with_a_gaussian_of_sigma_five() -> None:
    plane = np.full((8, 8, 3), 128, np.uint8) + np.array([0, 20, 10], np.uint8)
    prior = bin_frequency([plane])
    distance = (bin_centres() - torch.tensor([20.0, 10.0])).norm(dim=1)
    at, beside = prior[distance == 0].item(), prior[distance == 10]
    assert beside.tolist() == pytest.approx([at * math.exp(-(10**2) / (2 * 5**2))] * 4)
    assert prior[distance > 10].sum() == 0


def test_weights_scale_each_cell_by_its_true_bin() -> None:
    ab = torch.tensor([[[[0.0, 50.0]], [[0.0, 0.0]]]])
    index, _ = soft_encode(ab)
    weights = torch.ones(BINS)
    weights[index[0, 0, 0, 1]] = 3.0
    loss = colour_loss(torch.zeros(1, BINS, 1, 2), ab, weights)
    assert loss == pytest.approx(2 * colour_loss(torch.zeros(1, BINS, 1, 2), ab).item())


def test_a_rebalance_outside_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match="rebalance"):
        bin_weights(torch.ones(3) / 3, 1.5)


def test_sizes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        colour_loss(torch.zeros(1, BINS, 4, 4), torch.zeros(1, 2, 8, 8))


def test_a_discriminator_in_doubt_loses_log_two_either_way() -> None:
    doubt = torch.zeros(2, 1, 3, 3)
    for true in (True, False):
        assert adversarial_loss(doubt, true).item() == pytest.approx(math.log(2))


def test_smoothing_asks_less_certainty_of_true_pictures_alone() -> None:
    certain = torch.full((1, 1, 2, 2), 9.0)
    assert adversarial_loss(certain, True, smoothing=0.1) > 0.5 > adversarial_loss(certain, True)
    best = torch.tensor(0.9).logit().requires_grad_()
    (gradient,) = torch.autograd.grad(adversarial_loss(best, True, smoothing=0.1), best)
    assert gradient.item() == pytest.approx(0, abs=1e-6)
    assert adversarial_loss(-certain, False, smoothing=0.1) == adversarial_loss(-certain, False)


def test_the_rare_distance_counts_what_is_rare_in_the_data_most() -> None:
    frequency = torch.full((BINS,), 1e-3)
    common, rare = (int((bin_centres() - torch.tensor(ab)).norm(dim=1).argmin()) for ab in ((0.0, 0.0), (60.0, 40.0)))
    frequency[common], frequency[rare] = 0.5, 1e-6
    truth = torch.zeros(1, 2, 1, 2)
    truth[0, :, 0, 1] = torch.tensor([60.0, 40.0])
    wrong_where_common, wrong_where_rare = truth.clone(), truth.clone()
    wrong_where_common[0, 0, 0, 0] += 30
    wrong_where_rare[0, 0, 0, 1] += 30
    common_loss, rare_loss = (rare_distance(a, truth, frequency) for a in (wrong_where_common, wrong_where_rare))
    assert rare_loss == pytest.approx(30 / 20, rel=0.02)
    assert common_loss < 0.1


def test_the_rare_distance_has_a_gradient_also_where_the_answer_is_right() -> None:
    answer = torch.zeros(1, 2, 2, 2, requires_grad=True)
    rare_distance(answer, torch.zeros(1, 2, 2, 2), torch.full((BINS,), 1e-3)).backward()
    assert answer.grad is not None
    assert answer.grad.isfinite().all()


def test_an_answer_as_colourful_as_the_truth_says_where_colour_belongs_and_not_how_much() -> None:
    truth = torch.randn(3, 2, 8, 8, generator=torch.Generator().manual_seed(0)) * 20
    torch.testing.assert_close(as_colourful(truth / 4, truth), truth)
    torch.testing.assert_close(as_colourful(truth * 2, truth), truth)
    # One gain for all: a photo that came out duller than the others stays so.
    uneven = truth * torch.tensor([0.5, 1.0, 1.0])[:, None, None, None]
    gain = as_colourful(uneven, truth) / uneven
    torch.testing.assert_close(gain, torch.full_like(gain, gain.mean().item()))
    assert gain.mean() > 1


def test_a_grey_answer_stays_grey_and_can_learn() -> None:
    answer = torch.zeros(1, 2, 4, 4, requires_grad=True)
    made = as_colourful(answer, torch.full((1, 2, 4, 4), 30.0))
    assert not made.any()
    made.sum().backward()
    assert answer.grad is not None
    assert answer.grad.isfinite().all()
    assert answer.grad.any()
