"""Weights never travel without their card."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from ml import checkpoint, networks
from ml.checkpoint import CheckpointError

CARD = {"calibration": checkpoint.calibration(0.5, 1.2), "preprocessing": {"input": "L*"}, "limits": "Young."}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    return checkpoint.save(tmp_path, "small", networks.create("lite"), CARD)


def test_a_saved_model_loads_with_its_card_and_colours_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = networks.create("lite").eval()
    path = checkpoint.save(tmp_path, "small", network, CARD)
    loaded, card = checkpoint.load(path)
    lightness = torch.rand(1, 1, 32, 32) * 100
    torch.testing.assert_close(loaded(lightness), network(lightness), atol=2e-2, rtol=0)
    assert not loaded.training
    assert card["architecture"]["network"] == "lite"
    assert path.stat().st_size < 10_000_000


def test_weights_are_readable_for_every_account(model: Path) -> None:
    assert model.stat().st_mode & 0o044


def test_changed_weights_are_refused(model: Path) -> None:
    content = bytearray(model.read_bytes())
    content[-1] ^= 1
    model.write_bytes(content)
    with pytest.raises(CheckpointError, match="not the file its card describes"):
        checkpoint.load(model)


def test_weights_without_a_card_are_refused(model: Path) -> None:
    model.with_suffix(".json").unlink()
    with pytest.raises(FileNotFoundError, match="no card"):
        checkpoint.load(model)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"format": 99}', '{"format": 1, "name": "x"}'])
def test_a_broken_card_is_refused(model: Path, text: str) -> None:
    model.with_suffix(".json").write_text(text)
    with pytest.raises(CheckpointError):
        checkpoint.load(model)


def test_tensors_that_do_not_fit_the_network_are_refused(model: Path) -> None:
    tensors = checkpoint.read_tensors(model)
    tensors.pop("classify.bias")
    checkpoint.write_tensors(model, tensors)
    card = json.loads(model.with_suffix(".json").read_text())
    card["sha256"] = checkpoint.sha256(model)
    checkpoint.write_json(model.with_suffix(".json"), card)
    with pytest.raises(CheckpointError, match="does not fit"):
        checkpoint.load(model)


def test_numbers_that_are_too_large_for_half_the_bytes_are_kept_whole(tmp_path: Path, tiny: None) -> None:
    network = networks.create("tiny")
    with torch.no_grad():
        next(network.parameters()).view(-1)[0] = 1e6
    loaded, _ = checkpoint.load(checkpoint.save(tmp_path, "wide", network, CARD))
    assert next(loaded.parameters()).view(-1)[0] == 1e6
    with torch.no_grad():
        next(network.parameters()).view(-1)[0] = float("nan")
    with pytest.raises(CheckpointError, match="no numbers"):
        checkpoint.save(tmp_path, "lost", network, CARD)
    assert not (tmp_path / "lost.safetensors").exists()


def test_vividness_runs_from_grey_through_the_default_to_more() -> None:
    assert checkpoint.dial(CARD, 0)[1] == 0
    assert checkpoint.dial(CARD, 1) == (0.5, 1.2)
    assert checkpoint.dial(CARD, 0.5) == (0.5, pytest.approx(0.6))
    sharper, louder = checkpoint.dial(CARD, 2)
    assert sharper < 0.5
    assert louder > 1.2
    middle = checkpoint.dial(CARD, 1.5)
    assert sharper < middle[0] < 0.5
    assert 1.2 < middle[1] < louder


@pytest.mark.parametrize("vividness", [-0.1, 2.1, float("nan")])
def test_a_vividness_outside_its_range_is_refused(vividness: float) -> None:
    with pytest.raises(ValueError, match="vividness"):
        checkpoint.dial(CARD, vividness)


def test_the_card_for_people_says_what_the_card_for_code_says(model: Path) -> None:
    text = model.with_suffix(".md").read_text()
    assert "# Model card: small" in text
    assert checkpoint.sha256(model) in text
    assert "Young." in text


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "state.json"
    checkpoint.write_json(file, {"step": 1})

    def fail(self: Path, target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.write_json(file, {"step": 2})
    assert json.loads(file.read_text()) == {"step": 1}


def test_every_shipped_model_loads() -> None:
    for path in checkpoint.shipped().values():
        network, card = checkpoint.load(path)
        assert card["name"] == path.stem
        assert all(torch.isfinite(v).all() for v in network.state_dict().values())


def test_a_model_is_found_by_name_by_file_and_by_the_folder_it_is_alone_in(model: Path) -> None:
    assert checkpoint.find("lite") == checkpoint.shipped()["lite"]
    assert checkpoint.find(model) == checkpoint.find(model.parent) == model
    checkpoint.write_tensors(model.parent / "state.safetensors", {"x": torch.zeros(1)})
    assert checkpoint.find(model.parent) == model
    checkpoint.save(model.parent, "other", networks.create("lite"), CARD)
    with pytest.raises(FileNotFoundError, match="several models"):
        checkpoint.find(model.parent)


def test_a_network_without_weights_is_answered_with_the_command_that_makes_them(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="python -m ml train --network vgg16"):
        checkpoint.find("vgg16")
    with pytest.raises(FileNotFoundError, match="no model 'huge'"):
        checkpoint.find("huge")
    with pytest.raises(FileNotFoundError, match="no model, that is"):
        checkpoint.find(tmp_path)
