"""Datasets: begun, frozen into versions, and their photos deleted."""

import hashlib
from collections.abc import Iterable
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Max, QuerySet

from .. import storage
from ..models import Action, Dataset, DatasetItem, DatasetVersion, FrozenItem, Tombstone, User
from ..selectors import datasets
from . import audit, comparing, discarding, training

DELETED = "deleted"
_BATCH = 500
_FROZEN = ("sha256", "key", "source", "licence", "category", "split", "colourfulness", "fingerprint")


class Unready(Exception):
    """The dataset cannot be frozen; says why in a sentence. Nothing was changed."""


def create(*, name: str, kind: str, by: User | None) -> Dataset:
    with transaction.atomic():
        dataset = Dataset.objects.create(name=name, kind=kind, created_by=by)
        audit.record(action=Action.DATASET_MADE, actor=by, object_id=dataset.pk)
    return dataset


def freeze(*, dataset: Dataset, by: User | None) -> DatasetVersion:
    """Make a version of what was accepted, without copies across splits or of what the other kind of dataset has.

    Raises:
        Unready: nothing is there to freeze, or not all of it is measured.
    """
    with transaction.atomic():
        Dataset.objects.select_for_update().get(pk=dataset.pk)
        ready = datasets.readiness(dataset)
        if ready.hindrance:
            raise Unready(ready.hindrance)
        number = (dataset.versions.aggregate(last=Max("number"))["last"] or 0) + 1
        items = list(_by_ids(dataset, ready.kept))
        version = DatasetVersion.objects.create(dataset=dataset, number=number, sha256=digest(items), frozen_by=by)
        rows = (
            FrozenItem(version=version, item=each, **{name: getattr(each, name) for name in _FROZEN}) for each in items
        )
        FrozenItem.objects.bulk_create(rows, batch_size=_BATCH)
        audit.record(action=Action.DATASET_FROZEN, actor=by, object_id=version.pk)
    return version


def digest(items: Iterable[DatasetItem | FrozenItem]) -> str:
    """SHA-256 over the photos' own hashes and labels, in the order of the hashes: the same photos give the same."""
    lines = sorted("\t".join((each.sha256, each.split, each.category, each.licence, each.source)) for each in items)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def delete_items(*, items: QuerySet[DatasetItem], by: User | None, reason: str = DELETED) -> int:
    """Delete the photos with their files, and leave a tombstone for each; how many. Frozen versions lack them then."""
    with transaction.atomic():
        # Locked: a comparison that has just judged one of them waits, and keeps none of its pictures.
        gone = list(items.select_for_update(of=("self",)).only("pk", "dataset_id", "sha256", "key", "format"))
        if not gone:
            return 0
        training.forget_samples(items=gone)
        comparing.forget_photos(items=gone)
        discarding.note(models=[key for item in gone for key in (item.key, storage.item_copy_key(item))])
        Tombstone.objects.bulk_create(
            (Tombstone(dataset_id=item.dataset_id, sha256=item.sha256, reason=reason) for item in gone),
            batch_size=_BATCH,
        )
        ids = [item.pk for item in gone]
        audit.record_each(action=Action.DATASET_ITEM_DELETED, actor=by, family_id=None, object_ids=ids)
        for at in range(0, len(ids), _BATCH):
            DatasetItem.objects.filter(pk__in=ids[at : at + _BATCH]).delete()
        transaction.on_commit(partial(discarding.carry_out, seconds=discarding.AT_ONCE))
    return len(gone)


def _by_ids(dataset: Dataset, ids: list[UUID]) -> Iterable[DatasetItem]:
    for at in range(0, len(ids), _BATCH):
        yield from dataset.items.filter(pk__in=ids[at : at + _BATCH])
