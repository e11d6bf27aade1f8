"""Weights with their cards, and training states: safetensors and JSON, nothing that could run code.

A model is three files of one name: ``lite.safetensors`` (fp16), ``lite.json`` (the card, which the code reads)
and ``lite.md`` (the same for people). Weights never travel without their card.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Tensor

from ml import networks
from ml.networks import Network

Card = dict[str, Any]

SHIPPED = Path(__file__).parent / "weights"
CARD_FORMAT = 1


class CheckpointError(ValueError):
    """A model on disk that cannot be trusted or does not fit; the message says why.

    Attributes:
        reason: the same for a program: "damaged", "other_file", "no_numbers", "no_network", "unfit" or "card".
    """

    def __init__(self, message: str, reason: str = "card") -> None:
        super().__init__(message)
        self.reason = reason


def save(folder: Path, name: str, network: Network, card: Card) -> Path:
    """Write a model's three files and return the weights' path.

    Floats are stored as fp16, but for tensors with numbers that are too large for it. ``card`` gets its ``format``,
    ``name``, ``architecture`` and ``sha256`` here. Raises CheckpointError where a weight is no number.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / f"{name}.safetensors"
    state = network.state_dict()
    if spoilt := _spoilt(state):
        raise CheckpointError(f"the network {name} holds values that are no numbers, in {_some(spoilt)}", "no_numbers")
    write_tensors(weights, {k: _halved(v) for k, v in state.items()})
    card = {
        **card,
        "format": CARD_FORMAT,
        "name": name,
        "architecture": {
            "network": network.name,
            "bins": network.bins,
            "multiple": network.multiple,
            "stride": network.stride,
            "weights": sum(p.numel() for p in network.parameters()),
        },
        "sha256": sha256(weights),
    }
    write_card(weights, card)
    return weights


def write_card(weights: Path, card: Card) -> None:
    """Write the card of a weights file beside it, as JSON and as Markdown."""
    write_json(weights.with_suffix(".json"), card)
    weights.with_suffix(".md").write_text(describe(card), encoding="utf-8")


def load(path: Path) -> tuple[Network, Card]:
    """Load a model, on the CPU, as float32, in evaluation mode.

    ``path``: a ``.safetensors`` file whose card lies beside it. The file must have the card's sha256 and hold
    exactly the network's tensors, or those of an older version of it, all of them finite. Raises
    FileNotFoundError for a missing file or card, CheckpointError for one that does not fit.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}")
    card = read_card(path)
    found = sha256(path)
    if found != card["sha256"]:
        raise CheckpointError(
            f"{path} is not the file its card describes: sha256 {found}, card {card['sha256']}", "other_file"
        )
    tensors = {k: v.float() if v.is_floating_point() else v for k, v in read_tensors(path).items()}
    if spoilt := _spoilt(tensors):
        raise CheckpointError(
            f"{path} holds values that are no numbers, in {_some(spoilt)}: take another copy", "no_numbers"
        )
    try:
        network = networks.create(card["architecture"]["network"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"the card of {path} names no network that we have: {error}", "no_network") from error
    tensors = network.complete(tensors)
    wanted = {name: tensor.shape for name, tensor in network.state_dict().items()}
    found_shapes = {name: tensor.shape for name, tensor in tensors.items()}
    if unfit := sorted(name for name in wanted | found_shapes if wanted.get(name) != found_shapes.get(name)):
        raise CheckpointError(f"{path} does not fit its network {network.name!r}: {_some(unfit)}", "unfit")
    network.load_state_dict(tensors)
    return network.to(memory_format=torch.channels_last).eval(), card


def read_card(path: Path) -> Card:
    """The card beside a weights file. Raises FileNotFoundError without one, CheckpointError on a broken one."""
    file = path.with_suffix(".json")
    if not file.is_file():
        raise FileNotFoundError(f"no card at {file}: weights are not loaded without one")
    try:
        card: Card = json.loads(file.read_text(encoding="utf-8"))
        if card["format"] != CARD_FORMAT:
            raise CheckpointError(f"{file} has format {card['format']}, not {CARD_FORMAT}")
        missing = {"name", "architecture", "calibration", "preprocessing", "sha256"} - set(card)
    except CheckpointError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{file} is not a model card: {error!r}") from error
    if missing:
        raise CheckpointError(f"{file} lacks {', '.join(sorted(missing))}")
    _check_calibration(file, card["calibration"])
    return card


def _check_calibration(file: Path, points: Any) -> None:
    """Raise CheckpointError where a vividness could not be looked up."""
    curves = [points.get("gain"), points.get("temperature", [1.0] * 3)] if isinstance(points, dict) else [None]
    for curve in curves:
        numbers = curve if isinstance(curve, list) and len(curve) == 3 else [None]
        if not all(isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in numbers):
            raise CheckpointError(f"{file} has no calibration of three numbers each for gain and temperature")


def _halved(tensor: Tensor) -> Tensor:
    """In half the bytes, where that keeps it: the variances of VGG-16's features are too large."""
    if not tensor.is_floating_point():
        return tensor
    half = tensor.half()
    return half if half.isfinite().all() else tensor.float()


