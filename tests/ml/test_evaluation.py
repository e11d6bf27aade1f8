"""The protocol: what is compared with what, and the default that a calibration finds."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import NoneType

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data as skimage_data
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from ml import calibration, checkpoint, evaluation, networks
from ml.color import bin_centres
from ml.data import PhotoRow, read_index
from ml.method import AbField, Guide, load_method


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of three photos that scikit-image carries, small."""
    folder = tmp_path_factory.mktemp("set")
    lines = ["path,category,source,licence,split,width,height,colourfulness,report_set"]
    for name, category in (("astronaut", "portrait"), ("chelsea", "animals"), ("coffee", "food")):
        photo = Image.fromarray(getattr(skimage_data, name)())
        photo.resize((96, 64)).save(folder / f"{name}.png")
        lines.append(f"{name}.png,{category},scikit-image,open,val,96,64,40,")
    (folder / "index.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def rows(folder: Path) -> list[PhotoRow]:
    return read_index(folder, "val")


class Blue:
    """Colours everything alike."""

    name = "blue"
    sha256 = ""
    guides = frozenset({NoneType})

    def ab(self, lightness: np.ndarray, guide: Guide = None, vividness: float = 1.0) -> AbField:
        return AbField(np.stack([np.zeros((8, 8)), np.full((8, 8), -20 * vividness)]).astype(np.float32))


def test_leaving_the_photo_grey_scores_as_the_grey_control(folder: Path, rows: list[PhotoRow]) -> None:
    figures = evaluation.evaluate(evaluation.triples(folder, rows, lambda grey: grey))
    assert figures["model"]["gain"] == 0
    assert figures["model"]["colourfulness_ratio"] == pytest.approx(0, abs=1e-6)
    for name, value in figures["grey"].items():
        assert figures["model"][name] == value, name


def test_a_photo_that_cannot_be_read_is_left_out_and_named(folder: Path, rows: list[PhotoRow], tmp_path: Path) -> None:
    damaged = Path(shutil.copytree(folder, tmp_path / "set"))
    (damaged / rows[1].path).write_bytes(b"no photo")
    told: list[str] = []
    photos = evaluation.triples(damaged, rows, lambda grey: grey, told.append)
    assert len(photos) == len(rows) - 1
    assert [rows[1].path in sentence for sentence in told] == [True]


def test_the_truth_itself_scores_perfectly(folder: Path, rows: list[PhotoRow]) -> None:
    truths = iter([Image.open(folder / r.path).convert("RGB") for r in rows])
    model = evaluation.evaluate(evaluation.triples(folder, rows, lambda grey: next(truths)))["model"]
    assert model["colourfulness_ratio"] == pytest.approx(1)
    assert model["ciede2000"] == pytest.approx(0)
    assert model["ssim"] == pytest.approx(1)
    assert model["auc"] == model["auc_rebalanced"] == model["hue_accuracy"] == model["epsilon_2"] == 1


def test_the_figures_are_those_of_scikit_image(folder: Path, rows: list[PhotoRow]) -> None:
    photos = evaluation.triples(folder, rows, evaluation.through_pipeline(Blue()))
    figures = evaluation.evaluate(photos)["model"]
    expected = {"psnr": [], "ssim": [], "ciede2000": []}
    for photo in photos:
        expected["psnr"].append(peak_signal_noise_ratio(photo.truth, photo.output))
        how = {"gaussian_weights": True, "use_sample_covariance": False, "data_range": 255, "channel_axis": 2}
        expected["ssim"].append(structural_similarity(photo.truth, photo.output, **how))
        expected["ciede2000"].append(deltaE_ciede2000(rgb2lab(photo.truth), rgb2lab(photo.output)).mean())
    for name, values in expected.items():
        assert figures[name] == pytest.approx(np.mean(values), abs=2e-4), name


def test_the_mean_tint_lies_between_grey_and_truth_in_colour(folder: Path, rows: list[PhotoRow]) -> None:
    figures = evaluation.evaluate(evaluation.triples(folder, rows, lambda grey: grey))
    assert 0 < figures["mean_ab"]["colourfulness_ratio"] < 1
    assert figures["mean_ab"]["gain"] == figures["mean_ab"]["psnr"] - figures["grey"]["psnr"]


def test_the_pipeline_is_fed_the_grey_file_and_its_colour_is_compared(folder: Path, rows: list[PhotoRow]) -> None:
    triple = evaluation.triples(folder, rows[:1], evaluation.through_pipeline(Blue()))[0]
    assert triple.output.shape == (256, 256, 3)
    assert (triple.grey[..., 0] == triple.grey[..., 2]).all()
    middle = (triple.grey[..., 0] > 60) & (triple.grey[..., 0] < 200)
    output = triple.output[middle].astype(int)
    assert (output[:, 2] > output[:, 0]).all()


def test_a_set_that_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match="no photo"):
        evaluation.evaluate([])
    grey = np.full((256, 256, 3), 90, np.uint8)
    with pytest.raises(ValueError, match="no colour"):
        evaluation.evaluate([evaluation.Triple(grey, grey, grey)])


