"""Learning a distribution over joint ab bins, alone and with pins, with an ear for the rare colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from torch import Tensor

from ml.losses import as_colourful, rare_distance
from ml.objectives import Losses
from ml.objectives.bins import BinOptions, Bins
from ml.simulated_pins import simulated_pins

if TYPE_CHECKING:
    import numpy as np

    from ml.networks import Network
    from ml.sampler import Batch
    from ml.settings import Settings


@dataclass(frozen=True)
class GuidedOptions(BinOptions):
    """``rare``: weight of :func:`ml.losses.rare_distance`. ``without_pins``: share of the views without any.

    ``balance``, ``temperature``: the rule by which that distance reads a colour from the distribution; best the one
    by which it is read in use. It is taken at the truth's colourfulness, see :func:`ml.losses.as_colourful`.

    ``pins_alone``: learn only to listen to pins; what the network answers without them stays as it is.
    """

    rare: float = 0.0
    balance: float = 0.4
    temperature: float = 0.7
    without_pins: float = 0.5
    pins_alone: bool = False


class GuidedBins(Bins):
    """:class:`Bins` for a network that takes pins: half of the views have some, so that one network does both."""

    Options: ClassVar[type[GuidedOptions]] = GuidedOptions
    options: GuidedOptions

    def __init__(self, network: Network, settings: Settings, frequency: Tensor) -> None:
        super().__init__(network, settings, frequency)
        if self.options.pins_alone:
            network.freeze_alone()

    def losses(self, output: Tensor, batch: Batch) -> Losses:
        """Those of :class:`Bins`, and :func:`ml.losses.rare_distance` of the colour as it is read in use."""
        losses = super().losses(output, batch)
        if self.options.rare:
            truth = self.truth(batch)
            answer = self.bare.ab(self.bare.lifted(output, self.options.balance), self.options.temperature)
            distance = rare_distance(as_colourful(answer, truth), truth, self.frequency)
            losses["rare"] = self.options.rare * distance
        return losses

    def pins(self, ab: Tensor, random: np.random.Generator) -> Tensor:
        """See :func:`ml.simulated_pins.simulated_pins`."""
        return simulated_pins(ab, self.options.without_pins, random)
