"""FD-Lite0: how far a set of coloured pictures lies from the true ones, as an image network sees them.

The Frechet distance of two Gaussians (Dowson and Landau 1982, eq. 4), which Heusel et al. 2017 put on Inception's
features. Ours are EfficientNet-Lite0's: never compare the figure with a published FID.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ml.checkpoint import read_tensors
from ml.fetch import colour_stem, encoder_path
from ml.networks.lite import Encoder
from ml.networks.units import SameConv

CHANNELS = 320
# The network was trained on (value - 127) / 128 of 8-bit RGB.
_CENTRE, _SCALE = 127.0, 128.0


class Eye:
    """Maps pictures to features with the fetched encoder.

    Args:
        encoder: see `ml.fetch.encoder_path`; by default the one in the user's cache, with the colour stem beside it.

    Raises:
        FileNotFoundError: the encoder or its colour stem is not there.
        ValueError: they are not an EfficientNet-Lite0.
    """

    def __init__(self, encoder: Path | None = None) -> None:
        file = encoder or encoder_path("lite0")
        stem = colour_stem(file)
        for needed in (file, stem):
            if not needed.is_file():
                raise FileNotFoundError(f"FD-Lite0 needs {needed}: run 'python -m ml fetch lite0' first")
        self._network = Encoder()
        self._network.stem[0] = SameConv(3, 32, 3, 2)
        try:
            self._network.load_state_dict({**read_tensors(file), **read_tensors(stem)})
        except RuntimeError as error:
            raise ValueError(f"{file} is not an EfficientNet-Lite0: {error}") from error
        self._network.eval().to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def features(self, pictures: Tensor) -> Tensor:
        """Mean over the last map: float32 ``[N, 320]`` of sRGB ``[N, 3, H, W]``, 0..1, sides multiples of 32."""
        seen = (pictures * 255 - _CENTRE) / _SCALE
        last: Tensor = self._network(seen.contiguous(memory_format=torch.channels_last))[-1]
        return last.mean(dim=(2, 3))


def distance(truth: Tensor, output: Tensor) -> float:
    """Frechet distance between two sets of features ``[N, C]`` and ``[M, C]``; 0 for the same set.

    With fewer pictures than channels the figure is too high: compare it only between sets of one size.
    Raises ValueError where a set has fewer than two pictures or the channels differ.
    """
    if truth.ndim != 2 or output.ndim != 2 or truth.shape[1] != output.shape[1]:
        raise ValueError(f"need features [N, C] of one C, not {list(truth.shape)} and {list(output.shape)}")
    if min(len(truth), len(output)) < 2:
        raise ValueError("a Frechet distance needs two pictures at least")
    apart = (truth.double().mean(dim=0) - output.double().mean(dim=0)).square().sum()
    one, two = _root(truth), _root(output)
    # The trace of the root of two covariances' product: the singular values of their roots' product.
    shared = torch.linalg.svdvals(one @ two.T).sum()
    return max(0.0, float(apart + one.square().sum() + two.square().sum() - 2 * shared))


def _root(features: Tensor) -> Tensor:
    """A matrix whose transpose times itself is the covariance, with as many rows as pictures or channels at most."""
    centred = features.double() - features.double().mean(dim=0)
    root: Tensor = torch.linalg.qr(centred / (len(features) - 1) ** 0.5, mode="r").R
    return root
