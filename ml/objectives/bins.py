"""Learning a distribution over joint ab bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from ml.losses import bin_weights, colour_loss
from ml.objectives import Descent, Losses

if TYPE_CHECKING:
    from ml.networks import Network
    from ml.sampler import Batch
    from ml.settings import Settings


@dataclass(frozen=True)
class BinOptions:
    """``rebalance``: 0 none to 1 full, weight of rare colours. ``regression``: weight of the mean colour's own loss.

    ``encoder_factor``: the pre-trained part's rate over the rest's. ``freeze_early``: keep its lowest layers.
    ``freeze_norms``: keep what its norms have counted.
    """

    rebalance: float = 0.0
    regression: float = 1.0
    encoder_factor: float = 0.3
    weight_decay: float = 0.01
    freeze_early: bool = True
    freeze_norms: bool = True


class Bins(Descent):
    """Soft cross-entropy, with a pull of the mean colour (:func:`ml.losses.colour_loss`), under AdamW."""

    Options: ClassVar[type[BinOptions]] = BinOptions
    options: BinOptions

    def __init__(self, network: Network, settings: Settings, frequency: Tensor) -> None:
        super().__init__(network, settings, frequency)
        if self.options.freeze_early:
            network.freeze_early()
        if self.options.freeze_norms:
            network.freeze_norms()
        known = {id(p) for p in network.encoder_parameters()}
        slow = [p for p in network.encoder_parameters() if p.requires_grad]
        fast = [p for p in network.parameters() if id(p) not in known]
        groups: list[dict[str, Any]] = [
            {"params": fast},
            {"params": slow, "lr": settings.rate * self.options.encoder_factor},
        ]
        self.optimizers["network"] = torch.optim.AdamW(groups, lr=settings.rate, weight_decay=self.options.weight_decay)
        self._weights = bin_weights(frequency, self.options.rebalance) if self.options.rebalance else None

    def losses(self, output: Tensor, batch: Batch) -> Losses:
        """See :func:`ml.losses.colour_loss`."""
        return {"colour": colour_loss(output, self.truth(batch), self._weights, self.options.regression)}
