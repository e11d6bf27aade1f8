"""What a way of colouring is: lightness in, a small field of colour out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class AbField:
    """The colour of a photo on a coarse grid.

    Attributes:
        ab: float32 [2, h, w], a* and b* in Lab units. The grid covers the lightness it was made
            from edge to edge: cell (i, j) is centred at ((i + 0.5) / h, (j + 0.5) / w).
    """

    ab: NDArray[np.float32]


class Method(Protocol):
    """All that the pipeline knows of a way of colouring."""

    @property
    def name(self) -> str:
        """Short and stable, for records: "lite"."""
        ...

    def ab(self, lightness: NDArray[np.float32], vividness: float = 1.0) -> AbField:
        """Choose colours.

        Args:
            lightness: float32 [H, W], L* in 0..100, short side about 256.
            vividness: 0..2; 0 = grey, 1 = the method's calibrated default.
        """
        ...


def load_method(name_or_path: str | Path | None = None, device: str | None = None) -> Method:
    """Load a learned method: a shipped one by name ("lite", the default) or any checkpoint by path.

    Args:
        name_or_path: a name of `models()`, or a .safetensors file with its card beside it.
        device: "cpu", "cuda", "cuda:1"; by default CUDA where there is some.

    Raises:
        FileNotFoundError: no such model.
    """
    raise NotImplementedError