def test_the_table_names_the_model_and_both_controls(folder: Path, rows: list[PhotoRow]) -> None:
    text = evaluation.table(evaluation.evaluate(evaluation.triples(folder, rows, lambda grey: grey)))
    for word in ("model", "grey", "mean_ab", "psnr", "against grey: +0.00 dB"):
        assert word in text


def test_the_contact_sheet_holds_three_pictures_a_photo(folder: Path, rows: list[PhotoRow]) -> None:
    page = evaluation.sheet(evaluation.triples(folder, rows, lambda grey: grey), across=2)
    assert page.size == (2 * 3 * 160, 2 * 160)


@pytest.fixture(scope="module")
def tinting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that paints bright parts blue and dark parts orange, faintly."""
    torch.manual_seed(0)
    network = networks.create("lite")
    frequency = torch.full((len(bin_centres()),), 1e-4)
    for ab, share in ((0, 0), 0.6), ((0, -10), 0.2), ((10, 10), 0.2):
        frequency[(bin_centres() == torch.tensor(ab)).all(dim=1)] = share
    network.start_from(frequency)
    card = {"calibration": checkpoint.calibration(1.0, 1.0), "preprocessing": {}}
    return checkpoint.save(tmp_path_factory.mktemp("model"), "tinting", network, card)


def test_a_calibration_goes_into_the_file_that_it_is_of_and_without_what_it_cannot_read(
    folder: Path, rows: list[PhotoRow], tinting: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.safetensors"
    for suffix in (".safetensors", ".json"):
        shutil.copy(tinting.with_suffix(suffix), mine.with_suffix(suffix))
    (tmp_path / "broken.jpg").write_bytes(b"none")
    broken = replace(rows[0], path=str(tmp_path / "broken.jpg"))
    said = list(filter(None, calibration.calibrate(mine, folder, [rows[0], broken])))
    assert "broken.jpg" in said[0]
    assert {file.stem for file in tmp_path.iterdir()} == {"mine", "broken"}
    assert checkpoint.load(mine)[1]["calibration"]["photos"] == 1


def test_a_model_that_leaves_all_grey_is_not_calibrated(
    folder: Path, rows: list[PhotoRow], tmp_path: Path, tiny: None
) -> None:
    network = networks.create("tiny")
    network.load_state_dict({k: torch.zeros_like(v) for k, v in network.state_dict().items()})
    grey = checkpoint.save(
        tmp_path, "grey", network, {"calibration": checkpoint.calibration(None, 1.0), "preprocessing": {}}
    )
    with pytest.raises(ValueError, match="leaves every photo grey"):
        list(calibration.calibrate(grey, folder, rows[:1]))


def test_a_calibrated_model_is_as_colourful_as_the_truth(folder: Path, rows: list[PhotoRow], tinting: Path) -> None:
    before = evaluation.evaluate(
        evaluation.triples(folder, rows, evaluation.through_pipeline(load_method(tinting, device="cpu")))
    )
    *pieces, _last = calibration.calibrate(tinting, folder, rows)
    assert pieces.count(None) == 3 * len(rows) + len(calibration.BALANCES) * len(calibration.TEMPERATURES)
    after = evaluation.evaluate(
        evaluation.triples(folder, rows, evaluation.through_pipeline(load_method(tinting, device="cpu")))
    )
    assert abs(before["model"]["colourfulness_ratio"] - 1) > 0.2
    assert after["model"]["colourfulness_ratio"] == pytest.approx(1, abs=0.1)
