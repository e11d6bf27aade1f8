"""Does the database agree with the storages? Looks in both directions, and changes nothing.

Every row's files are looked for, and every file's row. Both sides are read in pages, and a storage's listing is kept on
disk meanwhile, so that memory stays the same for a hundred photos and for a million. The site may be at work: what
changed about when the listing began is looked at once more before it is called missing, and a file without a row is
called an orphan only when it is older than a grace period, since an upload stores the file first.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.db.models import F, Model, Q, QuerySet
from django.utils import timezone

from .. import storage
from ..catalogue import BATCH, Catalogue
from ..findings import GRACE, Finding, Kind, Report
from ..models import (
    Coloring,
    Comparison,
    DatasetItem,
    Discard,
    ModelUpload,
    ModelVersion,
    Original,
    Photo,
    Status,
    Training,
)
from ..stores import Store, Stored
from . import stuck

ANY_CLOCK = timedelta(hours=2)
"""Clocks of several machines differ by less than this. Rows that changed within it are looked at twice."""
PREPARED = (Photo.State.READY, Photo.State.ASKS)
M = TypeVar("M", bound=Model)


def check(*, quick: bool = False, grace: timedelta = GRACE) -> Report:
    """Hold the database and the storages against each other.

    Args:
        quick: compare only the sizes of originals; else every byte is read for its SHA-256.
        grace: a file without a row that is younger may be an upload in progress.

    Raises:
        One of `findings.UNREACHABLE`: the database or a storage did not answer, so nothing can be said.
    """
    report = Report(quick, grace)
    for look in (_originals, _results, _models, _discards, _jobs):
        report.findings += look(report)
    return report


def orphan_results(*, grace: timedelta = GRACE) -> tuple[list[Finding], int]:
    """The files in `results` that belong to no row, and how many files lie there in all."""
    with Catalogue(storage.results().files()) as files:
        orphans = _orphans(files, grace, results_with_rows)
        return [Finding(Kind.RESULT_ORPHAN, key=file.key) for file in orphans], len(files)


def originals_with_rows(keys: list[str]) -> set[str]:
    """Those of ``keys`` in `originals` that belong to a row, or are about to be deleted."""
    return set(Original.objects.filter(key__in=keys).values_list("key", flat=True)) | _going("originals", keys)


def _going(storage_name: str, keys: list[str]) -> set[str]:
    """Those of ``keys`` whose rows are gone and that housekeeping deletes, as soon as the storage lets it."""
    return set(Discard.objects.filter(storage=storage_name, key__in=keys).values_list("key", flat=True))


def results_with_rows(keys: list[str]) -> set[str]:
    """Those of ``keys`` in `results` that belong to a photo, a coloring or a comparison, done or not, or soon go."""
    owners = {key: storage.owner_of_result(key) for key in keys}
    found: set[tuple[str, UUID]] = set()
    for kind, model in (("photos", Photo), ("colorings", Coloring), ("comparisons", Comparison)):
        ids = {owner[1] for owner in owners.values() if owner and owner[0] == kind}
        found |= {(kind, pk) for pk in model._default_manager.filter(pk__in=ids).values_list("pk", flat=True)}
    return {key for key, owner in owners.items() if owner in found} | _going("results", keys)


def weights_with_rows(keys: list[str]) -> set[str]:
    """Those of ``keys`` in `models` that belong to a model version, an upload of one, a training, or a photo."""
    weights = {storage.weights_key(sha256) for sha256 in ModelVersion.objects.values_list("sha256", flat=True)}
    weights |= {storage.upload_key(sha256) for sha256 in ModelUpload.objects.values_list("sha256", flat=True)}
    owners = {key: storage.owner_in_models(key) for key in keys}
    found: set[tuple[str, UUID]] = set()
    for kind, model in (("trainings", Training), ("datasets", DatasetItem)):
        ids = {owner[1] for owner in owners.values() if owner and owner[0] == kind}
        found |= {(kind, pk) for pk in model._default_manager.filter(pk__in=ids).values_list("pk", flat=True)}
    return (weights & set(keys)) | {key for key, owner in owners.items() if owner in found} | _going("models", keys)


def _originals(report: Report) -> Iterator[Finding]:
    began, store = timezone.now(), storage.originals()
    report.checked["originals"] = 0
    with Catalogue(store.files()) as files:
        for originals in pages(Original.objects.all()):
            report.checked["originals"] += len(originals)
            sizes = files.tick_off(original.key for original in originals)
            for original in originals:
                size = sizes.get(original.key)
                if size is None and _is_new(original.changed_at, began) and store.exists(original.key):
                    size = store.size(original.key)
                kind = _wrong_with(store, original, size, report.quick)
                # Deleted for ever meanwhile: its row went first.
                if kind and Original.objects.filter(pk=original.pk).exists():
                    yield Finding(kind, str(original.pk), original.key)
        for file in _orphans(files, report.grace, originals_with_rows):
            detail = f"{file.size} bytes, of {file.changed_at:%Y-%m-%d %H:%M}"
            yield Finding(Kind.ORIGINAL_ORPHAN, key=file.key, detail=detail)
    for original in Original.objects.filter(photos=None, changed_at__lt=began - report.grace).iterator():
        yield Finding(Kind.ORIGINAL_UNSEEN, str(original.pk), original.key)
    yield from _unfinished(store, report.grace)


def _wrong_with(store: Store, original: Original, size: int | None, quick: bool) -> Kind | None:
    if size is None:
        return Kind.ORIGINAL_MISSING
    if size != original.size:
        return Kind.ORIGINAL_CHANGED
    if quick:
        return None
    try:
        return None if storage.sha256(store, original.key) == original.sha256 else Kind.ORIGINAL_CHANGED
    except FileNotFoundError:
        return Kind.ORIGINAL_MISSING


def _results(report: Report) -> Iterator[Finding]:
    began, store = timezone.now(), storage.results()
    with Catalogue(store.files()) as files:
        # Those whose original is read once more get theirs anew.
        prepared = Photo.objects.filter(state__in=PREPARED).exclude(original__status__in=Original.OPEN)
        for photos in pages(prepared.select_related("original")):
            report.checked["prepared photos"] += len(photos)
            sizes = files.tick_off(key for photo in photos for key in storage.grey_keys(photo))
            for photo in photos:
                for key in _lacking(store, storage.grey_keys(photo), sizes, _is_new(photo.changed_at, began)):
                    if prepared.filter(pk=photo.pk).exists():
                        yield Finding(Kind.RENDITION_MISSING, str(photo.pk), key)
        # One that failed when it was made anew is still shown, so far as its files are there.
        ended = Coloring.objects.exclude(status__in=Coloring.OPEN)
        finished = ended.filter(Q(status=Status.DONE) | Q(photo__shown=F("pk")))
        for colorings in pages(finished.select_related("photo__original")):
            report.checked["colourings"] += len(colorings)
            wanted = {coloring.pk: [storage.full_key(coloring), *storage.copy_keys(coloring)] for coloring in colorings}
            sizes = files.tick_off(key for keys in wanted.values() for key in keys)
            for coloring in colorings:
                yield from _wrong_with_coloring(store, coloring, wanted[coloring.pk], sizes, began)
        for file in _orphans(files, report.grace, results_with_rows):
            yield Finding(Kind.RESULT_ORPHAN, key=file.key)
    yield from _unfinished(store, report.grace)


def _wrong_with_coloring(
    store: Store, coloring: Coloring, keys: list[str], sizes: dict[str, int], began: datetime
) -> Iterator[Finding]:
    full = keys[0]
    is_new = _is_new(coloring.changed_at, began)
    lacking = _lacking(store, keys, sizes, is_new)
    size = sizes.get(full)
    if full not in lacking and coloring.size and size is not None and size != coloring.size:
        lacking.insert(0, full)
    if lacking and Coloring.objects.filter(pk=coloring.pk).exclude(status__in=Coloring.OPEN).exists():
        for key in lacking:
            yield Finding(Kind.RESULT_MISSING if key == full else Kind.COPY_MISSING, str(coloring.pk), key)


def _lacking(store: Store, keys: Iterable[str], sizes: dict[str, int], is_new: bool) -> list[str]:
    """Those of ``keys`` that are not there, or empty."""
    lacking = [key for key in keys if not sizes.get(key)]
    return [key for key in lacking if not (is_new and store.exists(key) and store.size(key))]


def _models(report: Report) -> Iterator[Finding]:
    store = storage.models()
    versions = ModelVersion.objects.order_by("created_at")
    for version in versions:
        report.checked["model versions"] += 1
        key = storage.weights_key(version.sha256)
        try:
            if storage.sha256(store, key) != version.sha256:
                yield Finding(Kind.WEIGHTS_CHANGED, str(version.pk), key, version.state)
        except FileNotFoundError:
            yield Finding(Kind.WEIGHTS_MISSING, str(version.pk), key, version.state)
    live = [version for version in versions if version.state == ModelVersion.State.LIVE]
    # Before the first worker's first start there is none at all.
    if versions and len(live) != 1:
        yield Finding(Kind.LIVE_MODELS, detail=f"{len(live)} are")
    with Catalogue(store.files()) as files:
        files.tick_off(storage.weights_key(version.sha256) for version in versions)
        for items in pages(DatasetItem.objects.all()):
            report.checked["photos of datasets"] += len(items)
            there = files.tick_off(item.key for item in items)
            for item in items:
                # Stored or deleted meanwhile, it is looked for once more.
                if (
                    item.key not in there
                    and not store.exists(item.key)
                    and DatasetItem.objects.filter(pk=item.pk).exists()
                ):
                    yield Finding(Kind.ITEM_MISSING, str(item.pk), item.key)
        for file in _orphans(files, report.grace, weights_with_rows):
            yield Finding(Kind.WEIGHTS_ORPHAN, key=file.key, detail=f"{file.size} bytes")
    yield from _unfinished(store, report.grace)


def _discards(report: Report) -> Iterator[Finding]:
    """What should be gone for longer than a storage is away."""
    for row in Discard.objects.filter(noted_at__lte=timezone.now() - report.grace).order_by("pk").iterator():
        yield Finding(Kind.DISCARD_KEPT, key=row.key, detail=f"in {row.storage}, since {row.noted_at:%Y-%m-%d %H:%M}")


def _jobs(report: Report) -> Iterator[Finding]:
    report.checked["open jobs"] += stuck.open_jobs()
    yield from stuck.findings(grace=report.grace)


def _is_new(changed_at: datetime, began: datetime) -> bool:
    """Whether a row may have got its files after the listing: then the storage itself is asked."""
    return changed_at > began - ANY_CLOCK


def _orphans(files: Catalogue, grace: timedelta, with_rows: Callable[[list[str]], set[str]]) -> Iterator[Stored]:
    before = timezone.now() - grace
    for left in files.left():
        old = [file for file in left if file.changed_at <= before]
        known = with_rows([file.key for file in old])
        yield from (file for file in old if file.key not in known)


def _unfinished(store: Store, grace: timedelta) -> Iterator[Finding]:
    before = timezone.now() - grace
    for half in store.half_written():
        if half.began_at <= before:
            yield Finding(Kind.UPLOAD_UNFINISHED, half.handle, half.key, f"since {half.began_at:%Y-%m-%d %H:%M}")


def pages(rows: "QuerySet[M]") -> Iterator[list[M]]:
    """All rows in the order of their keys, BATCH at a time, each page a question of its own: no cursor stays open."""
    page = list(rows.order_by("pk")[:BATCH])
    while page:
        yield page
        page = list(rows.filter(pk__gt=page[-1].pk).order_by("pk")[:BATCH])
