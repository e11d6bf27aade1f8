"""A backup holds all that cannot be made again; a restore gives all of it back, or nothing."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress, EmailConfirmation
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from colorizer import archive, rows, storage
from colorizer.archive import Unfit
from colorizer.findings import Kind
from colorizer.models import (
    Action,
    Album,
    AuditEntry,
    Coloring,
    Dataset,
    DatasetItem,
    Family,
    ModelVersion,
    Original,
    Photo,
    Session,
    Share,
    Status,
    Tombstone,
    User,
    WorkerState,
)
from colorizer.services import backup, datasets, discarding, restoring, trash
from colorizer.stores import DiskStore
from colorizer.tarball import Damaged, Reader, Writer
from tests.conftest import PASSWORD, on_disk_alone
from tests.curation import accept, add, encoded, measure, photos, picture
from webapp.stores import on_disk

from .test_reconciling import content_of, damage, found, in_colour, put

pytestmark = on_disk_alone


@pytest.fixture(autouse=True)
def _storages_of_its_own(settings: Settings, tmp_path: Path) -> None:
    settings.STORAGES = settings.STORAGES | on_disk(tmp_path / "before")


@pytest.fixture
def photo(album: Album, editor: User) -> Photo:
    return in_colour(album, editor)


@pytest.fixture
def house(photo: Photo, album: Album, editor: User, owner: User) -> Photo:
    """A bit of everything that a family leaves in the database."""
    in_colour(album, editor, name="a.tif", shade=3)
    group = Group.objects.create(name="Keepers")
    group.permissions.add(Permission.objects.get(codename="change_family"))
    owner.groups.add(group)
    owner.user_permissions.add(Permission.objects.get(codename="view_user"))
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
    sha256 = hashlib.sha256(b"weights").hexdigest()
    version = ModelVersion.objects.create(name="own", sha256=sha256, card={"gain": 1.1}, state=ModelVersion.State.LIVE)
    put(storage.models(), storage.weights_key(sha256), b"weights")
    Coloring.objects.update(model_version=version)
    Share.objects.create(family=album.family, album=album, token_sha256="0" * 64, created_by=owner)
    AuditEntry.objects.create(action=Action.SHARE_MADE, actor_id=owner.pk, family_id=album.family_id)
    Tombstone.objects.create(family=album.family, sha256="1" * 64, reason="deleted")
    dataset = datasets.create(name="Gardens", kind=Dataset.Kind.TRAINING, by=owner)
    add(dataset, owner, photos(2) | {"copy.jpg": encoded(picture(0), quality=50)}, licence="open")
    measure()
    accept(dataset)
    datasets.freeze(dataset=dataset, by=owner)
    return photo


def archived(*, with_results: bool = False) -> bytes:
    out = io.BytesIO()
    backup.write(out=out, with_results=with_results)
    return out.getvalue()


def restore(content: bytes) -> restoring.Restored:
    return restoring.restore(source=io.BytesIO(content))


@pytest.fixture
def elsewhere(settings: Settings, tmp_path: Path) -> Callable[[], None]:
    """Go to a new machine: nothing in the database, nothing in the storages."""

    def move() -> None:
        with connection.cursor() as cursor:
            for model in rows.kept():
                for table in (model._meta.db_table, *(each.m2m_db_table() for each in model._meta.local_many_to_many)):
                    cursor.execute(f'DELETE FROM "{table}"')
        Session.objects.all().delete()
        settings.STORAGES = settings.STORAGES | on_disk(tmp_path / f"after-{uuid4()}")

    return move


def everything() -> dict[str, list[str]]:
    """All rows, as they would be written down."""
    said: dict[str, list[str]] = {}
    for model in rows.kept():
        out = io.StringIO()
        rows.dump(model, out)
        said[model._meta.label_lower] = out.getvalue().splitlines()
    return said


def nothing_is_left() -> bool:
    files = [*storage.originals().files(), *storage.results().files(), *storage.models().files()]
    return not files and not any(everything().values())


def rebuilt(content: bytes, change: Callable[[str, bytes], Iterator[tuple[str, bytes]]]) -> bytes:
    """Another archive with right checksums, whose members are what ``change`` makes of each."""
    out = io.BytesIO()
    with Writer(out) as writer:
        for member in Reader(io.BytesIO(content)).members():
            for name, inside in change(member.name, b"".join(member.pieces)):
                writer.add(name, len(inside), [inside])
    return out.getvalue()


# --- There and back -----------------------------------------------------------------------------------------------


def test_every_row_and_every_original_comes_back_as_it_was(house: Photo, elsewhere: Callable[[], None]) -> None:
    before, content = everything(), archived(with_results=True)
    originals = {each.key: content_of(storage.originals(), each.key) for each in Original.objects.all()}
    assert all(
        before[label] for label in ("auth.group", "colorizer.share", "colorizer.auditentry", "admin.logentry")[:3]
    )
    del before["colorizer.datasetitem"]
    elsewhere()

    restored = restore(content)

    after = everything()
    del after["colorizer.datasetitem"]  # see below
    assert after == before
    assert {key: content_of(storage.originals(), key) for key in originals} == originals
    assert restored.queued == 3
    assert found() == {}
    owner = User.objects.get(groups__name="Keepers")
    assert owner.check_password(PASSWORD)
    assert owner.has_perms(["colorizer.change_family", "colorizer.view_user"])


def test_without_results_what_was_made_is_queued_to_be_made_again(house: Photo, elsewhere: Callable[[], None]) -> None:
    small, large = archived(), archived(with_results=True)
    assert len(small) < len(large)
    elsewhere()
    restored = restore(small)
    # A JPEG: the result, and two small copies of each side; a TIFF: three of each; the copy of each photo of a dataset.
    assert restored.queued == 12 + 3
    assert set(Original.objects.values_list("status", flat=True)) == {Status.QUEUED}
    assert set(Coloring.objects.values_list("status", flat=True)) == {Status.QUEUED}
    assert set(Photo.objects.values_list("state", "shown")) == {(Photo.State.READY, None)}
    assert found() == {}


def test_the_photos_of_datasets_come_back_as_they_were_and_are_measured_anew(
    house: Photo, elsewhere: Callable[[], None]
) -> None:
    labels = ("pk", "sha256", "state", "split", "licence", "colourfulness", "near", "frozen__version__sha256")
    before = set(DatasetItem.objects.values_list(*labels))
    files = {item.key: content_of(storage.models(), item.key) for item in DatasetItem.objects.all()}
    content = archived()
    elsewhere()
    restore(content)
    assert set(DatasetItem.objects.values_list(*labels)) == before
    assert {key: content_of(storage.models(), key) for key in files} == files
    assert set(DatasetItem.objects.values_list("status", flat=True)) == {Status.QUEUED}
    measure()
    assert set(DatasetItem.objects.values_list(*labels)) == before
    assert found() == {}


def test_a_photo_that_was_withdrawn_while_the_archive_was_made_does_not_come_back(
    house: Photo, elsewhere: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = backup._files

    def then_withdrawn(*how: Any) -> Iterator[dict[str, str]]:
        yield from listed(*how)
        datasets.delete_items(items=DatasetItem.objects.filter(name="1.jpg"), by=None)
        discarding.carry_out()

    monkeypatch.setattr(backup, "_files", then_withdrawn)
    content = archived()
    elsewhere()
    restore(content)
    assert set(DatasetItem.objects.values_list("name", flat=True)) == {"0.jpg", "copy.jpg"}


def test_a_dataset_whose_photo_is_lost_is_named(house: Photo) -> None:
    item = DatasetItem.objects.all()[0]
    storage.models().delete(item.key)
    assert found() == {Kind.ITEM_MISSING: [item.key]}


def test_rows_that_come_after_a_restore_get_numbers_of_their_own(house: Photo, elsewhere: Callable[[], None]) -> None:
    content = archived()
    elsewhere()
    restore(content)
    family = Family.objects.get(albums__isnull=False)
    assert Tombstone.objects.create(family=family, sha256="2" * 64, reason="deleted").pk


def test_what_was_under_way_waits_again(photo: Photo, elsewhere: Callable[[], None]) -> None:
    now = timezone.now()
    running = Coloring.objects.create(
        photo=photo, status=Status.RUNNING, lease_owner="there/1/2", heartbeat_at=now, sent_at=now
    )
    content = archived()
    elsewhere()
    restore(content)
    running.refresh_from_db()
    assert (running.status, running.attempt, running.failures) == (Status.QUEUED, 2, 0)
    assert (running.lease_owner, running.heartbeat_at, running.sent_at) == ("", None, None)


def test_a_worker_that_has_started_before_is_no_hindrance(house: Photo, elsewhere: Callable[[], None]) -> None:
    content = archived()
    elsewhere()
    ModelVersion.objects.create(
        name="lite", sha256="a" * 64, origin=ModelVersion.Origin.SHIPPED, state=ModelVersion.State.LIVE
    )
    restore(content)
    assert ModelVersion.objects.get().name == "own"


# --- What is in it ------------------------------------------------------------------------------------------------


def test_every_model_is_in_the_backup_or_named_with_the_reason_why_not() -> None:
    labels = {model._meta.label_lower for model in apps.get_models()}
    kept = {model._meta.label_lower for model in rows.kept()}
    assert kept | rows.LEFT_OUT.keys() >= labels
    assert not kept & rows.LEFT_OUT.keys()
    assert rows.LEFT_OUT.keys() - labels <= {"sessions.session"}, "A model that is left out is called otherwise by now."
    assert all(rows.LEFT_OUT.values())


def test_who_is_signed_in_and_links_of_a_day_are_left_out(house: Photo, owner: User) -> None:
    address = EmailAddress.objects.get()
    EmailConfirmation.objects.create(email_address=address, key="the-key-of-a-mail", sent=timezone.now())
    Session.objects.create(
        session_key="the-key-of-a-cookie", session_data="x", expire_date=timezone.now() + timedelta(days=1)
    )
    WorkerState.objects.create(name="worker@here")
    content = archived(with_results=True)
    for secret in (b"the-key-of-a-mail", b"the-key-of-a-cookie", b"worker@here"):
        assert secret not in content


def test_any_tar_unpacks_it_and_its_checksums_are_those_of_the_files(house: Photo) -> None:
    with tarfile.open(fileobj=io.BytesIO(archived())) as tar:
        names = tar.getnames()
        files = {name: tar.extractfile(name).read() for name in names}  # type: ignore[union-attr]
    *_, (last, sums) = files.items()
    assert last == "SHA256SUMS"
    for line in sums.decode().splitlines():
        sha256, name = line.split("  ")
        assert hashlib.sha256(files[name]).hexdigest() == sha256
    assert len(sums.splitlines()) == len(names) - 1
    assert files[f"originals/{house.original_id}.jpg"] == content_of(storage.originals(), house.original.key)
    said = json.loads(files["heirloom.json"])
    assert (said["format"], said["rows"]["colorizer.photo"], said["files"]["originals"]) == (1, 2, 2)


def test_no_more_rows_lie_in_one_member_than_should(house: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "ROWS_IN_ONE", 3)
    with tarfile.open(fileobj=io.BytesIO(archived())) as tar:
        parts = [tar.extractfile(name).read() for name in tar.getnames() if name.startswith("rows/")]  # type: ignore[union-attr]
    assert len(parts) > 3
    assert {part.count(b"\n") for part in parts[:-1]} == {3}


# --- While the site goes on ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_backup_sees_one_moment_and_keeps_no_writer_waiting(family: Family) -> None:
    def found_another() -> None:
        try:
            Family.objects.create(name="Okafor")
        finally:
            connection.close()

    with rows.snapshot():
        assert Family.objects.count() == 1
        with ThreadPoolExecutor(1) as other:
            other.submit(found_another).result(timeout=10)
        assert Family.objects.count() == 1
    assert Family.objects.count() == 2


def test_a_photo_deleted_for_ever_while_the_archive_is_made_does_not_come_back(
    house: Photo, elsewhere: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = DiskStore.part

    def delete_first(self: DiskStore, key: str, **how: Any) -> Any:
        if Photo.objects.filter(pk=house.pk).exists():
            trash.purge_photo(photo=house)
        return read(self, key, **how)

    monkeypatch.setattr(DiskStore, "part", delete_first)
    content = archived()
    monkeypatch.undo()
    assert house.original.key.encode() in content
    elsewhere()
    restored = restore(content)
    assert [absent["why"] for absent in restored.absent] == ["deleted"]
    assert not Photo.objects.filter(pk=house.pk).exists()
    assert Original.objects.count() == 1
    assert found() == {}


def test_an_original_that_is_lost_or_changed_is_told_and_comes_back_so(
    house: Photo, elsewhere: Callable[[], None]
) -> None:
    other = Original.objects.exclude(pk=house.original_id).get()
    storage.originals().delete(house.original.key)
    damage(storage.originals(), other.key, b"changed")
    out = io.BytesIO()
    made = backup.write(out=out)
    assert (made.lost, made.changed) == ([str(house.original_id)], [str(other.pk)])
    elsewhere()
    restored = restore(out.getvalue())
    assert {absent["id"]: absent["why"] for absent in restored.absent} == {
        str(house.original_id): "lost",
        str(other.pk): "changed",
    }
    wrong = found()
    assert (wrong[Kind.ORIGINAL_MISSING], wrong[Kind.ORIGINAL_CHANGED]) == ([house.original.key], [other.key])


# --- What is refused ----------------------------------------------------------------------------------------------


def test_a_system_that_is_not_empty_is_left_as_it_is(house: Photo) -> None:
    content, before = archived(), everything()
    with pytest.raises(Unfit, match=r"not empty \(.*photos: 2"):
        restore(content)
    assert everything() == before


def test_a_storage_that_is_not_empty_is_left_as_it_is(house: Photo, elsewhere: Callable[[], None]) -> None:
    content = archived()
    elsewhere()
    storage.originals().save("stray.jpg", ContentFile(b"stray"))
    with pytest.raises(Unfit, match="storage for originals is not empty"):
        restore(content)
    assert not Family.objects.exists()


def test_a_system_whose_worker_is_at_work_is_left_alone(house: Photo, elsewhere: Callable[[], None]) -> None:
    content = archived()
    elsewhere()
    WorkerState.objects.create(name="worker@here")
    with pytest.raises(Unfit, match="stop Heirloom"):
        restore(content)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 2}, "newer Heirloom"),
        ({"migrations": ["colorizer.9999_of_tomorrow"]}, "newer Heirloom"),
        ({"migrations": []}, "older Heirloom"),
    ],
)
def test_an_archive_of_another_heirloom_is_refused_with_what_to_do(
    house: Photo, elsewhere: Callable[[], None], change: dict[str, Any], said: str
) -> None:
    def other(name: str, inside: bytes) -> Iterator[tuple[str, bytes]]:
        yield name, json.dumps(json.loads(inside) | change).encode() if name == archive.HEADER else inside

    content = rebuilt(archived(), other)
    elsewhere()
    with pytest.raises(Unfit, match=said):
        restore(content)
    assert nothing_is_left()


def test_whatever_byte_is_wrong_nothing_is_left_of_a_restore(house: Photo, elsewhere: Callable[[], None]) -> None:
    content = archived(with_results=True)
    elsewhere()
    for place in range(300, len(content) - 1024, len(content) // 25):
        if content[place]:  # between members lie zeros that say nothing
            broken = bytearray(content)
            broken[place] ^= 1
            with pytest.raises((Damaged, Unfit)):
                restore(bytes(broken))
            assert nothing_is_left(), place


def test_wherever_it_is_cut_off_nothing_is_left_of_a_restore(house: Photo, elsewhere: Callable[[], None]) -> None:
    content = archived(with_results=True)
    elsewhere()
    for length in (0, 100, 512, *range(1024, len(content) - 1024, len(content) // 12)):
        with pytest.raises(Damaged):
            restore(content[:length])
        assert nothing_is_left(), length


def test_where_the_storage_has_no_room_nothing_is_left_of_a_restore(
    house: Photo, elsewhere: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = archived()
    elsewhere()
    stored: list[str] = []
    save = DiskStore._save

    def full(self: DiskStore, name: str, file: Any) -> str:
        if stored:
            raise OSError("No space left on device")
        stored.append(save(self, name, file))
        return name

    monkeypatch.setattr(DiskStore, "_save", full)
    with pytest.raises(OSError, match="No space"):
        restore(content)
    assert stored
    assert nothing_is_left()


def _as(new: str) -> Callable[[str, bytes], Iterator[tuple[str, bytes]]]:
    """The first original under another name."""

    def change(name: str, inside: bytes) -> Iterator[tuple[str, bytes]]:
        yield (new if name.startswith("originals/") else name), inside

    return change


def _twice(name: str, inside: bytes) -> Iterator[tuple[str, bytes]]:
    yield name, inside
    if name.startswith("originals/"):
        yield name, inside


def _another_row(model: str, **fields: Any) -> Callable[[str, bytes], Iterator[tuple[str, bytes]]]:
    """Each row of ``model`` with other fields."""

    def change(name: str, inside: bytes) -> Iterator[tuple[str, bytes]]:
        if name.startswith("rows/"):
            said = [json.loads(line) for line in inside.splitlines()]
            for row in said:
                if row["model"] == model:
                    row["fields"] |= fields
            inside = "".join(json.dumps(row) + "\n" for row in said).encode()
        yield name, inside

    return change


def _more_rows(row: dict[str, Any]) -> Callable[[str, bytes], Iterator[tuple[str, bytes]]]:
    def change(name: str, inside: bytes) -> Iterator[tuple[str, bytes]]:
        yield name, inside + json.dumps(row).encode() + b"\n" if name.startswith("rows/") else inside

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_as("../../etc/cron.d/job"), id="a path upwards"),
        pytest.param(_as("/etc/cron.d/job"), id="a path from the root"),
        pytest.param(_as("originals/../x.jpg"), id="a path through a folder"),
        pytest.param(_as(f"originals/{uuid4()}.jpg"), id="an original of no row"),
        pytest.param(_as(f"results/photos/{uuid4()}/grey-480.webp"), id="a result of no row"),
        pytest.param(_twice, id="a member twice"),
        pytest.param(_another_row("colorizer.original", key="../../../etc/x.jpg"), id="a row that leads upwards"),
        pytest.param(_another_row("colorizer.original", key="stray.jpg"), id="a row that leads elsewhere"),
        pytest.param(_another_row("colorizer.coloring", key="colorings/../../x.jpg"), id="a result that leads upwards"),
        pytest.param(_another_row("colorizer.coloring", photo=str(uuid4())), id="a row of no photo"),
        pytest.param(_another_row("colorizer.original", sha256="0" * 64), id="a row of another file"),
        pytest.param(_another_row("colorizer.family", unknown=1), id="a field that is not known"),
        pytest.param(_more_rows({"model": "colorizer.session", "pk": "x", "fields": {}}), id="a model left out"),
        pytest.param(_more_rows({"model": "no.such", "pk": 1, "fields": {}}), id="a model that is not known"),
        pytest.param(
            _more_rows({"model": "auth.group", "pk": 77, "fields": {"name": "More"}}), id="more rows than told"
        ),
    ],
)
def test_an_archive_made_to_deceive_is_refused(
    photo: Photo, elsewhere: Callable[[], None], change: Callable[[str, bytes], Iterator[tuple[str, bytes]]]
) -> None:
    content = rebuilt(archived(with_results=True), change)
    elsewhere()
    with pytest.raises(Damaged):
        restore(content)
    assert nothing_is_left()


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.DIRTYPE,
        tarfile.FIFOTYPE,
        tarfile.GNUTYPE_SPARSE,
        tarfile.XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
    ],
)
def test_links_folders_and_files_that_swell_are_refused_before_they_are_read(
    photo: Photo, elsewhere: Callable[[], None], kind: bytes
) -> None:
    header = tarfile.TarInfo("originals/x")
    header.type, header.linkname, header.size = kind, "/etc/passwd", 1 << 40
    elsewhere()
    with pytest.raises(Damaged, match="not a plain file"):
        restore(header.tobuf(tarfile.GNU_FORMAT))
    assert nothing_is_left()


def test_an_archive_whose_description_is_a_bomb_is_not_read_into_memory(
    elsewhere: Callable[[], None], db: None
) -> None:
    class Endless(io.RawIOBase):
        read_so_far = 0

        def read(self, size: int = -1) -> bytes:
            self.read_so_far += size
            return header if self.read_so_far == 512 else bytes(size)

    described = tarfile.TarInfo("heirloom.json")
    described.size = 7 << 30
    header = described.tobuf(tarfile.USTAR_FORMAT)
    source = Endless()
    elsewhere()
    with pytest.raises(Damaged, match="larger than"):
        restoring.restore(source=source)  # type: ignore[arg-type]
    assert source.read_so_far < 10_000
