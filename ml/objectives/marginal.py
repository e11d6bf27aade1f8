"""Learning a distribution over the bins of a*, and one over those of b*."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from torch.nn import functional as F

from ml.color import marginal_encode
from ml.objectives import AdamDescent, Losses

if TYPE_CHECKING:
    from torch import Tensor

    from ml.sampler import Batch


@dataclass(frozen=True)
class MarginalOptions:
    """``weight_decay``: as Adam's L2."""

    weight_decay: float = 0.0


class Marginal(AdamDescent):
    """Cross-entropy of the true colour's bin of a*, plus that of b* (Hwang and Zhou 2016), under Adam."""

    Options: ClassVar[type[MarginalOptions]] = MarginalOptions
    options: MarginalOptions

    def losses(self, output: Tensor, batch: Batch) -> Losses:
        """One loss for each channel."""
        true = marginal_encode(self.truth(batch))
        a, b = output.chunk(2, dim=1)
        return {"a": F.cross_entropy(a, true[:, 0]), "b": F.cross_entropy(b, true[:, 1])}