def _spoilt(tensors: Mapping[str, Tensor]) -> list[str]:
    """Those that hold what is no number."""
    return sorted(name for name, tensor in tensors.items() if not tensor.isfinite().all())


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def shipped() -> dict[str, Path]:
    """The models that come with Heirloom: name to weights file."""
    return {p.stem: p for p in sorted(SHIPPED.glob("*.safetensors"))}


def find(name_or_path: str | Path) -> Path:
    """The weights of a model: a shipped one by name, a ``.safetensors`` file, or the only model in a folder.

    Raises FileNotFoundError where there is no such model, and says how to make one where a network has that name.
    """
    name, path = str(name_or_path), Path(name_or_path)
    if name in shipped():
        return shipped()[name]
    if path.suffix == ".safetensors":
        return path
    if path.is_dir():
        found = sorted(file for file in path.glob("*.safetensors") if file.with_suffix(".json").is_file())
        if len(found) == 1:
            return found[0]
        several = f"several models, name one of them: {', '.join(map(str, found))}"
        raise FileNotFoundError(f"{path} holds {several if found else 'no model, that is weights with their card'}")
    if name in networks.names():
        command = training_command(name)
        raise FileNotFoundError(
            f"no weights of {name} come with Heirloom; make some with '{command}', then give that folder as --model"
        )
    raise FileNotFoundError(f"no model {name!r}; shipped: {', '.join(shipped()) or 'none'}")


def training_command(name: str) -> str:
    """What makes weights of a network; the words in capitals are the reader's own."""
    return f"python -m ml train --network {name} --data PHOTOS --run RUN --minutes 60 --export FOLDER"


def dial(card: Card, vividness: float) -> tuple[float, float]:
    """Temperature and ab gain of a vividness, by straight lines between the card's points.

    The temperature is 1 where the card has none: a network that regresses.
    ``vividness``: 0 (grey) to 2, 1 is the calibrated default; outside it raises ValueError.
    """
    if not 0 <= vividness <= 2:
        raise ValueError(f"vividness must be 0..2, not {vividness}")
    points = card["calibration"]
    low = min(int(vividness), 1)
    part = vividness - low

    def between(name: str) -> float:
        first, second = points[name][low : low + 2]
        return float(first + (second - first) * part)

    return between("temperature") if "temperature" in points else 1.0, between("gain")


def calibration(temperature: float | None, gain: float) -> dict[str, list[float]]:
    """A card's ``calibration`` from the default's temperature (None where the network regresses) and gain.

    Under 1 vividness fades the same colours; over 1 it also sharpens the distribution, because gain alone
    makes the doubtful colours as loud as the sure ones.
    """
    points = {"vividness": [0.0, 1.0, 2.0], "gain": [0.0, gain, round(gain * 1.35, 4)]}
    if temperature is not None:
        points["temperature"] = [temperature, temperature, round(temperature * 0.6, 4)]
    return points


def describe(card: Card) -> str:
    """The card as Markdown, for people."""
    lines = [f"# Model card: {card['name']}", ""]
    for heading, content in card.items():
        if heading in ("name", "format"):
            continue
        lines += [f"## {heading.replace('_', ' ').capitalize()}", "", *_lines(content), ""]
    return "\n".join(lines).rstrip() + "\n"


def _lines(content: Any, depth: int = 0) -> list[str]:
    if not isinstance(content, dict):
        return [_text(content)]
    lines = []
    for key, value in content.items():
        label = f"{'  ' * depth}- {str(key).replace('_', ' ')}"
        if isinstance(value, dict):
            lines += [f"{label}:", *_lines(value, depth + 1)]
        else:
            lines.append(f"{label}: {_text(value)}")
    return lines


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_text(v) for v in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def write_tensors(path: Path, tensors: dict[str, Tensor], about: dict[str, Any] | None = None) -> None:
    """Write a safetensors file under a temporary name, then rename it: a reader never sees half of it.

    ``about``: what belongs to the tensors and must not part from them, as JSON in the file's own header.
    """
    temporary = path.with_name(path.name + ".part")
    # Not save_file: it leaves a file that only its owner may read.
    header = {"about": json.dumps(about)} if about is not None else None
    temporary.write_bytes(to_bytes({k: v.detach().contiguous() for k, v in tensors.items()}, header))
    temporary.replace(path)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON under a temporary name, then rename it."""
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    temporary.replace(path)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file. Raises FileNotFoundError, CheckpointError on one that is damaged or none."""
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    try:
        return load_file(path)
    except SafetensorError as error:
        raise _damaged(path, error) from error


def read_about(path: Path) -> dict[str, Any]:
    """What was written with a safetensors file's tensors.

    Raises FileNotFoundError, KeyError where nothing was, CheckpointError on a file that is damaged or none.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    try:
        with safe_open(path, framework="pt") as file:
            about: dict[str, Any] = json.loads((file.metadata() or {})["about"])
    except (SafetensorError, json.JSONDecodeError) as error:
        raise _damaged(path, error) from error
    return about


def _damaged(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(f"{path} is no safetensors file, or was cut off or damaged: {error}", "damaged")


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
