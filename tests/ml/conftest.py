"""Photos of many kinds, made on the spot, and a method that paints without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

from ml import networks
from ml.method import AbField, Guide
from tests.ml.tiny import Tiny

SavePhoto = Callable[..., Path]


@pytest.fixture(autouse=True)
def _same_chance() -> None:
    """Each test draws the same numbers, whichever came before it."""
    torch.manual_seed(0)


class Painter:
    """A fake method: loud colours that vary over the sheet, four pixels a cell."""

    name = "painter"
    sha256 = ""
    guides = frozenset({NoneType})

    def __init__(self, chroma: float = 90.0) -> None:
        self.chroma = chroma

    def ab(self, lightness: np.ndarray, guide: Guide = None, vividness: float = 1.0) -> AbField:
        height, width = (side // 4 for side in lightness.shape)
        y, x = np.mgrid[0:height, 0:width] / max(height, width)
        hue = 6 * x + 4 * y
        ab = np.stack([np.cos(hue), np.sin(hue)]) * self.chroma * vividness
        return AbField(ab.astype(np.float32))


@pytest.fixture
def painter() -> Painter:
    return Painter()


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """Eileen Collins, NASA, public domain: uint8 [192, 256, 3]."""
    return np.asarray(Image.fromarray(skimage.data.astronaut()).resize((256, 192), Image.Resampling.BOX))


@pytest.fixture(scope="session")
def camera() -> np.ndarray:
    """The camera man (CC0), without colour: uint8 [192, 256]."""
    return np.asarray(Image.fromarray(skimage.data.camera()).resize((256, 192), Image.Resampling.BOX))


@pytest.fixture
def save_photo(tmp_path: Path) -> SavePhoto:
    """save_photo("name.jpg", array, **how Pillow saves) -> path."""

    def save(name: str, pixels: np.ndarray, **how: Any) -> Path:
        path = tmp_path / name
        Image.fromarray(pixels).save(path, **how)
        return path

    return save


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network "tiny" among the others."""
    monkeypatch.setitem(networks._registry, "tiny", Tiny)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Sums over threads come in any order: bit-equal runs need one. Small tensors gain nothing from more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
