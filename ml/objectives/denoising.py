"""Learning colour from a lightness that noise was laid over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import torch

from ml.objectives.regression import Regression, RegressionOptions

if TYPE_CHECKING:
    from ml.sampler import Batch


@dataclass(frozen=True)
class DenoisingOptions(RegressionOptions):
    """``noise``: deviation in units of L*, 0 for none. The others are those of :class:`RegressionOptions`."""

    noise: float = 0.0


class Denoising(Regression):
    """:class:`Regression` that spoils what it learns from, so that only what outlasts noise is relied on.

    Vincent et al. 2008. Validation sees the lightness as it is.
    """

    Options: ClassVar[type[DenoisingOptions]] = DenoisingOptions
    options: DenoisingOptions

    def step(self, batch: Batch) -> dict[str, float]:
        """See :meth:`ml.objectives.Descent.step`."""
        if self.options.noise:
            spoiled = batch.lightness + self.options.noise * torch.randn_like(batch.lightness)
            batch = replace(batch, lightness=spoiled.clamp(0, 100))
        return super().step(batch)
