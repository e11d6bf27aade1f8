"""Models like the shipped one, a little changed or a little broken."""

from pathlib import Path

import torch

from colorizer import storage
from colorizer.models import ModelVersion
from ml import checkpoint


def weights_like_shipped(
    folder: Path, name: str, *, shift: float = 0.01, spoilt: bool = False, gain: float = 1.0
) -> Path:
    """Weights with their card: the bias of the bins moved by ``shift``, the colours ``gain`` times as strong.

    ``spoilt``: all its numbers are numbers, but not the colours that it gives.
    """
    network, card = checkpoint.load(checkpoint.shipped()["lite"])
    with torch.no_grad():
        network.get_parameter("classify.bias").add_(shift)
        if spoilt:  # the root of a negative variance is no number
            network.get_buffer("rise4.mix.1.running_var").fill_(-1)
    calibration = card["calibration"]
    card["calibration"] = calibration | {"gain": [gain * point for point in calibration["gain"]]}
    return checkpoint.save(folder, name, network, card)


def version_of(weights: Path) -> ModelVersion:
    """A candidate with these weights, stored as a training would."""
    card = checkpoint.read_card(weights)
    storage.put(storage.models(), storage.weights_key(card["sha256"]), weights)
    known = {"name": card["name"], "architecture": card["architecture"]["network"], "sha256": card["sha256"]}
    return ModelVersion.objects.create(card=card, **known)
