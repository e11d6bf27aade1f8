"""``fusion`` and ``fusion-regression``: maps of several depths of VGG-16, side by side or added (Hwang and Zhou 2016).

The paper starts from a regression network that adds the maps of all depths on their way up, and replaces the sum by
a concatenation, so that no channel has to share its meaning with another depth's, and the regression by two
classifications, one for each chroma channel. Both put batch norm before every non-linearity.

Theirs are U and V of CIELUV in 50 bins each; ours are a* and b* in 45, as everything here is in Lab. VGG-16 stays as
it was trained elsewhere: what learns is how to read it.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ml.color import AB_UNIT
from ml.networks import Network, register
from ml.networks.vgg16 import Vgg
from ml.objectives.marginal import Marginal
from ml.objectives.regression import Regression

# Channels of the blocks that are looked at; the second's map is pooled to the colour grid, later ones brought up.
_DEPTHS = (128, 256, 512, 512)
_WIDE, _NARROW = 256, 128


class Unit(nn.Sequential):
    """Convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        super().__init__(conv, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Side(nn.Module):
    """The maps of all depths on one grid, side by side: as many channels as they have together."""

    channels = sum(_DEPTHS)

    def __init__(self) -> None:
        super().__init__()
        # VGG's depths differ tenfold in scale.
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for channels in _DEPTHS)

    def forward(self, maps: list[Tensor]) -> Tensor:
        size = maps[1].shape[2:]
        return torch.cat([_brought_to(size, norm(x)) for norm, x in zip(self.norms, maps, strict=True)], dim=1)


class Sum(nn.Module):
    """The maps of all depths on one grid, each narrowed to the same channels, added."""

    channels = _WIDE

    def __init__(self) -> None:
        super().__init__()
        self.narrow = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, _WIDE, 1, bias=False), nn.BatchNorm2d(_WIDE)) for channels in _DEPTHS
        )

    def forward(self, maps: list[Tensor]) -> Tensor:
        size = maps[1].shape[2:]
        return F.relu(torch.stack([_brought_to(size, f(x)) for f, x in zip(self.narrow, maps, strict=True)]).sum(dim=0))


def _brought_to(size: torch.Size, x: Tensor) -> Tensor:
    if x.shape[2] > size[0]:
        return F.max_pool2d(x, 2)
    return x if x.shape[2:] == size else F.interpolate(x, size, mode="bilinear", align_corners=False)


class _Fusion(Network):
    """What both have in common: VGG-16, its maps joined, and two more convolutions."""

    multiple = 16
    stride = 4
    pretrained = "vgg16"

    def __init__(self, join: Side | Sum) -> None:
        super().__init__()
        self.encoder = Vgg().requires_grad_(False)
        self.join = join
        self.mix = nn.Sequential(Unit(join.channels, _WIDE, 1), Unit(_WIDE, _NARROW, 3))
        self.answer = nn.Conv2d(_NARROW, self.channels(), 1)

    def encoder_parameters(self) -> list[nn.Parameter]:
        return list(self.encoder.parameters())

    def forward(self, lightness: Tensor, pins: Tensor | None = None) -> Tensor:
        """See :class:`ml.networks.Network`. Raises ValueError on pins: these networks take none."""
        self.check_input(lightness, pins)
        return cast(Tensor, self.answer(self.mix(self.join(self.encoder.depths(lightness)[1:]))))


@register("fusion")
class Fusion(_Fusion):
    """Maps side by side, and a distribution over the bins of a*, and one over those of b*."""

    bins = "marginal"
    objective = Marginal

    def __init__(self) -> None:
        super().__init__(Side())

    def start_from(self, frequency: Tensor) -> None:
        super().start_from(frequency)
        with torch.no_grad():
            torch.as_tensor(self.answer.bias).copy_(self.log_frequency)

    def forward(self, lightness: Tensor, pins: Tensor | None = None) -> Tensor:
        return self.balanced(super().forward(lightness, pins))


@register("fusion-regression")
class FusionRegression(_Fusion):
    """Their baseline: maps added, and ab itself."""

    bins = "none"
    objective = Regression

    def __init__(self) -> None:
        super().__init__(Sum())

    def forward(self, lightness: Tensor, pins: Tensor | None = None) -> Tensor:
        return super().forward(lightness, pins) * AB_UNIT
