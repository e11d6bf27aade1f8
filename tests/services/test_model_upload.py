"""Weights that are brought along: what is wrong with them is said, nothing in them is run, and nothing changes."""

import io
import json
import pickle
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError

from colorizer import storage, words
from colorizer.models import Action, AuditEntry, ModelUpload, ModelVersion, Status, User
from colorizer.services import model_upload
from colorizer.weights_file import Unfit
from ml import checkpoint

WEIGHTS = checkpoint.shipped()["lite"]
WHOLE = WEIGHTS.read_bytes()
CARD: dict[str, Any] = json.loads(WEIGHTS.with_suffix(".json").read_text())


def file(content: bytes, name: str = "model.safetensors") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def card(**more: Any) -> SimpleUploadedFile:
    return file(json.dumps(CARD | more).encode(), "model.json")


class Hostile:
    """Unpickled, it ends the test."""

    def __reduce__(self) -> Any:
        return (exec, ("raise SystemExit('it was unpickled')",))


def archive() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as zipped:
        zipped.writestr("archive/data.pkl", pickle.dumps(Hostile()))
    return data.getvalue()


WRONG = {
    "weights_empty": b"",
    "weights_pickle": pickle.dumps(Hostile()),
    "weights_cut_off": WHOLE[:-100],
    "weights_unknown": b"<html>" + bytes(200),
}


@pytest.mark.parametrize("code", WRONG)
def test_a_file_that_is_not_whole_weights_is_refused_in_a_sentence_and_changes_nothing(owner: User, code: str) -> None:
    _refused(code, file(WRONG[code]), card(), owner)


@pytest.mark.parametrize("content", [archive(), WHOLE[:4], WHOLE[:2000], WHOLE + b"more", b"\2\0\0\0\0\0\0\0{}"])
def test_what_else_is_no_safetensors_file_is_refused_too(owner: User, content: bytes) -> None:
    with pytest.raises(Unfit):
        model_upload.accept(weights=file(content), card=card(), by=owner)
    assert not ModelUpload.objects.exists()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"nothing", b"[" * 100_000, b'{"name": "x"}'])
def test_what_is_no_card_is_refused(owner: User, content: bytes) -> None:
    _refused("card_unknown", file(WHOLE), file(content), owner)


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e999", r'"\u0000"', r'"\ud800"', r'{"\u0000": 1}'])
def test_a_card_with_what_no_database_keeps_is_refused(owner: User, value: str) -> None:
    content = json.dumps(CARD | {"gain": "here"}).replace('"here"', value)
    _refused("card_unknown", file(WHOLE), file(content.encode()), owner)


def test_weights_that_another_brings_in_the_same_moment_are_taken_once(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_upload, "_make_way", lambda sha256: None)
    ModelUpload.objects.create(name="lite", sha256=CARD["sha256"])
    _refused("weights_here", file(WHOLE), card(), owner, left=1)


def test_what_else_the_database_does_not_take_is_not_called_a_twin(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise IntegrityError("something else")

    monkeypatch.setattr(model_upload.audit, "record", fail)
    with pytest.raises(IntegrityError, match="something else"):
        model_upload.accept(weights=file(WHOLE), card=card(), by=owner)


def test_a_card_of_other_weights_is_refused(owner: User) -> None:
    _refused("card_of_others", file(WHOLE), card(sha256="0" * 64), owner)


def test_weights_need_a_card_and_a_card_weights(owner: User) -> None:
    _refused("weights_missing", None, card(), owner)
    _refused("card_missing", file(WHOLE), None, owner)


def test_weights_that_are_here_are_not_taken_twice(owner: User) -> None:
    ModelVersion.objects.create(name="lite", sha256=CARD["sha256"])
    _refused("weights_here", file(WHOLE), card(), owner)


def test_whole_weights_wait_for_a_worker_and_are_no_model_yet(owner: User) -> None:
    upload = model_upload.accept(weights=file(WHOLE), card=card(), by=owner)
    assert (upload.status, upload.name, upload.architecture) == (Status.QUEUED, "lite", "lite")
    assert storage.sha256(storage.models(), storage.upload_key(upload.sha256)) == CARD["sha256"]
    assert not ModelVersion.objects.exists()
    assert AuditEntry.objects.filter(action=Action.MODEL_UPLOADED, object_id=upload.pk).exists()
    _refused("weights_here", file(WHOLE), card(), owner, left=1)


def test_what_was_refused_can_be_dismissed_and_brought_along_again(owner: User) -> None:
    first = model_upload.accept(weights=file(WHOLE), card=card(), by=owner)
    model_upload.dismiss(upload=first)
    assert ModelUpload.objects.exists()  # a worker still looks at it
    ModelUpload.objects.update(status=Status.FAILED)
    second = model_upload.accept(weights=file(WHOLE), card=card(), by=owner)
    assert second.pk != first.pk
    ModelUpload.objects.update(status=Status.FAILED)
    model_upload.dismiss(upload=second)
    assert not ModelUpload.objects.exists()
    assert not storage.models().exists(storage.upload_key(CARD["sha256"]))


def _refused(
    code: str, weights: SimpleUploadedFile | None, described: SimpleUploadedFile | None, by: User, *, left: int = 0
) -> None:
    versions = ModelVersion.objects.count()
    with pytest.raises(Unfit) as refused:
        model_upload.accept(weights=weights, card=described, by=by)
    assert refused.value.code == code
    assert code in words.WORDS
    assert (ModelUpload.objects.count(), ModelVersion.objects.count()) == (left, versions)
