"""Colour spaces, gamut and bins."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage import color as skimage_color
from torch import Tensor

from ml import color


def picture(*rows: tuple[float, ...]) -> Tensor:
    """Colours as a picture [3, 1, n]."""
    return torch.tensor(rows, dtype=torch.float64).T[:, None, :]


def random_srgb(seed: int = 0, side: int = 40) -> Tensor:
    return torch.rand(3, side, side, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# skimage.color.rgb2lab 0.26, D65, 2 degrees
FROZEN = [
    ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
    ((1.0, 1.0, 1.0), (100.0, -0.0025, 0.0047)),
    ((1.0, 0.0, 0.0), (53.2406, 80.0923, 67.2028)),
    ((0.0, 1.0, 0.0), (87.7351, -86.1830, 83.1797)),
    ((0.0, 0.0, 1.0), (32.2957, 79.1856, -107.8573)),
    ((0.01, 0.02, 0.03), (1.3001, -0.3124, -1.1998)),
]


@pytest.mark.parametrize(("srgb", "lab"), FROZEN)
def test_lab_is_scikit_images(srgb: tuple[float, ...], lab: tuple[float, ...]) -> None:
    assert color.srgb_to_lab(picture(srgb)).flatten().tolist() == pytest.approx(lab, abs=1e-4)


def test_lab_agrees_with_scikit_image_everywhere() -> None:
    srgb = random_srgb()
    expected = skimage_color.rgb2lab(srgb.permute(1, 2, 0).numpy())
    np.testing.assert_allclose(color.srgb_to_lab(srgb).permute(1, 2, 0).numpy(), expected, atol=1e-6)


def test_there_and_back_is_the_same_picture_in_float32() -> None:
    srgb = random_srgb(1).float()
    torch.testing.assert_close(color.lab_to_srgb(color.srgb_to_lab(srgb)), srgb, atol=2e-5, rtol=0)


def test_a_batch_is_treated_picture_by_picture() -> None:
    batch = torch.stack([random_srgb(2, 8), random_srgb(3, 8)])
    torch.testing.assert_close(color.srgb_to_lab(batch)[1], color.srgb_to_lab(batch[1]))


def test_lightness_of_a_grey_is_that_of_the_grey_as_colour() -> None:
    grey = torch.linspace(0, 1, 256, dtype=torch.float64)[None, None, :]
    torch.testing.assert_close(
        color.grey_to_lightness(grey)[0], color.srgb_to_lab(grey.expand(3, 1, 256))[0], atol=1e-3, rtol=0
    )


def test_gradients_are_right_on_both_sides_of_the_linear_toe() -> None:
    srgb = torch.tensor([[[0.01, 0.5]], [[0.02, 0.3]], [[0.03, 0.9]]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(color.srgb_to_lab, (srgb,))
    lab = torch.tensor([[[2.0, 60.0]], [[1.0, 20.0]], [[-1.0, -30.0]]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(color.lab_to_srgb, (lab,))


@pytest.mark.parametrize(
    ("image", "error"),
    [
        (np.zeros((3, 2, 2)), TypeError),
        (torch.zeros(3, 2, 2, dtype=torch.uint8), TypeError),
        (torch.zeros(1, 2, 2), ValueError),
        (torch.zeros(2, 3), ValueError),
    ],
)
def test_what_is_no_float_picture_is_refused(image: Tensor, error: type[Exception]) -> None:
    with pytest.raises(error):
        color.srgb_to_lab(image)


def test_the_gamut_holds_every_srgb_colour_and_no_louder_one() -> None:
    lab = color.srgb_to_lab(random_srgb(4))
    assert color.in_gamut(lab).all()
    louder = lab.clone()
    louder[1:] = 150 * louder[1:] / louder[1:].norm(dim=0)
    assert not color.in_gamut(louder).any()


def test_reduced_chroma_is_in_gamut_with_lightness_and_hue_kept() -> None:
    lab = color.srgb_to_lab(random_srgb(5))
    lab[1:] *= 1.8
    reduced = color.reduce_chroma(lab)
    srgb = color.lab_to_srgb(reduced)
    # The table is interpolated: at most one 8-bit step outside.
    assert srgb.min() > -1 / 255
    assert srgb.max() < 1 + 1 / 255
    torch.testing.assert_close(reduced[0], lab[0])
    torch.testing.assert_close(reduced[1] * lab[2], reduced[2] * lab[1])


def test_colours_well_inside_the_gamut_are_left_alone() -> None:
    lab = picture((50, 20, -10), (70, -15, 25), (30, 0, 0))
    torch.testing.assert_close(color.reduce_chroma(lab), lab)


def test_black_and_white_hold_no_chroma() -> None:
    reduced = color.reduce_chroma(picture((0, 30, 30), (100, -30, 10), (120, 5, 5)))
    assert reduced[1:].abs().max() < 0.1
    assert reduced[0].max() == 100


def test_the_chroma_table_has_known_corners() -> None:
    table = color.max_chroma_table()
    assert table.shape == (401, 361)
    assert table.dtype == np.float32
    np.testing.assert_allclose(table[:, 0], table[:, 360], atol=1e-3)
    # sRGB red: L* 53.24, hue 40.0 degrees, chroma 104.55
    assert 101 < table[213, 40] < 104.55


def test_the_bins_are_a_ten_unit_grid_around_grey() -> None:
    centres = color.bin_centres()
    assert centres.shape == (225, 2)
    assert (centres % 10 == 0).all()
    assert (centres == 0).all(dim=1).sum() == 1


def test_soft_targets_sum_to_one_and_begin_with_the_nearest_bin() -> None:
    ab = torch.tensor([[[[12.2, -40.0, 127.0]], [[-3.1, 20.4, 127.0]]]])
    index, weight = color.soft_encode(ab)
    assert index.shape == weight.shape == (1, 5, 1, 3)
    torch.testing.assert_close(weight.sum(1), torch.ones(1, 1, 3))
    assert (weight[:, :-1] >= weight[:, 1:]).all()
    nearest = color.bin_centres()[index[0, 0, 0]]
    assert nearest[:2].tolist() == [[10, 0], [-40, 20]]


def test_soft_targets_mean_the_colour_they_encode() -> None:
    ab = torch.tensor([[[[14.0, -20.0]], [[-6.0, 13.0]]]])
    index, weight = color.soft_encode(ab)
    logits = torch.full((1, 225, 1, 2), -30.0).scatter(1, index, weight.log())
    torch.testing.assert_close(color.annealed_mean(logits), ab, atol=1.5, rtol=0)


def test_a_low_temperature_moves_the_mean_to_the_mode() -> None:
    logits = torch.zeros(225, 1, 1)
    logits[17] = 1.0
    mode = color.bin_centres()[17]
    far = (color.annealed_mean(logits, 1.0).flatten() - mode).norm()
    near = (color.annealed_mean(logits, 0.05).flatten() - mode).norm()
    assert near < 0.1 < far


def test_temperature_one_is_the_mean_and_towards_nought_the_mode() -> None:
    logits = 3 * torch.randn(2, 225, 3, 4, generator=torch.Generator().manual_seed(0))
    centres = color.bin_centres()
    mean = (logits.softmax(dim=1)[:, :, None] * centres[:, :, None, None]).sum(dim=1)
    torch.testing.assert_close(color.annealed_mean(logits, 1.0), mean, atol=1e-3, rtol=0)
    mode = centres[logits.argmax(dim=1)].movedim(-1, 1)
    torch.testing.assert_close(color.annealed_mean(logits, 1e-4), mode, atol=1e-3, rtol=0)


def test_a_temperature_of_nought_is_refused() -> None:
    with pytest.raises(ValueError, match="temperature"):
        color.annealed_mean(torch.zeros(225, 1, 1), 0)


def test_marginal_bins_name_the_nearest_step_of_each_channel() -> None:
    ab = torch.tensor([[-110.0, 2.4, 200.0], [0.0, -7.6, 107.6]])[:, None]
    index = color.marginal_encode(ab)
    assert color.marginal_centres()[index].squeeze(1).tolist() == [[-110, 0, 110], [0, -10, 110]]


def test_the_marginal_mean_reads_each_channel_from_its_own_half() -> None:
    logits = torch.full((90, 1, 1), -50.0)
    logits[24], logits[26] = 0.0, 0.0  # a*: 10 or 20
    logits[45 + 18] = 0.0  # b*: -20
    torch.testing.assert_close(color.marginal_mean(logits).flatten(), torch.tensor([15.0, -20.0]))
    logits[26] = 1.0
    assert color.marginal_mean(logits, 0.05)[0].item() == pytest.approx(20, abs=1e-3)
    with pytest.raises(ValueError, match="temperature"):
        color.marginal_mean(logits, 0)


def test_marginal_shares_follow_the_joint_ones() -> None:
    joint = torch.zeros(len(color.bin_centres()))
    for ab, share in ((10, -20), 0.75), ((30, -20), 0.25):
        joint[(color.bin_centres() == torch.tensor(ab)).all(dim=1)] = share
    a, b = color.marginal_shares(joint).split(len(color.marginal_centres()))
    assert a.sum().item() == pytest.approx(1)
    assert color.marginal_centres()[a.argmax()] == 10
    assert a[28] / a[24] == pytest.approx(1 / 3)
    assert b.sum().item() == pytest.approx(1)
    assert (b * color.marginal_centres()).sum().item() == pytest.approx(-20, abs=1e-4)
