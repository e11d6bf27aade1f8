"""An archive of `services.backup` into an empty system: all of it, or nothing.

The rows are one transaction, open until the last checksum is compared; files that were stored are deleted again where
that fails. No name of the archive is used as a path: a member says an id, and the row of that id where its file lies.
"""

import hashlib
import json
import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import BinaryIO

from django.contrib.auth.models import Group
from django.core.files import File
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from .. import archive, roles, rows, storage
from ..archive import Header, Order, Unfit
from ..findings import Kind, Report
from ..models import Coloring, DatasetItem, FrozenItem, ModelVersion, Original, Photo, Status, WorkerState
from ..selectors import integrity
from ..tarball import Damaged, Member, Reader
from ..work import work_folder
from . import jobs, reconciling

WORKS_STILL = timedelta(seconds=60)
LARGEST_HEADER = 4 << 20
_STORES = {"models": storage.models, "originals": storage.originals, "results": storage.results}

logger = logging.getLogger(__name__)


@dataclass
class Restored:
    """What came out of an archive."""

    header: Header
    rows: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    absent: list[dict[str, str]] = field(default_factory=list)
    """What the archive says it does not hold, or not as it was uploaded."""
    queued: int = 0
    """How many results and small copies are to be made again."""


def restore(*, source: BinaryIO) -> Restored:
    """Take in the archive that ``source`` gives.

    Raises:
        Unfit: this system is not empty or at work, or the archive is of another Heirloom. Nothing was changed.
        Damaged: the archive is not whole, or not one of ours. Nothing is left of it here.
        OSError: a storage does not answer, or has no room. As far as it answers, nothing is left there.
    """
    check_empty()
    stored = _Stored()
    with stored, transaction.atomic():
        # What a worker's first start has registered is in the archive too, or is registered again; so are the roles.
        ModelVersion.objects.filter(origin=ModelVersion.Origin.SHIPPED).delete()
        Group.objects.filter(name__in=roles.PERMISSIONS).delete()
        restored = _Restoring(stored).read(source)
        roles.make()
        rows.settle()
        jobs.start_over()
    restored.queued = make_missing()
    return restored


def check_empty() -> None:
    """Raises Unfit where anything would be mixed with what is here."""
    if WorkerState.objects.filter(heartbeat_at__gte=timezone.now() - WORKS_STILL).exists():
        raise Unfit("A worker is at work on this system: stop Heirloom first, wait a minute, and restore then.")
    shipped = ModelVersion.objects.filter(origin=ModelVersion.Origin.SHIPPED)
    here = {model._meta.verbose_name_plural: model._base_manager.count() for model in rows.kept()}
    here[ModelVersion._meta.verbose_name_plural] -= shipped.count()
    here[Group._meta.verbose_name_plural] -= Group.objects.filter(name__in=roles.PERMISSIONS).count()
    if found := [f"{name}: {count}" for name, count in here.items() if count]:
        raise Unfit(
            f"This system is not empty ({', '.join(found)}). Restore into a new one: another HEIRLOOM_DATA "
            "folder, or an empty database and bucket."
        )
    if next(iter(storage.originals().files()), None):
        raise Unfit(
            "The storage for originals is not empty, though the database is. Restore into an empty one; if an earlier "
            "restore was killed, delete what it left there first."
        )


def make_missing() -> int:
    """Queue what the archive did not hold and can be made again; how many files that are."""
    report = integrity.check(quick=True)
    kinds = (Kind.RENDITION_MISSING, Kind.RESULT_MISSING, Kind.COPY_MISSING)
    again = [finding for finding in report.findings if finding.kind in kinds]
    lost = [finding for finding in report.findings if finding.kind == Kind.ORIGINAL_MISSING]
    outcomes = reconciling.fix(report=Report(findings=[*lost, *again]))
    # The small copies of datasets' photos are in no archive: who measures a photo makes its copy.
    measured = DatasetItem.objects.filter(status=Status.DONE).iterator()
    return sum(outcome.is_right for outcome in outcomes) + sum(jobs.redo(job=item) for item in measured)


class _Stored:
    """The files that a restore has put into the storages. Where it fails, they go again."""

    def __init__(self) -> None:
        self._noted = TemporaryFile("w+", dir=work_folder())  # noqa: SIM115 - closed in __exit__

    def __enter__(self) -> "_Stored":
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        with self._noted:
            self._noted.seek(0)
            for line in self._noted if error else ():
                kind, key = line.rstrip("\n").split(" ")
                try:
                    _STORES[kind]().delete(key)
                except OSError:
                    logger.warning("%s could not be deleted again from the %s.", key, kind)

    def original(self, key: str, path: Path) -> None:
        if storage.originals().exists(key):
            raise FileExistsError(f"An original lies under {key} already.")
        self._note("originals", key)
        with path.open("rb") as file:
            storage.save_original(key, File(file))

    def in_models(self, key: str, path: Path) -> None:
        if not storage.models().exists(key):
            self._note("models", key)
            storage.put(storage.models(), key, path)

    def result(self, key: str, path: Path) -> None:
        self._note("results", key)
        storage.put(storage.results(), key, path)

    def _note(self, kind: str, key: str) -> None:
        """Before the file is there: whatever ends this process in between finds it."""
        self._noted.write(f"{kind} {key}\n")


