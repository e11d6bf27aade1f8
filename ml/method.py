"""What a way of colouring is: lightness in, a small field of colour out."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import NoneType
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml.checkpoint import Card, dial, find, load, read_card, shipped
from ml.color import bin_centres
from ml.field import KNOTS, Field, Keys
from ml.guide_files import GuideError
from ml.likely import confidence, guess_of, kept
from ml.networks import Network, fused, output_of
from ml.pins import Pins
from ml.reference import Reference

DEFAULT_MODEL = "lite"
CLASSIC = {"levin": "ml.classic.levin:Levin", "welsh": "ml.classic.welsh:Welsh"}
"""Methods without weights by name, and where they are."""

Guide = Pins | Reference | None
"""What a person gives beside the photo."""
_GUIDES = {Pins: "pins (--pins FILE)", Reference: "a reference photo (--reference PHOTO)"}


@dataclass(frozen=True)
class AbField:
    """The colour of a photo on a coarse grid.

    Attributes:
        ab: float32 [2, h, w], a* and b* in Lab units. The grid covers the lightness it was made
            from edge to edge: cell (i, j) is centred at ((i + 0.5) / h, (j + 0.5) / w).
        keep: makes `stored`; None where `ab` is all that the method has to say.
    """

    ab: NDArray[np.float32]
    keep: Callable[[], Field] | None = field(default=None, repr=False, compare=False)

    @cached_property
    def stored(self) -> Field:
        """The field to be kept for dials and guesses: the likeliest bins, and how sure the method is, among it.

        Made when it is asked for: a coloring without it need not wait.
        """
        return self.keep() if self.keep else Field.plain(self.ab)


class Method(Protocol):
    """All that the pipeline knows of a way of colouring."""

    @property
    def name(self) -> str:
        """Short and stable, for records: "lite"."""
        ...

    @property
    def sha256(self) -> str:
        """Of its weights, in hex; empty where it has none."""
        ...

    @property
    def guides(self) -> frozenset[type]:
        """The kinds of `Guide` it takes: `NoneType` among them where it colours on its own."""
        ...

    def ab(self, lightness: NDArray[np.float32], guide: Guide = None, vividness: float = 1.0) -> AbField:
        """Choose colours.

        Args:
            lightness: float32 [H, W], L* in 0..100, short side about 256.
            guide: of one of `guides`.
            vividness: 0..2; 0 = grey, 1 = the method's calibrated default.

        Raises:
            GuideError: as `check_guide`.
        """
        ...


def needs(method: Method) -> str:
    """What guide a method cannot do without, in words; empty where it colours on its own."""
    return "" if NoneType in method.guides else " or ".join(_GUIDES[kind] for kind in method.guides)


def check_guide(method: Method, guide: Guide) -> None:
    """Raise GuideError where a method cannot use this guide, or cannot do without one.

    Pins go with all that colours on its own: it is corrected afterwards (`ml.guided`).
    """
    if type(guide) in method.guides or (isinstance(guide, Pins) and NoneType in method.guides):
        return
    if guide is None:
        raise GuideError(f"{method.name} needs {needs(method)}")
    raise GuideError(f"{method.name} does not take {_GUIDES[type(guide)]}")


class LearnedMethod:
    """A trained network as a `Method`.

    Args:
        network: with its weights.
        card: gives the name, and the temperature and gain of each vividness.
        device: where the network runs.
    """

    def __init__(self, network: Network, card: Card, device: torch.device | str = "cpu") -> None:
        self.card = card
        self.device = torch.device(device)
        self._network = fused(network, self.device)

    @property
    def name(self) -> str:
        """The card's."""
        return str(self.card["name"])

    @property
    def sha256(self) -> str:
        """The card's."""
        return str(self.card.get("sha256", ""))

    @property
    def guides(self) -> frozenset[type]:
        """None, and pins where the network learned what belongs together."""
        return frozenset({NoneType, Pins} if self._network.guided else {NoneType})

    def ab(self, lightness: NDArray[np.float32], guide: Guide = None, vividness: float = 1.0) -> AbField:
        """See `Method.ab`: the network's colour at the card's temperature, times its gain.

        Raises:
            ValueError: vividness outside 0..2.
            GuideError: a reference.
        """
        check_guide(self, guide)
        temperature, gain = dial(self.card, vividness)
        batch = torch.from_numpy(lightness)[None, None].to(self.device).to(memory_format=torch.channels_last)
        with torch.inference_mode():
            output, keys_of = output_of(self._network, batch)
            ab = self._network.ab(output, temperature)[0] * gain
        return AbField(_numbers(ab), lambda: self._stored(output, keys_of))

    def _stored(self, output: Tensor, keys_of: Callable[[], Tensor] | None) -> Field:
        """What is kept of an output ``[1, channels, h, w]`` and its keys."""
        keys = Keys(_numbers(keys_of()[0]), *self._network.gate()) if keys_of else None
        knots = KNOTS if self._network.classifies() else KNOTS[:1]
        with torch.inference_mode():
            means = np.stack([_numbers(self._network.ab(output, dial(self.card, v)[0])[0]) for v in knots])
            chances = self._network.distribution(output)
        (t0, g0), (t1, g1), (t2, g2) = (dial(self.card, v) for v in (0, 1, 2))
        dials = (g0, g1, g2), (t0, t1, t2)
        if chances is None:
            plain = Field.plain(means[0])
            return Field(means, *dials, plain.centres, plain.bins, plain.probabilities, None, keys)
        distribution, centres = _numbers(chances[0]), bin_centres().numpy()
        sure = confidence(distribution, centres, means[0])
        return Field(means, *dials, centres.astype(np.int8), *kept(distribution, centres), sure, keys)


