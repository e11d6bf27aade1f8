"""A model version's files, as `ml` reads them."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from colorizer import storage
from colorizer.models import ModelVersion


@contextmanager
def local_weights(version: ModelVersion) -> Iterator[Path]:
    """The weights with the card beside them, in a folder of their own that goes again."""
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder, f"{version.sha256}.safetensors")
        with storage.local_copy(storage.models(), storage.weights_key(version.sha256)) as stored:
            shutil.copyfile(stored, weights)
        weights.with_suffix(".json").write_text(json.dumps(version.card))
        yield weights
