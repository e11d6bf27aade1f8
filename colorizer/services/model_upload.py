"""Weights that someone brings along: looked at from outside here, tried by a worker, and then a candidate."""

import hashlib

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction

from .. import dispatch, storage, weights_file
from ..models import Action, ModelUpload, ModelVersion, Status, User
from ..weights_file import Unfit
from . import audit, jobs


def accept(*, weights: "UploadedFile[bytes] | None", card: "UploadedFile[bytes] | None", by: User) -> ModelUpload:
    """Take weights with their card, and have a worker try them.

    Raises:
        Unfit: what is wrong, see `weights_file`; or "weights_missing", "card_missing", "card_of_others" where the card
            is of other weights, "weights_here" where the site has them already.
    """
    if weights is None or card is None:
        raise Unfit("weights_missing" if weights is None else "card_missing")
    if (card.size or 0) > weights_file.LONGEST_CARD:
        raise Unfit("card_unknown")
    described = weights_file.read_card(card.read())
    weights_file.check(weights.file, weights.size or 0)  # type: ignore[arg-type]
    sha256 = _sha256(weights)
    if sha256 != described["sha256"]:
        raise Unfit("card_of_others")
    _make_way(sha256)
    weights.seek(0)
    storage.models().replace(storage.upload_key(sha256), weights)
    known = {"name": described["name"][:100], "architecture": described["architecture"]["network"][:40]}
    try:
        with transaction.atomic():
            upload = ModelUpload.objects.create(sha256=sha256, card=described, created_by=by, **known)
            audit.record(action=Action.MODEL_UPLOADED, actor=by, object_id=upload.pk)
            dispatch.after_commit(upload)
    except IntegrityError as error:
        if ModelUpload.objects.filter(sha256=sha256).exists():  # twice in the same moment
            raise Unfit("weights_here") from error
        raise
    return upload


def complete(*, upload: ModelUpload, owner: str) -> bool:
    """A worker found the weights fit for use, and they lie in their place: a candidate. False: the lease was lost."""
    with transaction.atomic():
        if not jobs.finish(job=upload, owner=owner):
            return False
        ModelVersion.objects.get_or_create(
            sha256=upload.sha256,
            defaults={
                "name": upload.name,
                "architecture": upload.architecture,
                "card": upload.card,
                "origin": ModelVersion.Origin.UPLOAD,
                "created_by": upload.created_by,
            },
        )
        upload.delete()
    storage.models().delete(storage.upload_key(upload.sha256))
    return True


def dismiss(*, upload: ModelUpload) -> None:
    """Someone has read why the weights are not taken. Those that a worker still looks at stay."""
    gone, _each = ModelUpload.objects.filter(pk=upload.pk, status__in=[Status.FAILED, Status.CANCELLED]).delete()
    if gone:
        storage.models().delete(storage.upload_key(upload.sha256))


def _make_way(sha256: str) -> None:
    """The same file that was refused before may come again, to a site that may know its network by now."""
    if ModelVersion.objects.filter(sha256=sha256).exists():
        raise Unfit("weights_here")
    for earlier in ModelUpload.objects.filter(sha256=sha256):
        dismiss(upload=earlier)
    if ModelUpload.objects.filter(sha256=sha256).exists():
        raise Unfit("weights_here")


def _sha256(file: "UploadedFile[bytes]") -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    return digest.hexdigest()
