"""The discriminator of an adversarial training, and what it has in common with the generator.

Isola, Zhu, Zhou and Efros 2017, appendix 6.1: 4x4 convolutions, batch norm, N(0, 0.02) initial weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ml.color import AB_UNIT

WIDEST = 8
"""The widest layer, in multiples of the first one's width."""
_SLOPE = 0.2
_INITIAL_DEVIATION = 0.02


class Down(nn.Sequential):
    """Convolution, batch norm unless ``plain``, leaky ReLU: Ck of the paper's encoder and discriminator."""

    def __init__(self, inputs: int, outputs: int, stride: int = 2, plain: bool = False) -> None:
        conv = nn.Conv2d(inputs, outputs, 4, stride, 1, bias=plain)
        norm = [] if plain else [nn.BatchNorm2d(outputs)]
        super().__init__(conv, *norm, nn.LeakyReLU(_SLOPE, inplace=True))


class PatchDiscriminator(nn.Module):
    """Judges every 70x70 patch of a picture by itself: 2.77 M weights.

    ``width``: channels of the first layer; ``levels``: layers that halve the size, 3 of which see 70 pixels.
    """

    def __init__(self, width: int = 64, levels: int = 3) -> None:
        super().__init__()
        widths = [width * min(2**level, WIDEST) for level in range(levels + 1)]
        self.layers = nn.Sequential(
            Down(3, width, plain=True),
            *(Down(widths[i], widths[i + 1], stride=2 if i + 1 < levels else 1) for i in range(levels)),
            nn.Conv2d(widths[-1], 1, 4, 1, 1),
        )
        self.apply(initialise)

    def forward(self, lightness: Tensor, *pictures: Tensor) -> tuple[Tensor, ...]:
        """Logits of each of several pictures of one lightness: ``[N, 1, 30, 30]`` for 256 pixels, above 0 for "true".

        ``lightness``: ``[N, 1, H, W]``, L* 0..100; ``pictures``: ab ``[N, 2, H, W]`` in Lab units. Each is judged by
        itself: true and painted ones do not share a batch norm's statistics.
        """
        return tuple(self.layers(torch.cat([lightness / 50 - 1, ab / AB_UNIT], dim=1)) for ab in pictures)


def initialise(module: nn.Module) -> None:
    """Draw a convolution's weights as the paper does; for :meth:`torch.nn.Module.apply`."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0, _INITIAL_DEVIATION)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