class StoredMethod:
    """A stored field as a `Method`: the same colours again, at any vividness and with any pins, without its network.

    Args:
        field: of this very photo; what lightness it is given for does not matter.
        name, sha256: of the method that made it.
    """

    guides = frozenset({NoneType})

    def __init__(self, field: Field, name: str, sha256: str = "") -> None:
        self.field, self.name, self.sha256 = field, name, sha256

    def ab(self, lightness: NDArray[np.float32], guide: Guide = None, vividness: float = 1.0) -> AbField:
        """See `Method.ab`; raises GuideError on a reference."""
        check_guide(self, guide)
        return AbField(self.field.ab(vividness), lambda: self.field)


class GuessMethod:
    """Another guess of a method: one colour, tried wherever that method thinks it likely (`ml.likely.guesses`).

    What is stored is the method's own field, so that the other guesses stay to be chosen from.

    Args:
        method: one that colours on its own.
        a, b: the guess's colour, Lab units at vividness 1. Where the method has no such guess its own colours stay.
    """

    guides = frozenset({NoneType})

    def __init__(self, method: Method, a: float, b: float) -> None:
        self._method, self._colour = method, (a, b)
        self.name, self.sha256 = method.name, method.sha256

    def ab(self, lightness: NDArray[np.float32], guide: Guide = None, vividness: float = 1.0) -> AbField:
        """See `Method.ab`; raises GuideError on a reference."""
        check_guide(self, guide)
        field = self._method.ab(lightness).stored
        guess = guess_of(field, *self._colour)
        return AbField((guess.field if guess else field).ab(vividness), lambda: field)


def _numbers(tensor: Tensor) -> NDArray[np.float32]:
    numbers: NDArray[np.float32] = tensor.float().cpu().numpy()
    return numbers


def models() -> dict[str, Card]:
    """The shipped models' cards by name."""
    return {name: read_card(weights) for name, weights in shipped().items()}


def load_method(name_or_path: str | Path = DEFAULT_MODEL, device: str | None = None) -> LearnedMethod:
    """Load a shipped model by name ("lite") or any checkpoint by path.

    Args:
        name_or_path: a name of `models()`, a .safetensors file with its card beside it, or a folder with one such.
        device: "cpu", "cuda", "cuda:1"; by default CUDA where there is some.

    Raises:
        FileNotFoundError: no such model; the message says how to make one of a network that is not shipped.
        CheckpointError: weights and card do not fit each other.
    """
    return LearnedMethod(*load(find(name_or_path)), device=device or ("cuda" if torch.cuda.is_available() else "cpu"))


def find_method(name_or_path: str | Path = DEFAULT_MODEL, device: str | None = None) -> Method:
    """A method of `CLASSIC` by name, or what `load_method` gives; raises as that does."""
    if place := CLASSIC.get(str(name_or_path)):
        module, _, kind = place.partition(":")
        method: Method = getattr(importlib.import_module(module), kind)()
        return method
    return load_method(name_or_path, device)
