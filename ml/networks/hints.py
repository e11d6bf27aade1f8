"""What a network needs to listen to pins: colours that someone who knows set on a few pixels.

Pins are ``[N, 3, H, W]`` = a, b in Lab units and a mask of 0 and 1. All parts here answer with zeros, or leave
what they were given as it is, where a picture has no pin.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ml.color import bin_centres

_EMBEDDED = 16
# Wide enough that a Gaussian over the 10-unit grid has its mean where it was put, also at half the temperature.
_SIGMA = 8.0
_NEVER = -1e4
# A Gaussian is surer of itself than a network is: the mean moves further than the gate says. With this added to its
# bias little is left on photos of the validation split, with few pins and with many (docs/model/pins.md).
_OF_MEANS = 3.0


def gather(pins: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Pins on a coarser grid: the mean colour set in each cell, ``[N, 2, h, w]``, and 0 or 1, ``[N, 1, h, w]``."""
    size = (height, width)
    share = F.adaptive_avg_pool2d(pins[:, 2:], size)
    ab = F.adaptive_avg_pool2d(pins[:, :2] * pins[:, 2:], size) / share.clamp(min=1e-6)
    return ab, (share > 0).to(pins)


class Copy(nn.Module):
    """Spreads the pins' colours over cells that are alike and near, and says how surely.

    Attention from every cell to the pinned ones, by the distance of embeddings made of learned features, lightness
    and place. The answer is a geometric mixture of the network's own distribution and a Gaussian around the colour
    attended to; the share of the latter is the gate, as in the pointer networks of See, Liu and Manning 2017.
    It begins as plain interpolation by lightness and place (after Levin, Lischinski and Weiss 2004).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.embed = nn.Conv2d(channels, _EMBEDDED, 1, bias=False)
        # The same in every network: weights from before there were pins must answer alike whenever they are loaded.
        nn.init.normal_(self.embed.weight, std=0.02, generator=torch.Generator().manual_seed(0))
        # Likeness falls by e over a seventh of the range of L*, and over a quarter of the picture.
        self.lightness_scale = nn.Parameter(torch.tensor(7.0))
        self.place_scale = nn.Parameter(torch.tensor(4.0))
        self.gate_scale = nn.Parameter(torch.tensor(0.5))
        self.gate_bias = nn.Parameter(torch.tensor(2.0))

    def forward(self, logits: Tensor, features: Tensor, lightness: Tensor, pins: Tensor) -> Tensor:
        """``logits`` ``[N, bins, h, w]``, ``features`` ``[N, channels, h, w]``, full-size lightness and pins."""
        pinned = pins[:, 2].flatten(1).any(1).nonzero()[:, 0]
        if not len(pinned):
            return logits
        # Distances of like things, which the halved digits of a mixed precision would drown.
        with torch.autocast(logits.device.type, enabled=False):
            logits = logits.float()
            colour, gate = self._attend(_some(features, pinned).float(), lightness[pinned], pins[pinned])
            # Only where there are pins: the bins are many, and a batch in training holds photos without.
            mixed = _some(logits, pinned).lerp(_gaussian(colour), gate)
            return logits.movedim(1, -1).index_copy(0, pinned, mixed.movedim(1, -1)).movedim(-1, 1)

    def _attend(self, features: Tensor, lightness: Tensor, pins: Tensor) -> tuple[Tensor, Tensor]:
        """The colour attended to, ``[N, 2, h, w]``, and the gate, ``[N, 1, h, w]``. Every picture has a pin."""
        height, width = features.shape[2:]
        ab, here = gather(pins, height, width)
        here = here.flatten(1)
        index = here.topk(int(here.sum(1).max()), dim=1).indices
        there = here.gather(1, index)
        colours = ab.flatten(2).mT.gather(1, index[..., None].expand(-1, -1, 2))
        cells = self.keys(features, lightness).flatten(2).mT
        marks = cells.gather(1, index[..., None].expand(-1, -1, cells.shape[2]))
        likeness = 2 * cells @ marks.mT - cells.square().sum(2)[:, :, None] - marks.square().sum(2)[:, None]
        likeness = likeness.masked_fill(there[:, None] == 0, _NEVER)
        colour = (likeness.softmax(dim=2) @ colours).mT.reshape(-1, 2, height, width)
        nearest = likeness.amax(dim=2).reshape(-1, 1, height, width)
        return colour, torch.sigmoid(self.gate_scale * nearest + self.gate_bias)

    def keys(self, features: Tensor, lightness: Tensor) -> Tensor:
        """What each cell is known by, ``[N, n, h, w]``: cells are the more alike the nearer their keys are."""
        height, width = features.shape[2:]
        area = (height * width) ** 0.5
        y = torch.arange(height).to(features)[:, None].expand(height, width) / area
        x = torch.arange(width).to(features)[None].expand(height, width) / area
        place = torch.stack([y, x]).expand(len(features), 2, height, width)
        light = F.adaptive_avg_pool2d(lightness, (height, width)) / 100
        parts = [self.embed(features), self.lightness_scale * light, self.place_scale * place]
        return torch.cat(parts, dim=1)

    def gate_of_means(self) -> tuple[float, float]:
        """Slope and bias of the gate where mean colours are mixed, not distributions: see `ml.attention`."""
        return self.gate_scale.item(), self.gate_bias.item() + _OF_MEANS


def _some(pictures: Tensor, index: Tensor) -> Tensor:
    """Some of ``[N, C, h, w]``. By cell, as they and their gradients lie in memory: all would be copied otherwise."""
    return pictures.movedim(1, -1).index_select(0, index).movedim(-1, 1)


def _gaussian(ab: Tensor) -> Tensor:
    """Logits of a Gaussian over the bins around each colour: ``[N, 2, h, w]`` to ``[N, bins, h, w]``."""
    centres = bin_centres().to(ab)
    cross = torch.einsum("nchw,kc->nkhw", ab, centres)
    return (2 * cross - centres.square().sum(1)[:, None, None]) / (2 * _SIGMA**2)
