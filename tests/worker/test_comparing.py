"""A real worker judges a candidate beside the live model, and makes way for the photos of families."""

from pathlib import Path

import pytest
from PIL import Image

from colorizer import gate, storage
from colorizer.models import Comparison, ComparisonPhoto, DatasetItem, ModelVersion, Status
from colorizer.selectors import integrity, versions
from colorizer.services import comparing, datasets
from tests import school
from tests.conftest import StartWorker, on_disk_alone
from tests.stack import Process, wait_for
from tests.weights import version_of, weights_like_shipped

from .conftest import Upload, coloring_with

pytestmark = [pytest.mark.worker, on_disk_alone]  # what it reads and keeps is tried on servers by other tests
PHOTOS = 2


@pytest.fixture(autouse=True)
def _a_small_benchmark_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "FEWEST", PHOTOS)


def begun(folder: Path) -> Comparison:
    wait_for(versions.live, what="a live model")
    school.frozen(PHOTOS, name="Judged on", kind="benchmark")
    comparison = comparing.begin(version_of(weights_like_shipped(folder, "Harbour", gain=0.8)))
    assert comparison is not None
    return comparison


def done(comparison: Comparison) -> Comparison:
    def look() -> Comparison | None:
        now = Comparison.objects.get(pk=comparison.pk)
        assert now.status not in (Status.FAILED, Status.CANCELLED), now.detail
        return now if now.status == Status.DONE else None

    found = wait_for(look, timeout=240, what="the judging's end")
    assert found
    return found


@pytest.fixture
def results() -> set[str]:
    return {file.key for file in storage.results().files("comparisons/")}


@pytest.mark.long
def test_every_figure_with_its_controls_the_gate_and_the_pictures_are_there_and_go_again(
    worker: Process, tmp_path: Path, results: set[str]
) -> None:
    comparison = done(begun(tmp_path))
    assert comparison.photos.count() == PHOTOS
    everything = comparison.figures["groups"]["all"]
    assert everything["photos"] == PHOTOS
    for who in ("live", "candidate", "grey", "mean_ab"):
        assert {"gain", "psnr", "ssim", "ciede2000", "auc", "auc_rebalanced", "hue_accuracy"} <= set(everything[who])
    ratios = [everything[who]["colourfulness_ratio"] for who in ("candidate", "live", "grey")]
    assert ratios[0] < ratios[1]
    assert ratios[2] == 0
    assert set(comparison.figures["pins"]["candidate"]) == {"0", "1", "4", "16", "40", "100"}
    assert comparison.figures["network_time"]["live"]["milliseconds"] > 0
    assert [check["code"] for check in comparison.gate["checks"]][-1] == "canary"
    photo = comparison.photos.all()[0]
    assert photo.difference > 0
    for key in (photo.input_key, photo.live_key, photo.candidate_key, photo.truth_key):
        with storage.results().open(key) as file, Image.open(file) as picture:
            assert picture.size == (128, 96)
    made = {file.key for file in storage.results().files("comparisons/")} - results
    assert integrity.results_with_rows(sorted(made)) == made

    withdrawn = DatasetItem.objects.filter(frozen=photo.item_id)
    datasets.delete_items(items=withdrawn, by=None)
    assert not ComparisonPhoto.objects.filter(pk=photo.pk).exists()
    assert not storage.results().exists(photo.truth_key)
    comparing.delete(comparison=comparison)
    assert {file.key for file in storage.results().files("comparisons/")} <= results
    assert ModelVersion.objects.filter(name="Harbour").exists()


@pytest.mark.long
def test_it_makes_way_for_a_photo_and_goes_on_with_what_it_has(
    worker_process: StartWorker, scheduler: Process, upload: Upload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEIRLOOM_SLICE_SECONDS", "0.001")  # as where all takes longer than a slice
    worker_process("patient")
    comparison = begun(tmp_path)
    wait_for(lambda: comparison.photos.exists(), what="the first photo that is judged")
    coloring_with(Status.DONE, upload())
    made_way = Comparison.objects.get(pk=comparison.pk)
    assert made_way.is_open
    seen = {photo.pk for photo in comparison.photos.all()}
    ended = done(comparison)
    assert ended.attempt > 1
    assert ended.failures == 0
    assert seen <= {photo.pk for photo in ended.photos.all()}
    assert ended.photos.count() == PHOTOS


def test_grey_photos_cannot_be_judged_on(worker: Process, tmp_path: Path) -> None:
    wait_for(versions.live, what="a live model")
    school.frozen(PHOTOS, name="Grey ones", kind="benchmark", grey=True)
    comparison = comparing.begin(version_of(weights_like_shipped(tmp_path, "Harbour")))
    assert comparison
    failed = wait_for(lambda: Comparison.objects.filter(pk=comparison.pk, status=Status.FAILED).first())
    assert failed
    assert failed.reason == "benchmark_unfit"
