"""What `examine` does: uploaded weights are loaded, and have to stand the trial of every model before they are one."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from colorizer import storage
from colorizer.models import ModelUpload, ModelVersion
from colorizer.services import model_upload as service
from ml.checkpoint import CheckpointError, write_json
from ml.method import load_method

from . import canary, engine
from .lease import Failed, Held, Lost
from .patience import patiently

LOADING, TRYING = "loading", "trying"


def examine(upload: ModelUpload, held: Held) -> None:
    live = engine.live()
    with TemporaryDirectory() as folder:
        weights = Path(folder, f"{upload.sha256}.safetensors")
        with storage.local_copy(storage.models(), storage.upload_key(upload.sha256)) as stored:
            shutil.copyfile(stored, weights)
        write_json(weights.with_suffix(".json"), upload.card)
        held.report(LOADING, 10)
        try:
            method = load_method(weights)
            held.report(TRYING, 50)
            canary.go_whole_way(method)
            canary.hold_against(canary.colour_samples(method), live.colourfulness)
        except CheckpointError as error:
            raise Failed(f"model_{error.reason}", str(error)) from error
        except canary.CanaryFailed as error:
            raise Failed(f"model_{error.reason}", str(error)) from error
        held.confirm()
        storage.put(storage.models(), storage.weights_key(upload.sha256), weights)
    if not patiently(lambda: service.complete(upload=upload, owner=held.owner)):
        if not ModelVersion.objects.filter(sha256=upload.sha256).exists():
            storage.models().delete(storage.weights_key(upload.sha256))
        raise Lost
