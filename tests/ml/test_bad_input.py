"""``python -m ml`` given what it cannot use: a sentence and a status, never a traceback."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ml import checkpoint, networks
from ml.__main__ import main

CARD = {"calibration": checkpoint.calibration(0.5, 1.2), "preprocessing": {"input": "L*"}}


@pytest.fixture(scope="module")
def good_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    return checkpoint.save(tmp_path_factory.mktemp("model"), "small", networks.create("lite"), CARD)


@pytest.fixture
def model(good_model: Path, tmp_path: Path) -> Path:
    """A model that a test may spoil."""
    for file in good_model.parent.iterdir():
        shutil.copy(file, tmp_path)
    return tmp_path / good_model.name


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return saved(tmp_path / "photo.png", np.random.default_rng(0).integers(0, 256, (40, 48, 3)))


def saved(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(path)
    return path


def noise_for_training(folder: Path) -> None:
    for i in range(4):
        for split in ("train", "val"):
            saved(folder / split / f"{i}.png", np.random.default_rng(i).integers(0, 256, (40, 40, 3)))


def resign(model: Path, **changes: object) -> None:
    """Let the card describe the weights as they are now."""
    card = checkpoint.read_card(model) | {"sha256": checkpoint.sha256(model)} | changes
    checkpoint.write_json(model.with_suffix(".json"), card)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run, and return what was said of why not."""
    assert main([str(a) for a in arguments]) != 0
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.strip()
    return said


