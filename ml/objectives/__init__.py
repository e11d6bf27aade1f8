"""How a network learns: an objective owns the losses and the optimisers, and makes one step on one batch.

The loop in :mod:`ml.training` does everything else, alike for every network: devices, precision and processes,
batches, the rate's schedule, averaging, early stop, checkpoints, exact resume, log, plot and samples.

A network names its objective as ``Network.objective`` and its own defaults as ``Network.defaults``. With one loss
and one optimiser an objective is a :class:`Descent` of a few lines (see :mod:`ml.objectives.bins`); an adversarial
one gives its own :meth:`Objective.step` and puts its second network into ``modules``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

if TYPE_CHECKING:
    import numpy as np
    from lightning_fabric import Fabric

    from ml.networks import Network
    from ml.sampler import Batch
    from ml.settings import Settings

Losses = dict[str, Tensor]


@dataclass(frozen=True)
class NoOptions:
    """An objective without settings of its own."""


class Objective(ABC):
    """What every objective declares.

    Made from a network with its first weights, the run's settings and ``frequency`` (``[bins]``, the data's share of
    each ab bin). After ``__init__`` these hold, by name, all that the loop moves to the device and saves:

    - ``modules``: what has weights, ``"network"`` among them. A second network (a discriminator) goes beside it.
    - ``optimizers``: one or more; a group's ``lr`` is its rate at the top, the loop scales it from step to step.

    ``bare`` is the network itself, for what it declares; ``network`` is what to call in a step.
    ``Options``: a frozen dataclass, the objective's own settings; ``python -m ml train --set NAME=VALUE`` gives them.
    """

    Options: ClassVar[type[Any]] = NoOptions

    def __init__(self, network: Network, settings: Settings, frequency: Tensor) -> None:
        self.settings = settings
        self.options: Any = self.Options(**settings.options)
        self.frequency = frequency
        self.bare = network
        self.modules: dict[str, nn.Module] = {"network": network}
        self.optimizers: dict[str, torch.optim.Optimizer] = {}
        self.fabric: Fabric

    @property
    def network(self) -> nn.Module:
        """The network in training; call it, so that precision and gradients between processes are looked after."""
        return self.modules["network"]

    @abstractmethod
    def step(self, batch: Batch) -> dict[str, float]:
        """Learn from one batch: what to descend is up to the objective, see :meth:`descend`.

        Returns named losses, ``"loss"`` among them; they are logged, and drawn as curves.
        """

    @abstractmethod
    def losses(self, output: Tensor, batch: Batch) -> Losses:
        """Named losses of a network's output, scalars. Their sum is what validation watches."""

    def predict(self, network: nn.Module, batch: Batch) -> Tensor:
        """The output of ``network`` (the one in training, or its average) for a batch."""
        if batch.features is not None:
            return cast(Tensor, cast(Any, network).from_features(*map(_channels_last, batch.features)))
        output: Tensor = network(_channels_last(batch.lightness), batch.pins)
        return output

    def truth(self, batch: Batch) -> Tensor:
        """The true colour on the network's grid: ``[N, 2, H / stride, W / stride]`` in Lab units."""
        return F.avg_pool2d(batch.ab, self.bare.stride) if self.bare.stride > 1 else batch.ab

    def pins(self, ab: Tensor, random: np.random.Generator) -> Tensor | None:
        """Simulated pins of one view, where the network is guided.

        ``ab``: ``[2, H, W]``, the view's colour; ``random``: the view's own, so that it is drawn alike in any
        process. Returns ``[3, H, W]``: a, b and mask 0/1; None where the network takes no pins.
        """
        return None

    def features(self, lightness: Tensor) -> tuple[Tensor, ...] | None:
        """What the network's frozen part makes of ``lightness`` ``[N, 1, H, W]``, one or more ``[N, ...]``.

        With the setting ``cached`` the loop asks for it once a photo, and from then on gives it as
        ``Batch.features``; the network then needs a method ``from_features(*features)`` that returns its output.
        """
        return self.bare.features(lightness)

    def descend(self, loss: Tensor, optimizer: str = "network") -> float:
        """Go one step down ``loss`` with one optimiser; returns the gradient's norm before it is clipped.

        Raises FloatingPointError where the loss is lost, before it spoils the weights.
        """
        # The mean over all processes: where one has lost its way, all stop.
        found = cast(Tensor, self.fabric.all_reduce(loss.detach().clone())).item()
        if not math.isfinite(found):
            raise FloatingPointError(f"the loss is {found}: try a lower rate")
        chosen = self.optimizers[optimizer]
        chosen.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        norm = self.fabric.clip_gradients(
            self.modules[optimizer], chosen, max_norm=self.settings.clip or math.inf, error_if_nonfinite=False
        )
        chosen.step()
        return float(cast(Tensor, norm))

    def setup(self, fabric: Fabric) -> None:
        """Hand modules and optimisers to Fabric: devices, precision, and processes that share their gradients."""
        self.fabric = fabric
        for name, module in self.modules.items():
            self.modules[name] = fabric.setup_module(module)
            if hasattr(module, "from_features"):
                self.modules[name].mark_forward_method("from_features")  # type: ignore[operator]
        for name, optimizer in self.optimizers.items():
            self.optimizers[name] = cast(torch.optim.Optimizer, fabric.setup_optimizers(optimizer))
        self.frequency = fabric.to_device(self.frequency)

    def state_dict(self) -> dict[str, Tensor]:
        """All that a resume needs: ``<module>.<tensor>`` and ``optimizer.<optimiser>.<parameter>.<moment>``."""
        state = {f"{m}.{k}": v for m, module in self.modules.items() for k, v in module.state_dict().items()}
        for name, optimizer in self.optimizers.items():
            for i, moments in optimizer.state_dict()["state"].items():
                state |= {f"optimizer.{name}.{i}.{k}": torch.as_tensor(v) for k, v in moments.items()}
        return state

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take over what :meth:`state_dict` gave."""
        for name, module in self.modules.items():
            module.load_state_dict(part(state, f"{name}."))
        for name, optimizer in self.optimizers.items():
            moments: dict[int, dict[str, Tensor]] = {}
            for key, value in part(state, f"optimizer.{name}.").items():
                i, moment = key.split(".", 1)
                moments.setdefault(int(i), {})[moment] = value
            optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})


class Descent(Objective):
    """The usual case: one optimiser, named ``"network"``, goes down the sum of :meth:`losses`."""

    def step(self, batch: Batch) -> dict[str, float]:
        """See :meth:`Objective.step`; adds the gradient's ``norm``, and each loss where there are several."""
        losses = self.losses(self.predict(self.network, batch), batch)
        total = torch.stack(list(losses.values())).sum()
        norm = self.descend(total)
        each = {k: v.item() for k, v in losses.items()} if len(losses) > 1 else {}
        return {"loss": total.item(), **each, "norm": norm}


def _channels_last(tensor: Tensor) -> Tensor:
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


class AdamDescent(Descent):
    """A descent of all weights that are not frozen, under Adam (Kingma and Ba 2015).

    Its ``Options`` have a ``weight_decay``, Adam's L2.
    """

    def __init__(self, network: Network, settings: Settings, frequency: Tensor) -> None:
        super().__init__(network, settings, frequency)
        learning = [p for p in network.parameters() if p.requires_grad]
        self.optimizers["network"] = torch.optim.Adam(
            learning, lr=settings.rate, weight_decay=self.options.weight_decay
        )


def part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with ``prefix``, without it."""
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
