"""The network that classifies ab bins: its shape, and what it answers."""

from __future__ import annotations

import torch
from torch import nn

from ml.color import bin_centres
from ml.networks.zhang import Zhang


def test_it_has_the_papers_convolutions_and_size_but_for_the_bins() -> None:
    network = Zhang()
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    assert len(convolutions) == 22 + 1
    # With the paper's 313 bins instead of ours, 257 weights each, the published 32.2 M.
    weights = sum(p.numel() for p in network.parameters())
    assert weights + (313 - len(bin_centres())) * 257 == 32_235_385


def test_the_deep_blocks_work_at_an_eighth_of_the_size_two_of_them_dilated() -> None:
    network = Zhang(2).eval()
    lightness = torch.rand(1, 1, 48, 64) * 100
    x, sizes = lightness, []
    for block in network.blocks:
        x = block(x)
        sizes.append(tuple(x.shape[2:]))
    assert sizes == [(24, 32), (12, 16), *[(6, 8)] * 5]
    assert network(lightness).shape == (1, len(bin_centres()), 12, 16)
    dilations = [block[0].dilation[0] for block in network.blocks]
    assert dilations == [1, 1, 1, 1, 2, 2, 1]


def test_an_untrained_network_answers_with_the_datas_most_frequent_colour() -> None:
    torch.manual_seed(0)
    network = Zhang(4).eval()
    frequency = torch.full((len(bin_centres()),), 1e-6)
    frequency[100] = 1.0
    network.start_from(frequency)
    logits = network(torch.rand(1, 1, 32, 32) * 100)
    assert (logits.argmax(dim=1) == 100).all()
