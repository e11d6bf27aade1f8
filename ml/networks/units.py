"""Convolution, batch norm and activation as one: while they learn, and packed for use alone on a processor."""

from __future__ import annotations

from functools import lru_cache
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_BN_EPS = 1e-3


class SameConv(nn.Conv2d):
    """Convolution with TensorFlow's SAME padding, which the encoder's weights were trained with.

    On even sizes a stride of 2 pads one pixel less before than after.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.groups > 1 and x.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
            # Its gradient in half precision takes ten times as long on processors.
            with torch.autocast("cpu", enabled=False):
                return self._convolved(x.float())
        return self._convolved(x)

    def _convolved(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.kernel(), self.bias, self.stride, self.padding, groups=self.groups)

    def kernel(self) -> Tensor:
        """The weight, with which even padding gives the same as uneven padding, which would copy the picture."""
        return self.weight if self.stride[0] == 1 else F.pad(self.weight, (1, 0, 1, 0))


class Unit(nn.Sequential):
    """Convolution, batch norm and, unless ``linear``, ReLU6."""

    def __init__(self, conv: nn.Conv2d, linear: bool = False) -> None:
        layers: list[nn.Module] = [conv, nn.BatchNorm2d(conv.out_channels, eps=_BN_EPS, momentum=0.03)]
        super().__init__(*layers, *([] if linear else [nn.ReLU6(inplace=True)]))

    def forward(self, x: Tensor, plus: Tensor | None = None) -> Tensor:
        """``plus``: what is added to the result, of its shape."""
        for layer in self:
            x = layer(x)
        return x if plus is None else plus + x


class PackedUnit(nn.Module):
    """A :class:`Unit` whose norm is folded in, for use alone on a processor: one pass, its weights laid out for it.

    The best layout depends on the picture's size and on how many threads there are. Weights that lie otherwise are
    laid out anew at every call, at worst for longer than all the rest takes. Both operations are what
    ``torch.compile`` builds with, which would need a C++ compiler where photos are coloured.
    """

    def __init__(self, unit: Unit) -> None:
        super().__init__()
        conv = cast(nn.Conv2d, unit[0])
        kernel = conv.kernel() if isinstance(conv, SameConv) else conv.weight
        kernel = kernel.detach().contiguous(memory_format=torch.channels_last)
        how = (list(conv.padding), list(conv.stride), [1, 1], conv.groups)
        self._bias, self._how = conv.bias, how
        self._activation = ("hardtanh", [0.0, 6.0]) if isinstance(unit[-1], nn.ReLU6) else ("none", [])

        @lru_cache(maxsize=4)  # two kinds of scan, upright and lying: each takes as much memory again as the weights
        def kernel_for(threads: int, *size: int) -> Tensor:
            return cast(Tensor, torch.ops.mkldnn._reorder_convolution_weight(kernel, *how, size))

        self._kernel_for = kernel_for

    def forward(self, x: Tensor, plus: Tensor | None = None) -> Tensor:
        """See :meth:`Unit.forward`."""
        kernel = self._kernel_for(torch.get_num_threads(), *x.shape)
        convolution = torch.ops.mkldnn._convolution_pointwise
        if plus is None:
            return cast(Tensor, convolution(x, kernel, self._bias, *self._how, *self._activation, ""))
        added = convolution.binary(x, plus, kernel, self._bias, *self._how, "add", 1.0, None, [], "")
        return cast(Tensor, added)


def pack(network: nn.Module) -> None:
    """Pack every :class:`Unit` of a network in float32 on the CPU, whose norms are folded in; it cannot learn then.

    Not those whose numbers are none: a packed ReLU6 would make some of them, and so hide that a model is broken.
    """
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, Unit) and all(p.isfinite().all() for p in child.parameters()):
                setattr(module, name, PackedUnit(child))
