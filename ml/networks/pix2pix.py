"""``pix2pix``: a U-Net that paints ab, against a discriminator that learns to tell painted from true colour.

Isola, Zhu, Zhou and Efros 2017, section 3 and appendix 6.1: 4x4 convolutions, N(0, 0.02) initial weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ml.color import AB_UNIT
from ml.networks import Network, register
from ml.networks.discriminator import WIDEST, Down, initialise
from ml.objectives.adversarial import Adversarial

_DROPPED_OUT = 3
"""So many layers from the bottom up, dropout stands in for the noise of a GAN."""


class Up(nn.Sequential):
    """Transposed convolution to twice the size, batch norm, dropout where asked, ReLU: Ck and CDk of the decoder."""

    def __init__(self, inputs: int, outputs: int, dropout: bool) -> None:
        dropped = [nn.Dropout(0.5)] if dropout else []
        conv = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False)
        super().__init__(conv, nn.BatchNorm2d(outputs), *dropped, nn.ReLU(inplace=True))


@register("pix2pix")
class Pix2Pix(Network):
    """The generator: 54.4 M weights. See :class:`ml.networks.Network` for its interface.

    ``width``: channels of the first layer; ``levels``: halvings on the way down, 8 of which bring 256 pixels to 1.
    Every layer of the encoder is joined to the one of the decoder that has its size. The first layer and the
    bottom have no batch norm: at the bottom a batch of one would leave nothing. Dropout works in training alone:
    the paper keeps it on in use as well, but a photo that is coloured twice should get the same colours.
    """

    stride = 1
    bins = "none"
    uncalibrated = (1.0, 1.0)
    objective = Adversarial
    defaults: ClassVar[Mapping[str, Any]] = {
        "batch": 4,
        "crop": 256,
        "rate": 2e-4,
        "schedule": "plateau",
        "warm_up": 0,
        "clip": 0.0,
    }

    def __init__(self, width: int = 64, levels: int = 8) -> None:
        super().__init__()
        self.multiple = 2**levels
        widths = [width * min(2**level, WIDEST) for level in range(levels)]
        self.down = nn.ModuleList(
            Down(inputs, outputs, plain=level in (0, levels - 1))
            for level, (inputs, outputs) in enumerate(zip([1, *widths], widths, strict=False))
        )
        rising = list(reversed(widths))
        self.up = nn.ModuleList(
            Up(inputs if level == 0 else 2 * inputs, outputs, dropout=level < _DROPPED_OUT)
            for level, (inputs, outputs) in enumerate(pairwise(rising))
        )
        self.paint = nn.Sequential(nn.ConvTranspose2d(2 * width, 2, 4, 2, 1), nn.Tanh())
        self.apply(initialise)

    def forward(self, lightness: Tensor, pins: Tensor | None = None) -> Tensor:
        """Ab ``[N, 2, H, W]`` in Lab units; see :class:`ml.networks.Network`."""
        self.check_input(lightness, pins)
        x = lightness / 50 - 1
        passed = []
        for down in self.down:
            x = down(x)
            passed.append(x)
        for up, skip in zip(self.up, reversed(passed[:-1]), strict=True):
            x = torch.cat([up(x), skip], dim=1)
        painted: Tensor = self.paint(x)
        return painted * AB_UNIT
