"""After the last step of a training: its vividness is set. Photos break that off, and this child goes on with it."""

import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from colorizer import storage
from colorizer.models import FrozenItem
from ml import calibration
from ml.checkpoint import sha256

from . import planes
from .lease import Stopping

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Begun:
    """Work on copies of a model and of photos, in a folder that outlives a slice."""

    sha256: str
    folder: "TemporaryDirectory[str]"
    pieces: Iterator[str | None]

    @classmethod
    def of(cls, weights: Path, items: Sequence[FrozenItem]) -> "_Begun":
        folder = TemporaryDirectory()
        model = Path(folder.name, weights.name)
        for file in weights.parent.glob(f"{weights.stem}.*"):
            shutil.copyfile(file, model.with_suffix(file.suffix))
        rows = []
        for item in items:
            photo = Path(folder.name, f"{item.sha256}.photo")
            with storage.local_copy(storage.models(), item.key) as stored:
                shutil.copyfile(stored, photo)
            rows.append(planes.row_of(item, photo))
        return cls(sha256(weights), folder, calibration.calibrate(model, Path("/"), rows))


_begun: _Begun | None = None


def calibrate(weights: Path, items: Sequence[FrozenItem], heed: Callable[[], object]) -> None:
    """Set the vividness of a model on photos, in its files.

    ``heed`` is called many times; where it raises Stopping, the next call for this model goes on from there. Raises
    ValueError or OSError where it cannot be set, and then the files are as they were.
    """
    global _begun
    if _begun and _begun.sha256 != sha256(weights):
        forget()
    at_hand, _begun = _begun or _Begun.of(weights, items), None
    try:
        for line in at_hand.pieces:
            if line:
                logger.info("%s", line)
            heed()
        for file in Path(at_hand.folder.name).glob(f"{weights.stem}.*"):
            shutil.copyfile(file, weights.with_suffix(file.suffix))
    except Stopping:
        _begun = at_hand
        raise
    finally:
        if _begun is None:
            at_hand.folder.cleanup()


def forget_photos() -> None:
    """Delete all photos of trainings that lie here: the decoded ones, and copies that a call broken off has kept."""
    planes.keep_alone()
    forget()


def forget() -> None:
    """Delete what a call that was broken off has kept: no other goes on with it."""
    global _begun
    if _begun:
        _begun.folder.cleanup()
    _begun = None
