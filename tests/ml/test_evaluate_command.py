"""``python -m ml evaluate``: what is judged how, from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from skimage import data as skimage_data

from ml import judgement, pipeline
from ml.__main__ import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One photo to judge and one for the pin protocol."""
    folder = tmp_path_factory.mktemp("set")
    (folder / "val").mkdir()
    (folder / "pins24").mkdir()
    Image.fromarray(skimage_data.coffee()).resize((60, 40)).save(folder / "val" / "coffee.png")
    Image.fromarray(skimage_data.chelsea()).resize((60, 40)).save(folder / "pins24" / "cat.png")
    return folder


def figures(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, object]:
    assert main(["evaluate", "--json", *(str(a) for a in arguments)]) == 0
    return json.loads(capsys.readouterr().out)


def test_levin_is_judged_with_sixteen_true_pins_and_by_the_pin_protocol(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judgement, "_TIMED_RUNS", 1)  # each takes more than a second
    monkeypatch.setattr(pipeline, "NETWORK_SHORT_SIDE", 48)
    found = figures(capsys, "--data", folder, "--model", "levin")
    assert found["guided_by"] == "16 true pins"
    assert found["all"]["model"]["gain"] > 2
    assert found["all"]["model"]["ciede2000"] < 0.8 * found["all"]["grey"]["ciede2000"]
    errors = found["pins"]["mean_ab_error"]
    assert list(errors) == ["0", "1", "4", "16", "40", "100"]
    assert errors["100"] < errors["16"] < errors["0"]
    assert found["network_time_256"]["milliseconds"] > 0


def test_welsh_is_judged_with_a_reference_and_refused_without(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference = folder / "val" / "coffee.png"
    found = figures(capsys, "--data", folder, "--model", "welsh", "--reference", reference)
    assert found["photos"] == 1
    assert found["guided_by"] == "the reference coffee.png"
    assert found["all"]["model"]["colourfulness"] > 0
    assert "pins" not in found
    assert main(["evaluate", "--data", str(folder), "--model", "welsh"]) == 1
    assert "--reference" in capsys.readouterr().err


def test_a_method_without_a_card_has_nowhere_to_record(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--data", str(folder), "--model", "levin", "--record"]) == 1
    assert "has no card" in capsys.readouterr().err


def test_a_reference_that_is_no_photo_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    letter = tmp_path / "letter.jpg"
    letter.write_bytes(b"%PDF-1.4 " * 40)
    assert main(["evaluate", "--data", str(folder), "--model", "welsh", "--reference", str(letter)]) == 1
    assert "letter.jpg: not a JPEG" in capsys.readouterr().err


@pytest.mark.parametrize("count", ["0", "-1", "many"])
def test_a_limit_is_a_number_of_photos(folder: Path, count: str) -> None:
    with pytest.raises(SystemExit):
        main(["evaluate", "--data", str(folder), f"--limit={count}"])
