"""Learning a* and b* themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from torch import Tensor
from torch.nn import functional as F

from ml.color import AB_UNIT
from ml.objectives import AdamDescent, Losses

if TYPE_CHECKING:
    from ml.sampler import Batch


@dataclass(frozen=True)
class RegressionOptions:
    """``error``: of a* and b* in units of 128, "squared" (MSE) or "absolute" (L1). ``weight_decay``: as Adam's L2."""

    error: Literal["squared", "absolute"] = "squared"
    weight_decay: float = 0.0


class Regression(AdamDescent):
    """The mean squared or absolute error, under Adam (Kingma and Ba 2015), of all weights that are not frozen."""

    Options: ClassVar[type[RegressionOptions]] = RegressionOptions
    options: RegressionOptions

    def losses(self, output: Tensor, batch: Batch) -> Losses:
        """One loss, called as the option says."""
        error = F.mse_loss if self.options.error == "squared" else F.l1_loss
        return {self.options.error: error(output / AB_UNIT, self.truth(batch) / AB_UNIT)}
