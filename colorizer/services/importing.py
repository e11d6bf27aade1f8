"""Photos into a dataset: checked by their headers, stored, and measured later by a worker."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from uuid import UUID, uuid4

from django.conf import settings
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from .. import naming, storage, stripping
from ..index_file import Described
from ..models import Action, Consent, Dataset, DatasetItem, Licence, Queue, Split, Tombstone, User
from ..selectors import offers
from ..storage import StoredFile
from . import audit, discarding, intake, jobs, unpacking
from .unpacking import Broken, Found, Unfit

logger = logging.getLogger(__name__)
WITHDRAWN = "withdrawn"
"""The reason on the tombstone of a photo whose family took its consent back."""
ONE_IN = 10
"""Of so many photos one is kept for validation, where nobody says otherwise."""
OFFERED = "offered by a family"
"""The source of such photos, as a model's card names it."""
_BATCH = 500


@dataclass
class Report:
    """What became of the files: how many were taken, a name and a sentence for each of the others, and in part those of
    several pages, of which the first alone is a photo of the dataset."""

    taken: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    in_part: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_plain(self) -> bool:
        """One photo, and nothing to say of it."""
        return self.taken == 1 and not self.refused and not self.in_part


def add_uploads(*, dataset: Dataset, uploads: Iterable["UploadedFile[bytes]"], said: Described, by: User) -> Report:
    """Photos and ZIPs of photos. A ZIP that is not fit is refused whole; a file that is not, alone."""
    report = Report()
    found: list[Found] = []
    for upload in uploads:
        if not unpacking.is_archive(upload):
            found.append(Found(upload.name or "", said, partial(_as_it_is, upload)))
            continue
        try:
            found += unpacking.of_zip(upload, said)
        except Unfit as error:
            report.refused.append((naming.file_name(upload.name or ""), str(error)))
    return _add(dataset, found, _hashes(dataset), by=by, report=report)


def add_folder(*, dataset: Dataset, folder: Path, said: Described, by: User | None = None) -> Report:
    """All photos of a folder, as its index.csv has them where it has one. Raises Unfit."""
    return _add(dataset, unpacking.of_folder(folder, said), _hashes(dataset), by=by, report=Report())


def add_offered(*, dataset: Dataset, by: User | None) -> Report:
    """What families have offered and lies in no dataset yet, bare of what the camera wrote beside the pixels."""
    report, here = Report(), _hashes(dataset)
    for consent in offers.not_taken_in():
        file = offers.file_of(consent)
        name = f"{consent.pk.hex[:12]}.{file.ending}"  # the family's own name for it stays with the family
        found = Found(name, Described(source=OFFERED), partial(_bare, file, name))
        try:
            _add(dataset, [found], here, by=by, report=report, consent=consent)
        except _NotTaken as error:
            report.refused.append((name, str(error)))
    return report


def _hashes(dataset: Dataset) -> set[str]:
    return set(dataset.items.values_list("sha256", flat=True))


def _add(
    dataset: Dataset,
    found: Iterable[Found],
    here: set[str],
    *,
    by: User | None,
    report: Report,
    consent: Consent | None = None,
) -> Report:
    """Take in what is a photo and not there yet. Either all of these are in the end, or, where this raises, none.

    Args:
        here: the hashes of the dataset's photos; those that are taken in are added.
        report: what became of them is added to it, and it is returned.
        consent: the family's word by which they are here, instead of a licence.

    Raises:
        _NotTaken: ``consent`` was withdrawn meanwhile.
    """
    items: list[DatasetItem] = []
    try:
        for each in found:
            try:
                item, pages = _stored(dataset, each, here, consent)
                items.append(item)
                if pages > 1:
                    report.in_part.append((item.name, _("It has %(pages)s pages.") % {"pages": pages}))
            except (intake.Refused, Broken, _NotTaken) as error:
                message = error.message if isinstance(error, intake.Refused) else str(error)
                report.refused.append((naming.file_name(each.name), message))
        report.taken += _record(dataset, items, by, consent)
    except BaseException:
        _unstore(items)
        raise
    return report


class _NotTaken(Exception):
    """A photo that the dataset has, or must not have; says so in a sentence."""


class _Withdrawn(_NotTaken):
    """Its family does not want it to be learned from."""

    def __init__(self) -> None:
        super().__init__(_("Its family has withdrawn this photo."))


@contextmanager
def _as_it_is(upload: "UploadedFile[bytes]") -> Iterator["File[bytes]"]:
    yield upload


@contextmanager
def _bare(file: StoredFile, name: str) -> Iterator["File[bytes]"]:
    with TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as spooled:
        try:
            for piece in offers.bare(file):
                spooled.write(piece)
        except (FileNotFoundError, stripping.Unknown) as error:
            raise Broken(_("This photo's file could not be read.")) from error
        spooled.flush()
        yield File(spooled, name=name)


def _stored(dataset: Dataset, found: Found, here: set[str], consent: Consent | None) -> tuple[DatasetItem, int]:
    """The photo, and how many pages its file has."""
    name = naming.file_name(found.name)
    with found.open() as file:
        format, pages = intake.check(file, name=name)
        sha256 = intake.hash_of(file)
        if sha256 in here:
            raise _NotTaken(_("This photo is in the dataset already."))
        if consent is None and Tombstone.objects.filter(dataset=dataset, sha256=sha256, reason=WITHDRAWN).exists():
            raise _Withdrawn
        pk = uuid4()
        item = DatasetItem(
            pk=pk,
            dataset=dataset,
            sha256=sha256,
            key=storage.item_key(dataset.pk, pk, format),
            name=name,
            format=format,
            size=file.size or 0,
            consent=consent,
            source=found.said.source,
            licence=Licence.CONSENT if consent else found.said.licence,
            category=found.said.category,
            split=found.said.split or _split_of(dataset, sha256),
            queue=Queue.BULK,
        )
        storage.models().save(item.key, file)
    here.add(sha256)
    return item, pages


def _split_of(dataset: Dataset, sha256: str) -> Split:
    """By the photo itself, so that it is the same wherever and whenever it is added. A benchmark is there to judge."""
    judges = dataset.kind == Dataset.Kind.BENCHMARK
    return Split.VAL if judges or int(sha256[:8], 16) % ONE_IN == 0 else Split.TRAIN


def _record(dataset: Dataset, items: list[DatasetItem], by: User | None, consent: Consent | None) -> int:
    """How many were new. Another request may have brought the same file meanwhile: its twin's file goes again.

    Raises _Withdrawn where ``consent`` stands no more; a withdrawal that comes later finds the rows.
    """
    with transaction.atomic():
        if consent and not Consent.objects.standing().select_for_update().filter(pk=consent.pk).exists():
            raise _Withdrawn
        DatasetItem.objects.bulk_create(items, batch_size=_BATCH, ignore_conflicts=True)
        new: set[UUID] = set()
        for at in range(0, len(items), _BATCH):
            hashes = [item.sha256 for item in items[at : at + _BATCH]]
            new |= set(dataset.items.filter(sha256__in=hashes).values_list("pk", flat=True))
        twins = [item for item in items if item.pk not in new]
        if len(twins) < len(items):
            audit.record(action=Action.DATASET_IMPORTED, actor=by, object_id=dataset.pk)
            transaction.on_commit(jobs.refill)
    _unstore(twins)
    return len(items) - len(twins)


def _unstore(items: Iterable[DatasetItem]) -> None:
    """Files of rows that never were go again, or are noted to be deleted by housekeeping."""
    with transaction.atomic():
        discarding.note(models=[item.key for item in items])
    discarding.carry_out(seconds=discarding.AT_ONCE)
