"""What a way of colouring is: lightness in, a small field of colour out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from ml.checkpoint import Card, load
from ml.color import annealed_mean
from ml.networks import Network

WEIGHTS = Path(__file__).parent / "weights"
DEFAULT_MODEL = "lite"


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


class LearnedMethod:
    """A trained network as a `Method`.

    Args:
        name: what `name` answers.
        network: with its weights.
        card: gives `calibration`, the temperature and gain of vividness 1.
        device: where the network runs.
    """

    def __init__(self, name: str, network: Network, card: Card, device: torch.device | str = "cpu") -> None:
        self.name = name
        self.card = card
        self.device = torch.device(device)
        self._network = network.eval().to(self.device).to(memory_format=torch.channels_last)

    def ab(self, lightness: NDArray[np.float32], vividness: float = 1.0) -> AbField:
        """See `Method.ab`. The grid has ceil(H / stride) x ceil(W / stride) cells.

        Vividness below 1 lowers the gain alone. Above 1 the distribution is sharpened too: towards
        its likeliest colour, which is livelier than more of its mean.

        Raises:
            ValueError: vividness outside 0..2.
        """
        if not 0 <= vividness <= 2:
            raise ValueError(f"vividness must be 0 to 2, not {vividness}")
        height, width = lightness.shape
        multiple, stride = self._network.multiple, self._network.stride
        padded = np.pad(lightness, ((0, -height % multiple), (0, -width % multiple)), mode="reflect")
        batch = torch.from_numpy(padded)[None, None].to(self.device, memory_format=torch.channels_last)
        calibration = self.card["calibration"]
        temperature = calibration["temperature"] * min(1.0, 2 ** (1 - vividness))
        with torch.inference_mode():
            logits = self._network(batch)[..., : -(-height // stride), : -(-width // stride)]
            ab = annealed_mean(logits, temperature)[0] * (calibration["gain"] * vividness)
        return AbField(ab.float().cpu().numpy())


def models() -> dict[str, Card]:
    """The shipped models' cards by name."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(WEIGHTS.glob("*.json"))}


def load_method(name_or_path: str | Path = DEFAULT_MODEL, device: str | None = None) -> LearnedMethod:
    """Load a shipped model by name ("lite") or any checkpoint by path.

    Args:
        name_or_path: a name of `models()`, or a .safetensors file with its card beside it.
        device: "cpu", "cuda", "cuda:1"; by default CUDA where there is some.

    Raises:
        FileNotFoundError: no such model.
    """
    path = Path(name_or_path)
    if path.suffix != ".safetensors":
        path = WEIGHTS / f"{name_or_path}.safetensors"
    if not path.is_file():
        raise FileNotFoundError(f"no model {str(name_or_path)!r}; shipped: {', '.join(models()) or 'none'}")
    network, card = load(path)
    return LearnedMethod(path.stem, network, card, device or ("cuda" if torch.cuda.is_available() else "cpu"))
