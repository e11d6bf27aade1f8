"""A model goes into service, and out of it again, beside a real worker; what is not fit for use changes nothing."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from colorizer import storage
from colorizer.models import Album, Coloring, ModelUpload, ModelVersion, Photo, Queue, Status, User, WorkerState
from colorizer.selectors import gallery, model_cards, versions
from colorizer.services import coloring, model_upload, promotion
from ml import checkpoint
from tests.conftest import on_disk_alone
from tests.stack import Process, wait_for
from tests.weights import version_of, weights_like_shipped

from .conftest import Upload, coloring_with

pytestmark = pytest.mark.worker


@pytest.fixture
def better(worker: Process, tmp_path: Path) -> ModelVersion:
    wait_for(versions.live, what="a live model")
    return version_of(weights_like_shipped(tmp_path, "Harbour"))


def runs(version: ModelVersion) -> bool:
    """Whether the worker has noticed, without any photo to be told by."""
    return WorkerState.objects.filter(name__startswith="worker@", live_version=version).exists()


def test_a_promotion_makes_the_next_photo_carry_the_new_version_and_a_step_back_the_one_after(
    better: ModelVersion, upload: Upload, editor: User
) -> None:
    shipped = versions.live()
    assert shipped
    first = upload()
    assert coloring_with(Status.DONE, first).model_version == shipped
    promotion.promote(version=better, by=editor, reason="for a test")
    wait_for(lambda: runs(better), what="that an idle worker notices")
    after = coloring_with(Status.DONE, upload())
    assert after.model_version == better
    with storage.results().open(after.key) as file:
        assert better.sha256.encode() in file.read()
    promotion.roll_back(by=editor)
    assert coloring_with(Status.DONE, upload()).model_version == shipped
    first.refresh_from_db()
    assert first.shown
    assert first.shown.model_version == shipped


@on_disk_alone
def test_a_broken_model_is_not_taken_into_use_and_the_page_says_so(
    worker: Process, upload: Upload, editor: User, tmp_path: Path
) -> None:
    shipped = wait_for(versions.live, what="a live model")
    broken = version_of(weights_like_shipped(tmp_path, "Broken", spoilt=True))
    promotion.promote(version=broken, by=editor, reason="for a test")
    wait_for(lambda: WorkerState.objects.filter(refused_version=broken).exists(), what="the worker's refusal")
    (said,) = [each for each in model_cards.workers() if each.state.refused_version_id == broken.pk]
    assert (said.is_up_to_date, said.state.live_version_id) == (False, shipped.pk)  # type: ignore[union-attr]
    assert "are no numbers" in said.refusal
    assert coloring_with(Status.DONE, upload()).model_version == shipped
    promotion.roll_back(by=editor)
    wait_for(lambda: not WorkerState.objects.filter(refused_version=broken).exists(), what="that all is well again")


@on_disk_alone
def test_an_album_is_coloured_again_and_keeps_its_former_colours(
    better: ModelVersion, upload: Upload, album: Album, editor: User
) -> None:
    photos = [upload(position=position) for position in range(2)]
    former = [coloring_with(Status.DONE, photo) for photo in photos]
    assert not gallery.coloured_by_others(album=album).exists()
    promotion.promote(version=better, by=editor, reason="for a test")
    assert coloring.recolour(album=album) == 2
    again = Coloring.objects.filter(photo__album=album).exclude(pk__in=[each.pk for each in former])
    assert set(again.values_list("queue", flat=True)) == {Queue.BULK}
    assert coloring.recolour(album=album) == 0
    wait_for(lambda: again.filter(status=Status.DONE).count() == 2, what="the new colours")
    for photo, old in zip(photos, former, strict=True):
        shown = Photo.objects.get(pk=photo.pk).shown
        assert shown
        assert (shown.pk != old.pk, shown.model_version) == (True, better)
        assert all(storage.results().exists(key) for key in (storage.full_key(old), *storage.copy_keys(old)))
    assert not gallery.coloured_by_others(album=album).exists()


def bring_along(weights: Path, by: User) -> ModelUpload:
    files = (weights, weights.with_suffix(".json"))
    sent = [SimpleUploadedFile(file.name, file.read_bytes()) for file in files]
    return model_upload.accept(weights=sent[0], card=sent[1], by=by)


def test_weights_that_are_brought_along_become_a_candidate(worker: Process, editor: User, tmp_path: Path) -> None:
    upload = bring_along(weights_like_shipped(tmp_path, "Brought"), editor)
    wait_for(lambda: not ModelUpload.objects.exists(), what="the trial's end")
    version = ModelVersion.objects.get(sha256=upload.sha256)
    assert (version.name, version.state, version.origin) == ("Brought", "candidate", "upload")
    assert storage.sha256(storage.models(), storage.weights_key(version.sha256)) == version.sha256
    assert not storage.models().exists(storage.upload_key(version.sha256))


def not_a_number(folder: Path) -> Path:
    weights = weights_like_shipped(folder, "nan")
    tensors = checkpoint.read_tensors(weights)
    tensors["classify.bias"][0] = float("nan")
    checkpoint.write_tensors(weights, tensors)
    checkpoint.write_card(weights, checkpoint.read_card(weights) | {"sha256": checkpoint.sha256(weights)})
    return weights


def of_another_network(folder: Path) -> Path:
    weights = weights_like_shipped(folder, "other")
    card = checkpoint.read_card(weights)
    checkpoint.write_card(weights, card | {"architecture": card["architecture"] | {"network": "zhang"}})
    return weights


def of_no_network(folder: Path) -> Path:
    weights = weights_like_shipped(folder, "none")
    card = checkpoint.read_card(weights)
    checkpoint.write_card(weights, card | {"architecture": card["architecture"] | {"network": "levin"}})
    return weights


@on_disk_alone
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (not_a_number, "model_no_numbers"),
        (of_another_network, "model_unfit"),
        (of_no_network, "model_no_network"),
        (lambda folder: weights_like_shipped(folder, "grey", gain=0.0), "model_dull"),
    ],
    ids=["no numbers", "another network", "no network", "grey"],
)
def test_weights_that_are_not_fit_for_use_are_refused_in_a_sentence(
    worker: Process, editor: User, tmp_path: Path, make: object, reason: str
) -> None:
    live = wait_for(versions.live, what="a live model")
    upload = bring_along(make(tmp_path), editor)  # type: ignore[operator]
    wait_for(lambda: ModelUpload.objects.filter(status=Status.FAILED).exists(), what="the refusal")
    assert ModelUpload.objects.get().reason == reason
    assert not ModelVersion.objects.filter(sha256=upload.sha256).exists()
    assert versions.live() == live
