"""``zhang``: the network that made colouring a classification of ab bins.

Zhang, Isola and Efros 2016, section 3.1 and figure 2: VGG's blocks of 3x3 convolutions without pooling, the deep
ones dilated, a batch norm after each block, the answer at a quarter of the input's size.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ml.color import bin_centres
from ml.networks import Network, register
from ml.objectives.bins import Bins

# width in multiples of the first, convolutions, stride of the last, dilation
_BLOCKS = ((1, 2, 2, 1), (2, 2, 2, 1), (4, 3, 2, 1), (8, 3, 1, 1), (8, 3, 1, 2), (8, 3, 1, 2), (8, 3, 1, 1))
_LAST = 4


class Block(nn.Sequential):
    """3x3 convolutions with ReLU, the last of them strided, then batch norm."""

    def __init__(self, inputs: int, outputs: int, convolutions: int, stride: int, dilation: int) -> None:
        layers: list[nn.Module] = []
        for i in range(convolutions):
            last = stride if i == convolutions - 1 else 1
            layers += [nn.Conv2d(inputs, outputs, 3, last, dilation, dilation), nn.ReLU(inplace=True)]
            inputs = outputs
        super().__init__(*layers, nn.BatchNorm2d(outputs))


@register("zhang")
class Zhang(Network):
    """32.2 M weights. See :class:`ml.networks.Network` for its interface.

    ``width``: channels of the first block. The bins are ours (:func:`ml.color.bin_centres`: fewer than the paper's
    313, which also hold those that only touch the gamut). The weights begin as He et al. 2015 have it, where the
    paper begins with clusters of its own data (Kraehenbuehl et al. 2016).
    """

    multiple = 8
    stride = 4
    bins = "joint"
    uncalibrated = (0.38, 1.0)  # the paper's, section 2.3
    objective = Bins
    defaults: ClassVar[Mapping[str, Any]] = {
        "batch": 40,
        "crop": 176,
        # Ten times the paper's, who had days for 450,000 batches.
        "rate": 3e-4,
        "rebalance": 0.5,
        "regression": 0.0,
        "weight_decay": 1e-3,
    }

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        widths = [width * times for times, *_ in _BLOCKS]
        self.blocks = nn.Sequential(
            *(Block(i, o, *shape) for i, o, (_, *shape) in zip([1, *widths], widths, _BLOCKS, strict=False))
        )
        last = width * _LAST
        self.rise = nn.Sequential(
            nn.ConvTranspose2d(widths[-1], last, 4, 2, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(last, last, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(last, last, 3, padding=1),
            nn.ReLU(inplace=True),
        )
        self.classify = nn.Conv2d(last, len(bin_centres()), 1)
        for module in (*self.blocks.modules(), *self.rise.modules()):
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(torch.as_tensor(module.bias))

    def start_from(self, frequency: Tensor) -> None:
        super().start_from(frequency)
        with torch.no_grad():
            torch.as_tensor(self.classify.bias).copy_(self.log_frequency)

    def forward(self, lightness: Tensor, pins: Tensor | None = None) -> Tensor:
        """Logits over the joint bins; see :class:`ml.networks.Network`."""
        self.check_input(lightness, pins)
        return self.balanced(self.classify(self.rise(self.blocks(lightness / 50 - 1))))
