"""Where a training runs: Lightning Fabric's devices, precision and processes, and batch norms that share a batch."""

from __future__ import annotations

from typing import Any, cast

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins import MixedPrecision
from lightning_fabric.strategies.ddp import DDPStrategy
from torch import Tensor, distributed, nn

from ml.settings import Settings


def fabric_of(settings: Settings, accelerator: str = "cpu", devices: int = 1) -> Fabric:
    """A Fabric on ``devices`` processors of a kind ("cpu", "cuda", "auto"), one process each; launched.

    Each process gets its own share of every batch, and gradients are averaged. Under torchrun the processes are
    there already; else they are started here, from the same command line. On several CPU processes the backend is
    gloo, on CUDA NCCL. Raises ValueError where there is no such processor.
    """
    if accelerator == "cuda" and not torch.cuda.is_available():
        raise ValueError("there is no CUDA device that torch could use: leave --accelerator away")
    if accelerator == "cuda" and devices > (found := torch.cuda.device_count()):
        raise ValueError(f"there are {found} CUDA devices that torch could use, not {devices}")
    # A discriminator sees two batches before it steps back: buffers must not be sent around in between. And where none
    # of a process's views has pins, what listens to pins has no gradient there: the others would wait for it for ever.
    several = DDPStrategy(broadcast_buffers=False, find_unused_parameters=True)
    strategy = several if devices > 1 else "auto"
    fabric = Fabric(accelerator=accelerator, devices=devices, strategy=strategy, precision=settings.precision)
    if settings.precision != "32-true":
        fabric.strategy.precision.__class__ = _KeepInput
    fabric.launch()
    return fabric


class _KeepInput(MixedPrecision):
    """Fabric would give a network its input in half the digits already, and lightness needs them all."""

    def convert_input(self, data: Any) -> Any:
        return data


def mean_over_processes(fabric: Fabric, values: dict[str, float]) -> dict[str, float]:
    """Means of each process's own values, the same in every process."""
    if fabric.world_size == 1:
        return values
    means = fabric.all_reduce(torch.tensor(list(values.values()), dtype=torch.float64, device=fabric.device))
    return dict(zip(values, cast(Tensor, means).tolist(), strict=True))


def share_norms(module: nn.Module) -> None:
    """Make batch norms in training take their statistics over the batches of all processes, as one process would."""
    for norm in module.modules():
        if type(norm) is nn.BatchNorm2d:
            norm.__class__ = _SharedNorm


class _SharedNorm(nn.BatchNorm2d):
    """torch's own SyncBatchNorm does the same, but on GPUs alone."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        wide = x.float()
        mean = _mean(wide.mean(dim=(0, 2, 3)))
        centred = wide - mean[:, None, None]
        variance = _mean(centred.square().mean(dim=(0, 2, 3)))
        count = x.numel() // x.shape[1] * distributed.get_world_size()
        momentum = cast(float, self.momentum)
        with torch.no_grad():
            cast(Tensor, self.running_mean).lerp_(mean, momentum)
            cast(Tensor, self.running_var).lerp_(variance * count / max(1, count - 1), momentum)
            cast(Tensor, self.num_batches_tracked).add_(1)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(x.dtype)


def _mean(tensor: Tensor) -> Tensor:
    return cast(Tensor, _Sum.apply(tensor)) / distributed.get_world_size()


class _Sum(torch.autograd.Function):
    """A sum over all processes, through which gradients flow: what one process lost depends on all."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        total = tensor.contiguous().clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        total = gradient.contiguous().clone()
        distributed.all_reduce(total)
        return total
