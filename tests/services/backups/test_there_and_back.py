"""A backup holds all that cannot be made again; a restore gives all of it back, or nothing."""

import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress, EmailConfirmation
from django.apps import apps
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from colorizer import rows, storage
from colorizer.archive import Unfit
from colorizer.findings import Kind
from colorizer.models import (
    Album,
    Coloring,
    DatasetItem,
    Family,
    ModelVersion,
    Original,
    Photo,
    Scope,
    Session,
    Status,
    Tombstone,
    User,
    WorkerState,
)
from colorizer.selectors import shares
from colorizer.services import backup, datasets, discarding, sharing, tokens, trash
from colorizer.stores import DiskStore
from tests.archives import archived, everything, restore
from tests.conftest import PASSWORD, on_disk_alone
from tests.curation import measure
from tests.services.integrity.house import content_of, damage, found

pytestmark = on_disk_alone


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


def test_links_tokens_and_passwords_open_after_a_restore_what_they_opened_before(
    photo: Photo, album: Album, editor: User, elsewhere: Callable[[], None], settings: Settings
) -> None:
    token = sharing.create(by=editor, album=album, lasts=None, password="by the lake")[1]
    secret = tokens.create(family=album.family, user=editor, name="Frame", scopes=[Scope.READ])
    content = archived(with_results=True)
    elsewhere()
    settings.SECRET_KEY = "that of another machine"
    restore(content)
    share = shares.by_token(token)
    assert share is not None
    assert [each.pk for each in shares.photos(share)] == [photo.pk]
    assert sharing.unlock(share=share, password="by the sea") is None
    assert sharing.unlock(share=share, password="by the lake")
    assert tokens.recognise(secret).user == editor
    assert User.objects.get(pk=editor.pk).check_password(PASSWORD)


def test_what_is_set_aside_meanwhile_lies_in_the_data_folder_not_in_memory(
    house: Photo, elsewhere: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    content = archived(with_results=True)
    elsewhere()
    assert restore(content).files["originals"] == 2
