"""``autoencoder``: lightness squeezed into a small code, and ab unfolded from it.

After the convolutional autoencoders that Singh 2022 trained for colour: strided convolutions, upsampling, tanh. No
layer of the encoder is joined to the decoder, so all that the colour rests on passes through the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor, nn

from ml.color import AB_UNIT
from ml.networks import Network, register
from ml.objectives.denoising import Denoising


class Unit(nn.Sequential):
    """3x3 convolution and ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        conv = nn.Conv2d(inputs, outputs, 3, stride, 1)
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        super().__init__(conv, nn.ReLU(inplace=True))


@register("autoencoder")
class Autoencoder(Network):
    """4.4 M weights. See :class:`ml.networks.Network` for its interface. ``width``: channels of the first layer.

    With the setting ``noise`` it learns as a denoising autoencoder.
    """

    multiple = 16
    stride = 2
    bins = "none"
    uncalibrated = (1.0, 1.0)
    objective = Denoising
    defaults: ClassVar[Mapping[str, Any]] = {"rate": 3e-4}

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            Unit(1, width, 2),
            Unit(width, 2 * width),
            Unit(2 * width, 2 * width, 2),
            Unit(2 * width, 4 * width),
            Unit(4 * width, 4 * width, 2),
            Unit(4 * width, 8 * width),
            Unit(8 * width, 4 * width, 2),
        )
        self.decoder = nn.Sequential(
            Unit(4 * width, 4 * width),
            nn.Upsample(scale_factor=2, mode="bilinear"),
            Unit(4 * width, 2 * width),
            nn.Upsample(scale_factor=2, mode="bilinear"),
            Unit(2 * width, width),
            nn.Upsample(scale_factor=2, mode="bilinear"),
            Unit(width, width // 2),
            nn.Conv2d(width // 2, 2, 3, padding=1),
        )

    def forward(self, lightness: Tensor, pins: Tensor | None = None) -> Tensor:
        """Ab in Lab units on a grid of half the size; see :class:`ml.networks.Network`."""
        self.check_input(lightness, pins)
        ab: Tensor = self.decoder(self.encoder(lightness / 50 - 1))
        return ab.tanh() * AB_UNIT