class _Restoring:
    """Goes through one archive, member by member."""

    def __init__(self, stored: _Stored) -> None:
        self._stored = stored
        self._unlike: set[str] = set()
        """Ids of originals whose bytes are not those that their row tells of."""
        self._restored: Restored | None = None

    def read(self, source: BinaryIO) -> Restored:
        order = Order()
        for member in Reader(source).members():
            kind, named = order.kind_of(member.name)
            if kind == "header":
                self._restored = Restored(_header(member))
            elif self._restored is None:
                raise Damaged("This is not an archive that Heirloom wrote.")
            else:
                self._take(kind, named, member, self._restored)
        if self._restored is None:
            raise Damaged("The archive is empty.")
        self._check_all_came(self._restored)
        return self._restored

    def _take(self, kind: str, named: dict[str, str], member: Member, restored: Restored) -> None:
        if kind == "rows":
            for row in rows.load(rows.lines(member.pieces), restored.rows):
                _check_keys(row)
        elif kind == "absent":
            restored.absent = [json.loads(line) for line in rows.lines(member.pieces)]
            deleted = [each["id"] for each in restored.absent if each["why"] == "deleted"]
            Original.objects.filter(pk__in=deleted).delete()
            DatasetItem.objects.filter(pk__in=deleted).delete()
        else:
            with NamedTemporaryFile(dir=work_folder()) as file:
                digest = hashlib.sha256()
                for piece in member.pieces:
                    digest.update(piece)
                    file.write(piece)
                file.flush()
                self._keep(kind, named, Path(file.name), digest.hexdigest())
            restored.files["results" if kind in ("photos", "colorings") else kind] += 1

    def _keep(self, kind: str, named: dict[str, str], path: Path, sha256: str) -> None:
        if kind == "models":
            # Weights that are not what they should be are of no use to anyone; `verify` misses them.
            if sha256 == named["sha256"] and ModelVersion.objects.filter(sha256=sha256).exists():
                self._stored.in_models(storage.weights_key(sha256), path)
        elif kind == "datasets":
            item = DatasetItem.objects.filter(pk=named["id"]).first()
            if item is None:
                raise Damaged(f"The archive holds a photo of a dataset that none of its rows knows: {named['id']}.")
            if sha256 == item.sha256:  # else it is no use to anyone, and `verify` misses it
                self._stored.in_models(item.key, path)
        elif kind == "originals":
            original = Original.objects.filter(pk=named["id"]).first()
            if original is None:
                raise Damaged(f"The archive holds an original that none of its rows knows: {named['id']}.")
            if sha256 != original.sha256:
                self._unlike.add(named["id"])
            self._stored.original(original.key, path)
        else:
            if named["key"] not in _keys_of_results(kind, named["id"]):
                raise Damaged(f"The archive holds a result that none of its rows knows: {named['key']}.")
            self._stored.result(named["key"], path)

    def _check_all_came(self, restored: Restored) -> None:
        told = {label: count for label, count in restored.header.rows.items() if count}
        if told != dict(restored.rows):
            raise Damaged("The archive holds more or fewer rows than it says.")
        originals = [each for each in restored.absent if each["kind"] == "originals"]
        came = restored.files["originals"] + sum(each["why"] != "changed" for each in originals)
        if came != restored.header.files.get("originals"):
            raise Damaged("The archive holds more or fewer originals than it says.")
        photos = [each for each in restored.absent if each["kind"] == "datasets" and each["why"] != "changed"]
        if restored.files["datasets"] + len(photos) != restored.header.files.get("datasets", 0):
            raise Damaged("The archive holds more or fewer photos of datasets than it says.")
        if self._unlike != {each["id"] for each in originals if each["why"] == "changed"}:
            raise Damaged("An original of the archive is not what its row tells of.")


def _header(member: Member) -> Header:
    try:
        header = Header.read(json.loads(member.read(LARGEST_HEADER)))
    except ValueError as error:
        raise Damaged("The archive's description of itself is damaged.") from error
    here, there = set(archive.migrations()), set(header.migrations)
    if there - here:
        raise Unfit(f"This archive was made by a newer Heirloom ({header.heirloom}): update this one first.")
    if here - there:
        raise Unfit(
            f"This archive was made by an older Heirloom ({header.heirloom}, {header.made_at:.10}), whose database was "
            "another. Install that version, restore with it, and update then."
        )
    return header


def _check_keys(row: Model) -> None:
    """Raises Damaged where a row would lead to a file that is not its own."""
    fits = True
    if isinstance(row, Original):
        fits = storage.owner_of_original(row.key) == (row.family_id, row.pk, row.format)
    elif isinstance(row, Coloring) and row.key:
        found = archive.NAMES["colorings"].fullmatch(f"results/{row.key}")
        fits = found is not None and found["id"] == str(row.pk)
    elif isinstance(row, DatasetItem):
        fits = row.key == storage.item_key(row.dataset_id, row.pk, row.format)
    elif isinstance(row, FrozenItem) and row.item_id:
        fits = storage.owner_in_models(row.key) == ("datasets", row.item_id)
    elif isinstance(row, ModelVersion):
        fits = archive.NAMES["models"].fullmatch(f"models/{row.sha256}") is not None
    if not fits:
        raise Damaged(f"A row of the archive leads to a file that is not its own: {row._meta.label} {row.pk}.")


def _keys_of_results(kind: str, pk: str) -> list[str]:
    if kind == "photos":
        photo = Photo.objects.select_related("original").filter(pk=pk).first()
        return storage.grey_keys(photo) if photo else []
    coloring = Coloring.objects.select_related("photo__original").filter(pk=pk).first()
    return [storage.full_key(coloring), *storage.copy_keys(coloring)] if coloring else []
