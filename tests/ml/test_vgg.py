"""The networks that stand on VGG-16: the report's own, and the fusion of its depths."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ml import networks
from ml.color import AB_UNIT, bin_centres, marginal_centres
from ml.networks import Network
from ml.networks.fusion import Side, Sum
from ml.networks.vgg16 import Vgg


@pytest.fixture(scope="module")
def vgg() -> Vgg:
    torch.manual_seed(0)
    return Vgg().eval()


def with_encoder(name: str, vgg: Vgg) -> Network:
    network = networks.create(name)
    network.load_encoder(vgg.state_dict())
    return network


def test_vgg_makes_seven_by_seven_by_512_of_224_pixels(vgg: Vgg) -> None:
    with torch.no_grad():
        assert vgg(torch.full((1, 1, 224, 224), 50.0)).shape == (1, 512, 7, 7)


def test_the_depths_of_vgg_are_what_its_poolings_see(vgg: Vgg) -> None:
    lightness = torch.rand(1, 1, 32, 64) * 100
    with torch.no_grad():
        depths = vgg.depths(lightness)
        last = nn.functional.max_pool2d(depths[-1], 2)
        assert torch.equal(last, vgg(lightness))
    assert [tuple(d.shape[1:]) for d in depths] == [
        (64, 32, 64),
        (128, 16, 32),
        (256, 8, 16),
        (512, 4, 8),
        (512, 2, 4),
    ]


def test_lightness_is_repeated_for_all_three_colours(vgg: Vgg) -> None:
    lightness = torch.rand(1, 1, 32, 32) * 100
    heard: list[Tensor] = []
    hook = vgg.layers[0].register_forward_pre_hook(lambda _, given: heard.append(given[0]))
    with torch.no_grad():
        vgg(lightness)
    hook.remove()
    torch.testing.assert_close(heard[0] + vgg.mean, (lightness * 2.55).expand(1, 3, 32, 32))


def test_the_reports_network_answers_within_tanh_in_lab_units(vgg: Vgg) -> None:
    network = with_encoder("vgg16", vgg).eval()
    with torch.no_grad():
        for parameter in network.detector.parameters():
            parameter.mul_(10)
        output = network(torch.rand(1, 1, 32, 32) * 100)
    assert output.shape == (1, 2, 16, 16)
    assert AB_UNIT / 2 < output.abs().max() <= AB_UNIT


def test_concatenation_keeps_every_channel_of_every_depth(vgg: Vgg) -> None:
    with torch.no_grad():
        maps = vgg.depths(torch.rand(1, 1, 64, 32) * 100)[1:]
        joined = Side().eval()(maps)
    assert joined.shape == (1, sum(m.shape[1] for m in maps), 16, 8)
    assert Side.channels == joined.shape[1] == 1408


def test_addition_has_the_channels_of_one_depth(vgg: Vgg) -> None:
    with torch.no_grad():
        joined = Sum().eval()(vgg.depths(torch.rand(1, 1, 64, 32) * 100)[1:])
    assert joined.shape == (1, Sum.channels, 16, 8)


@pytest.mark.parametrize("name", ["fusion", "fusion-regression"])
def test_batch_norm_comes_before_every_non_linearity_that_learns(name: str) -> None:
    network = networks.create(name)
    learned = [m for m in network.modules() if isinstance(m, nn.Sequential) and m is not network.encoder.layers]
    units = [list(m) for m in learned if any(isinstance(layer, nn.ReLU) for layer in m)]
    assert units
    for layers in units:
        assert all(isinstance(layers[i - 1], nn.BatchNorm2d) for i, m in enumerate(layers) if isinstance(m, nn.ReLU))


def test_fusion_gives_a_distribution_over_a_and_one_over_b(vgg: Vgg) -> None:
    network = with_encoder("fusion", vgg).eval()
    with torch.no_grad():
        output = network(torch.rand(1, 1, 32, 32) * 100)
    probability = output.unflatten(1, (2, len(marginal_centres()))).softmax(dim=2)
    torch.testing.assert_close(probability.sum(dim=2), torch.ones(1, 2, 8, 8))
    mean = (probability * marginal_centres()[:, None, None]).sum(dim=2)
    torch.testing.assert_close(network.ab(output), mean, atol=1e-3, rtol=1e-4)


def test_an_untrained_fusion_starts_from_the_datas_colours() -> None:
    network = networks.create("fusion").eval()
    frequency = torch.zeros(len(bin_centres()))
    frequency[(bin_centres() == torch.tensor((20.0, -30.0))).all(dim=1)] = 1
    network.start_from(frequency)
    nn.init.zeros_(network.answer.weight)
    with torch.no_grad():
        ab = network.ab(network(torch.full((1, 1, 16, 16), 50.0)), 0.1)
    torch.testing.assert_close(ab[0, :, 0, 0], torch.tensor((20.0, -30.0)), atol=0.5, rtol=0)