@pytest.mark.parametrize("pixels", [np.full((1, 1, 3), 90), np.full((8, 20_000, 3), 90)], ids=["1x1", "20000x8"])
def test_a_photo_too_small_to_be_one_is_refused(
    pixels: np.ndarray, tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = saved(tmp_path / "tiny.png", pixels)
    said = refused(capsys, "colorize", photo, "--out", tmp_path / "out", "--model", model)
    assert f"tiny.png: too small: {pixels.shape[1]} x {pixels.shape[0]} pixels" in said


@pytest.mark.parametrize(("shade", "word"), [(0, "black"), (255, "white")])
def test_a_photo_that_can_hold_no_colour_is_refused(
    shade: int, word: str, tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = saved(tmp_path / "plain.png", np.full((40, 40, 3), shade))
    said = refused(capsys, "colorize", photo, "--out", tmp_path / "out", "--model", model)
    assert f"all {word}" in said
    assert not list((tmp_path / "out").iterdir())


def test_one_bad_photo_does_not_keep_the_others_from_their_colours(
    tmp_path: Path, model: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff" + b"x" * 40)
    said = refused(capsys, "colorize", broken, photo, "--out", tmp_path / "out", "--model", model)
    assert "broken.jpg" in said
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["photo.png"]


def test_weights_that_are_no_numbers_are_refused(
    tmp_path: Path, model: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tensors = checkpoint.read_tensors(model)
    tensors["classify.bias"][3] = torch.nan
    checkpoint.write_tensors(model, tensors)
    resign(model)
    said = refused(capsys, "colorize", photo, "--out", tmp_path / "out", "--model", model)
    assert "no numbers, in classify.bias" in said


def test_weights_cut_off_are_refused_with_their_old_card_and_with_a_new_one(
    tmp_path: Path, model: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model.write_bytes(model.read_bytes()[:1000])
    colorize = "colorize", photo, "--out", tmp_path / "out", "--model", model
    assert "not the file its card describes" in refused(capsys, *colorize)
    resign(model)
    assert "cut off or damaged" in refused(capsys, *colorize)


def test_a_card_that_does_not_fit_its_weights_is_refused(
    tmp_path: Path, model: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    colorize = "colorize", photo, "--out", tmp_path / "out", "--model", model
    resign(model, architecture={"network": "nobody"})
    assert "names no network that we have" in refused(capsys, *colorize)
    resign(model, architecture="lite")
    assert "names no network that we have" in refused(capsys, *colorize)
    tensors = checkpoint.read_tensors(model)
    tensors["classify.bias"] = tensors["classify.bias"][:5]
    checkpoint.write_tensors(model, tensors)
    resign(model, architecture={"network": "lite"})
    assert "does not fit its network 'lite': classify.bias" in refused(capsys, *colorize)


@pytest.mark.parametrize(
    "calibration", [{}, [], {"gain": [0, 1]}, {"gain": [0, 1, "loud"]}, {"gain": [0, 1, 2], "temperature": 1}]
)
def test_a_card_without_a_dial_is_refused(
    calibration: object, tmp_path: Path, model: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = json.loads(model.with_suffix(".json").read_text()) | {"calibration": calibration}
    model.with_suffix(".json").write_text(json.dumps(card))
    said = refused(capsys, "colorize", photo, "--out", tmp_path / "out", "--model", model)
    assert "no calibration of three numbers" in said


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[" * 100_000, b"nonsense"])
def test_a_card_that_is_none_is_refused(
    content: bytes, tmp_path: Path, model: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model.with_suffix(".json").write_bytes(content)
    said = refused(capsys, "colorize", photo, "--out", tmp_path / "out", "--model", model)
    assert "is not a model card" in said


def test_a_folder_without_photos_is_refused(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "nor any photo" in refused(capsys, "evaluate", "--data", empty, "--model", model)
    run = tmp_path / "run"
    said = refused(capsys, "train", "--data", empty, "--run", run, "--steps", 1, "--network", "lite", "--from-scratch")
    assert "nor any photo" in said
    assert "there is no folder" in refused(capsys, "evaluate", "--data", tmp_path / "none", "--model", model)


def test_black_photos_alone_cannot_be_judged(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(tmp_path / "dark" / "black.png", np.zeros((40, 40, 3)))
    said = refused(capsys, "evaluate", "--data", tmp_path / "dark", "--model", model)
    assert "no colour to compare with" in said


def test_an_evaluation_leaves_out_what_it_cannot_read_and_says_so(
    tmp_path: Path, model: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "set"
    saved(folder / "one.png", np.full((1, 1, 3), (200, 90, 30)))
    shutil.copy(photo, folder / "good.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff" + b"x" * 40)
    assert main(["evaluate", "--data", str(folder), "--model", str(model), "--json"]) == 1
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["photos"] == 2
    assert [photo["path"] for photo in found["left_out"]] == ["broken.jpg"]
    assert "left out broken.jpg" in said.err


def test_a_training_goes_on_without_what_it_cannot_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "set"
    noise_for_training(folder)
    (folder / "train" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    options = f"--data {folder} --run {tmp_path / 'run'} --steps 1 --batch 2 --crop 32 --from-scratch"
    assert main(["train", *options.split()]) == 0
    assert "broken.jpg" in capsys.readouterr().err


def test_only_broken_photos_train_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for split in ("train", "val"):
        (tmp_path / "set" / split).mkdir(parents=True)
        (tmp_path / "set" / split / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    run = tmp_path / "run"
    said = refused(capsys, "train", "--data", tmp_path / "set", "--run", run, "--steps", 1, "--from-scratch")
    assert "broken.jpg" in said


def test_a_damaged_state_or_start_is_refused(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "set"
    noise_for_training(folder)
    run = tmp_path / "run"
    train = "train", "--data", folder, "--run", run, "--steps", 1, "--batch", 2, "--crop", 32
    run.mkdir()
    (run / "state.safetensors").write_bytes(b"cut off")
    assert "cut off or damaged" in refused(capsys, *train, "--from-scratch")
    model.write_bytes(model.read_bytes()[:1000])
    assert "not the file its card describes" in refused(capsys, *train, "--weights", model)
    assert "cut off or damaged" in refused(capsys, *train, "--encoder", model)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("--steps -1", "steps must be 0 or more"),
        ("--steps 1 --minutes -5", "minutes must be 0 or more"),
        ("--steps 1 --set freeze_norms=False", "freeze_norms must be true or false, not 'False'"),
        ("--steps 1 --set rare=high", "rare must be a number, not 'high'"),
        ("--steps 1 --set augment=true", "augment must be a word"),
        ("--steps 1 --set augment=blurr", "no effect blurr"),
        ("--steps 1 --network vgg16 --from-scratch", "vgg16 keeps VGG-16 as it was pre-trained"),
        ("--steps 1 --weights nobody", "no model 'nobody'"),
        ("--steps 1 --weights nobody.safetensors", "no weights at nobody.safetensors"),
    ],
)
def test_a_training_that_cannot_be_meant_is_refused_before_a_photo_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: str, said: str
) -> None:
    assert said in refused(capsys, "train", "--data", tmp_path / "none", "--run", tmp_path / "run", *given.split())


def test_a_run_goes_on_with_its_own_photos_and_its_own_start_alone(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "set"
    noise_for_training(folder)
    train = "train", "--data", folder, "--run", tmp_path / "run", "--batch", 2, "--crop", 32, "--steps"
    assert main([str(a) for a in (*train, 1, "--from-scratch")]) == 0
    assert "on other photos" in refused(capsys, *train, 2, "--from-scratch", "--limit", 3)
    assert "from another start" in refused(capsys, *train, 2, "--weights", model)
    assert main([str(a) for a in (*train, 2, "--from-scratch")]) == 0


def test_an_evaluation_looks_first_whether_it_can_write_its_sheet_and_read_its_pins(
    tmp_path: Path, photo: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judge = "evaluate", "--data", photo.parent, "--model", model
    assert "no folder" in refused(capsys, *judge, "--sheet", tmp_path / "none" / "sheet.png")
    (tmp_path / "pins").mkdir()
    (tmp_path / "pins" / "broken.png").write_bytes(b"none")
    assert "photos" not in refused(capsys, *judge, "--pins", tmp_path / "pins")


def test_what_is_another_networks_or_for_another_machine_is_refused(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "set"
    noise_for_training(folder)
    train = "train", "--data", folder, "--run", tmp_path / "run", "--steps", 1, "--batch", 2, "--crop", 32
    assert "give --network lite" in refused(capsys, *train, "--network", "autoencoder", "--weights", model)
    assert "no encoder of the network 'lite'" in refused(capsys, *train, "--encoder", model)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "no CUDA device" in refused(capsys, *train, "--from-scratch", "--accelerator", "cuda")


def test_unknown_networks_and_models_are_named_with_the_known_ones(
    tmp_path: Path, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, "train", "--data", tmp_path, "--run", tmp_path / "run", "--steps", 1, "--network", "nobody")
    assert "no network 'nobody'; known: " in said
    assert "no model 'nobody'" in refused(capsys, "evaluate", "--data", tmp_path, "--model", "nobody")
    assert "no model 'nobody'" in refused(capsys, "colorize", photo, "--out", tmp_path / "o", "--model", "nobody")


def test_the_list_of_models_names_the_one_that_is_broken(
    model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for suffix in (".safetensors", ".json"):
        shutil.copy(model.with_suffix(suffix), model.parent / f"broken{suffix}")
    (model.parent / "broken.json").write_text("{")
    monkeypatch.setattr(checkpoint, "SHIPPED", model.parent)
    assert main(["models"]) == 1
    said = capsys.readouterr()
    assert "models: broken: " in said.err
    assert "small: lite" in said.out
