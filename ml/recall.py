"""Give an encoder back what it has forgotten: part of the way to the weights that it was pre-trained to."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


def recall(weights: Mapping[str, Tensor], encoder: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """A network's weights with its encoder moved by ``share``, 0 to 1, back to the pre-trained one.

    What lies between weights that were tuned for a task and those before often does better than either on what
    neither has seen (Wortsman et al. 2022). The encoder's norms get all of what they had counted, see
    :meth:`ml.networks.Network.freeze_norms`.

    ``weights``: a state dict, in which the encoder's tensors are named ``encoder.<name>``; ``encoder``: as
    :mod:`ml.fetch` writes it. Raises ValueError for another share, and where the two do not fit.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"an encoder can recall 0 to 1 of what it was, not {share}")
    if any(getattr(weights.get(f"encoder.{name}"), "shape", None) != before.shape for name, before in encoder.items()):
        raise ValueError("this encoder is not the one that these weights began with")
    recalled = dict(weights)
    for name, before in encoder.items():
        now = weights[f"encoder.{name}"]
        is_count = name.rpartition(".")[2] in ("running_mean", "running_var", "num_batches_tracked")
        recalled[f"encoder.{name}"] = before.to(now) if is_count else torch.lerp(now, before.to(now), share)
    return recalled
