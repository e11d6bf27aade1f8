"""What networks are trained on."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ml.color import bin_centres, soft_encode

# Beyond this distance a wrong colour pulls no harder: a red jersey must not outweigh a hundred faces.
_REGRESSION_DELTA = 20.0
_RAREST = 1e-4
# So that roots have a gradient at nought.
_SMALL = 1e-6


def bin_weights(frequency: Tensor, rebalance: float) -> Tensor:
    """Weight of each bin: one over its share mixed with an even share, with a mean of 1 over the data.

    ``frequency``: ``[bins]``, share of each bin, sums to 1; :func:`ml.data.bin_frequency` counts softly, which is
    the paper's smoothing with a sigma of 5. ``rebalance`` 0 (none) to 1 (full) is 1 - lambda of Zhang, Isola and
    Efros 2016, eq. 4; they take 0.5. Raises ValueError outside 0..1.
    """
    if not 0 <= rebalance <= 1:
        raise ValueError(f"rebalance must be 0..1, not {rebalance}")
    mixed = rebalance * frequency + (1 - rebalance) / len(frequency)
    weight = 1 / mixed.clamp(min=1e-5)
    return weight / (weight * frequency).sum()


def colour_loss(logits: Tensor, ab: Tensor, weights: Tensor | None = None, regression: float = 0.0) -> Tensor:
    """Soft-target cross-entropy over ab bins, plus a pull of the mean colour towards the truth.

    ``logits``: ``[N, bins, H, W]``; ``ab``: ``[N, 2, H, W]`` in Lab units; ``weights``: ``[bins]`` from
    :func:`bin_weights`, looked up at the nearest bin of the truth. ``regression`` scales a Huber loss between
    the distribution's mean and ``ab``: it reads the whole distribution as the final picture will.
    Returns a scalar. Zhang, Isola and Efros 2016, eq. 2; Huber 1964.
    """
    if logits.ndim != 4 or ab.shape != (logits.shape[0], 2, *logits.shape[2:]):
        raise ValueError(f"logits {list(logits.shape)} do not fit ab {list(ab.shape)}")
    index, target = (nearest.movedim(1, -1) for nearest in soft_encode(ab))
    # By cell, as the logits lie in memory (channels last): along their first dimension all would be copied, twice.
    log_probability = logits.movedim(1, -1).log_softmax(dim=-1)
    entropy = -(log_probability.gather(-1, index) * target).sum(dim=-1)
    if weights is not None:
        entropy = entropy * weights.to(entropy)[index[..., 0]]
    loss = entropy.mean()
    if regression:
        mean = (log_probability.exp() @ bin_centres().to(logits)).movedim(-1, 1)
        loss = loss + regression * F.huber_loss(mean / _REGRESSION_DELTA, ab / _REGRESSION_DELTA)
    return loss


def rare_distance(answer: Tensor, ab: Tensor, frequency: Tensor) -> Tensor:
    """Mean distance to the true colour, in units of 20 Lab, where the rarest colours of a photo count most.

    ``answer`` and ``ab``: ``[N, 2, H, W]`` in Lab units; ``frequency``: ``[bins]``, share of each bin. A cell's
    weight is one over its true bin's share, at least 1e-4, within a photo they sum to 1: what the rebalanced AuC of
    :func:`ml.metrics.auc` weighs by. Returns a scalar.
    """
    index, _ = soft_encode(ab)
    weight = 1 / frequency.to(ab).clamp(min=_RAREST)[index[:, 0]]
    weight = weight / weight.sum(dim=(1, 2), keepdim=True)
    # Nowhere zero, so that it has a gradient everywhere.
    distance = ((answer - ab).square().sum(dim=1) + 1).sqrt()
    return (weight * distance).sum(dim=(1, 2)).mean() / _REGRESSION_DELTA


def adversarial_loss(logits: Tensor, true: bool, smoothing: float = 0.0) -> Tensor:
    """How far a discriminator's answers are from saying that its pictures are true, or painted.

    ``logits``: any shape, above 0 for "true". ``smoothing`` asks for a little less than certainty of true pictures,
    0.1 for 0.9; of painted ones never, or the painter would be praised for what is wrong. Returns a scalar:
    binary cross-entropy. Goodfellow et al. 2014, eq. 1; Salimans et al. 2016, section 3.4.
    """
    target = torch.full_like(logits, 1 - smoothing if true else 0.0)
    return F.binary_cross_entropy_with_logits(logits, target)


def as_colourful(answer: Tensor, ab: Tensor) -> Tensor:
    """An answer brought, by one gain for the whole batch, to the mean colourfulness of the truth.

    So a loss on it asks where colour belongs, not for more or less of it: a model is used at such a gain.
    ``answer`` and ``ab``: ``[N, 2, H, W]`` in Lab units. Returns ``[N, 2, H, W]``. Colourfulness is that of Hasler
    and Suesstrunk 2003, with a* and b* for their opponents.
    """
    return answer * (_colourfulness(ab) / _colourfulness(answer).clamp(min=1.0))


def _colourfulness(ab: Tensor) -> Tensor:
    spread = (ab.var(dim=(2, 3), correction=0).sum(dim=1) + _SMALL).sqrt()
    mean = (ab.mean(dim=(2, 3)).square().sum(dim=1) + _SMALL).sqrt()
    return (spread + 0.3 * mean).mean()
