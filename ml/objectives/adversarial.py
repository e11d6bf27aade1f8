"""Learning against a discriminator that learns to tell painted from true colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from ml.color import AB_UNIT
from ml.losses import adversarial_loss
from ml.networks.discriminator import PatchDiscriminator
from ml.objectives import Losses, Objective

if TYPE_CHECKING:
    from ml.networks import Network
    from ml.sampler import Batch
    from ml.settings import Settings


@dataclass(frozen=True)
class AdversarialOptions:
    """``adversarial``: weight of the discriminator's word; 0 leaves it out. ``pixels``: weight of the L1 distance.

    ``smoothing``: certainty that the discriminator is not asked to have of true pictures. ``momentum``: Adam's first.
    """

    adversarial: float = 1.0
    pixels: float = 100.0
    smoothing: float = 0.1
    momentum: float = 0.5


class Adversarial(Objective):
    """Each step first teaches the discriminator, then the network to be taken for true and near the truth.

    Isola et al. 2017, eq. 4, section 3.3 (the discriminator's loss halved); its one-sided label smoothing is that of
    Nazeri, Ng and Ebrahimi 2018, whose baseline without an adversary this is where ``adversarial`` is 0.
    ``discriminator``: another than the 70x70 one.
    """

    Options: ClassVar[type[AdversarialOptions]] = AdversarialOptions
    options: AdversarialOptions

    def __init__(
        self,
        network: Network,
        settings: Settings,
        frequency: Tensor,
        discriminator: PatchDiscriminator | None = None,
    ) -> None:
        super().__init__(network, settings, frequency)
        if self.options.adversarial:
            # Kept beside what Fabric makes of it: it also judges without learning.
            self._discriminator = (discriminator or PatchDiscriminator()).to(memory_format=torch.channels_last)
            self.modules["discriminator"] = self._discriminator
        for name, module in self.modules.items():
            self.optimizers[name] = torch.optim.Adam(
                module.parameters(), lr=settings.rate, betas=(self.options.momentum, 0.999)
            )

    def step(self, batch: Batch) -> dict[str, float]:
        """See :meth:`Objective.step`; besides the network's losses, the discriminator's as ``"discriminator"``."""
        painted = self.predict(self.network, batch)
        told_apart = {"discriminator": self._teach(batch, painted.detach())} if self.options.adversarial else {}
        losses = self.losses(painted, batch)
        if self.options.adversarial:
            losses["adversarial"] = self.options.adversarial * self._doubt(batch, painted)
        total = torch.stack(list(losses.values())).sum()
        norm = self.descend(total)
        return {"loss": total.item(), **{k: v.item() for k, v in losses.items()}, **told_apart, "norm": norm}

    def losses(self, output: Tensor, batch: Batch) -> Losses:
        """The weighted L1 distance in units of the tanh, -1..1: what can be measured without an adversary."""
        return {"pixels": self.options.pixels * F.l1_loss(output, self.truth(batch)) / AB_UNIT}

    def _teach(self, batch: Batch, painted: Tensor) -> float:
        true, false = self.modules["discriminator"](batch.lightness, self.truth(batch), painted)
        loss = (adversarial_loss(true, True, self.options.smoothing) + adversarial_loss(false, False)) / 2
        self.descend(loss, "discriminator")
        return loss.item()

    def _doubt(self, batch: Batch, painted: Tensor) -> Tensor:
        """How far the discriminator is from taking the painted pictures for true; it learns nothing from this."""
        self._discriminator.requires_grad_(False)
        with self.fabric.autocast():
            (answer,) = self._discriminator(batch.lightness, painted)
        self._discriminator.requires_grad_(True)
        return adversarial_loss(answer.float(), True)
