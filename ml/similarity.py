"""How alike photos and places in them are, by what the default network's encoder sees.

Features are taken as so many of their own deviations from their own mean, both as the encoder's last normalisation of
each level says: without that all places of all photos would look much alike.
"""

from __future__ import annotations

import functools
from typing import cast

import numpy as np
import pyvips
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ml.appearance import to_lightness
from ml.checkpoint import load, read_card, shipped
from ml.networks import fused, padded
from ml.networks.lite import Block, Encoder, Lite

MULTIPLE = 32
STRIDE = 8
"""Pixels of a place."""
_LEVELS = {1: ((3, 4), 0.15), 2: ((8, 9, 10), 0.45), 3: ((15,), 0.4)}
"""By number of the encoder's answer: the blocks whose sum it is, and how much it counts."""
_SHORT_SIDE = 160
_LONG_SIDE = 480
_TAG = 8

Floats = NDArray[np.float32]


def places(lightness: Floats) -> Floats:
    """What each place of a photo looks like.

    Args:
        lightness: float32 [H, W], L* 0..100.

    Returns:
        float32 [ceil(H / 8), ceil(W / 8), c]: vectors of length 1, whose products with others are similarities, -1..1.
    """
    height, width = (-(-side // STRIDE) for side in lightness.shape)
    levels = _features(lightness)
    # Each level in its own proportions, then cut to the picture: it was padded on the right and below.
    full = [size * MULTIPLE // STRIDE for size in levels[-1].shape[-2:]]
    parts = []
    for level, (_, weight) in zip(levels, _LEVELS.values(), strict=True):
        wide = F.interpolate(level, size=full, mode="bilinear", align_corners=False)[0, :, :height, :width]
        parts.append(F.normalize(wide, dim=0) * weight**0.5)
    return np.ascontiguousarray(torch.cat(parts).permute(1, 2, 0).numpy())


def signature(preview: pyvips.Image) -> bytes:
    """What a photo as a whole looks like, to be kept: which encoder saw it, and a vector of length 1 in float16.

    Args:
        preview: `ml.photo.Photo.preview`, or any picture of it; its colours do not count.
    """
    scale = min(1, _SHORT_SIDE / min(preview.width, preview.height), _LONG_SIDE / max(preview.width, preview.height))
    small = preview.resize(max(scale, 1 / preview.width), vscale=max(scale, 1 / preview.height))
    lightness = np.asarray(to_lightness(small).numpy(), np.float32).reshape(small.height, small.width)
    seen = F.normalize(_features(lightness)[-1].mean(dim=(0, 2, 3)), dim=0)
    return tag() + seen.numpy().astype("<f2").tobytes()


@functools.cache
def tag() -> bytes:
    """How signatures of the encoder in use begin. Others, made before the weights changed, tell nothing."""
    return bytes.fromhex(read_card(shipped()[Lite.name])["sha256"])[:_TAG]


def _features(lightness: Floats) -> list[Tensor]:
    """The encoder's levels, each [1, c, h, w] of the padded picture, in deviations from its mean."""
    encoder, norms = _encoder()
    with torch.inference_mode():
        seen = encoder(padded(torch.from_numpy(lightness)[None, None], MULTIPLE) / 50 - 1)
        return [(seen[i] - mean) / deviation for i, (mean, deviation) in zip(_LEVELS, norms, strict=True)]


@functools.cache
def _encoder() -> tuple[Encoder, list[tuple[Tensor, Tensor]]]:
    """The shipped default network's encoder, ready for use; mean and deviation of each level."""
    network, _ = load(shipped()[Lite.name])
    blocks = cast(Lite, network).encoder.blocks
    norms = []
    for numbers, _ in _LEVELS.values():
        # A residual block adds to the one before: so do means and variances.
        added = [cast(nn.BatchNorm2d, cast(Block, blocks[i]).project[1]) for i in numbers]
        mean = torch.stack([norm.bias for norm in added]).sum(dim=0)
        deviation = torch.stack([norm.weight**2 for norm in added]).sum(dim=0).sqrt().clamp(min=1e-3)
        norms.append((mean.detach()[:, None, None], deviation.detach()[:, None, None]))
    return cast(Lite, fused(network)).encoder, norms
