"""The database and the storages agree, or it is said where they do not; and only what is safe is put right."""

import json
import os
from contextlib import suppress
from datetime import timedelta
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import DatabaseError
from django.utils import timezone
from pytest_django import Settings

from colorizer import storage
from colorizer.findings import Finding, Kind, Report
from colorizer.models import Album, Coloring, Family, ModelVersion, Original, Photo, Queue, Status, Tombstone, User
from colorizer.selectors import integrity
from colorizer.services import discarding, intake, jobs, reconciling, trash
from colorizer.stores import DiskStore, Store
from tests.conftest import on_disk_alone
from tests.files import picture, upload
from webapp.stores import on_disk

pytestmark = on_disk_alone

OLD = timedelta(days=2)


@pytest.fixture(autouse=True)
def _no_file_of_others(data_dir: Path, settings: Settings, tmp_path: Path) -> None:
    """Storages that hold what this test puts there, and nothing else."""
    settings.STORAGES = settings.STORAGES | on_disk(tmp_path)


@pytest.fixture
def photo(album: Album, editor: User) -> Photo:
    """A photo in colour, prepared long ago, with all its files."""
    return in_colour(album, editor)


def in_colour(album: Album, user: User, *, name: str = "a.jpg", shade: int = 0) -> Photo:
    kind = {"jpg": "JPEG", "tif": "TIFF"}[name.rsplit(".", 1)[-1]]
    photo = intake.accept(album=album, user=user, upload=upload(name, picture(kind, shade=shade)))
    Original.objects.filter(pk=photo.original_id).update(status=Status.DONE)
    coloring = Coloring.objects.create(photo=photo, status=Status.DONE, size=6)
    Coloring.objects.filter(pk=coloring.pk).update(key=storage.result_key(coloring, "full"))
    coloring.refresh_from_db()
    for key in [*storage.grey_keys(photo), storage.full_key(coloring), *storage.copy_keys(coloring)]:
        put(storage.results(), key)
    long_ago = timezone.now() - OLD
    Photo.objects.filter(pk=photo.pk).update(state=Photo.State.READY, shown=coloring, changed_at=long_ago)
    for model in (Original, Coloring):
        model.objects.update(changed_at=long_ago)
    photo.refresh_from_db()
    photo.original.refresh_from_db()
    return photo


def put(store: Store, key: str, content: bytes = b"colour", *, age: timedelta = OLD) -> None:
    store.save(key, ContentFile(content))
    then = (timezone.now() - age).timestamp()
    with suppress(NotImplementedError):  # an S3 store says itself when it was
        os.utime(store.path(key), (then, then))


def damage(store: Store, key: str, content: bytes) -> None:
    store.replace(key, ContentFile(content))


def content_of(store: Store, key: str) -> bytes:
    return b"".join(store.part(key))


def shown(photo: Photo) -> Coloring:
    assert photo.shown is not None
    return photo.shown


def found(**how: object) -> dict[Kind, list[str]]:
    """The kinds of what is wrong, each with the keys or ids that are named."""
    wrong: dict[Kind, list[str]] = {}
    for finding in integrity.check(**how).findings:  # type: ignore[arg-type]
        wrong.setdefault(finding.kind, []).append(finding.key or finding.id)
    return wrong


def fix() -> dict[str, str]:
    report = integrity.check()
    return {outcome.finding.key or outcome.finding.id: outcome.done for outcome in reconciling.fix(report=report)}


# --- What is found ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_a_house_in_order_is_clean(album: Album, editor: User, name: str) -> None:
    in_colour(album, editor, name=name)
    report = integrity.check()
    assert report.is_clean, report.findings
    assert report.checked["originals"] == report.checked["prepared photos"] == report.checked["colourings"] == 1


def test_an_original_that_is_missing_is_told_and_its_row_stays(photo: Photo) -> None:
    storage.originals().delete(photo.original.key)
    assert found() == {Kind.ORIGINAL_MISSING: [photo.original.key]}
    assert fix() == {photo.original.key: "left as it is"}
    assert Photo.objects.get() == photo


def test_one_changed_byte_of_an_original_is_noticed_and_the_file_left_alone(photo: Photo) -> None:
    store = storage.originals()
    content = bytearray(content_of(store, photo.original.key))
    content[-3] ^= 1
    damage(store, photo.original.key, bytes(content))

    assert found(quick=True) == {}
    assert found() == {Kind.ORIGINAL_CHANGED: [photo.original.key]}
    assert fix() == {photo.original.key: "left as it is"}
    assert content_of(store, photo.original.key) == content


def test_a_quick_look_sees_an_original_that_was_cut_off(photo: Photo) -> None:
    damage(storage.originals(), photo.original.key, b"half")
    assert found(quick=True) == {Kind.ORIGINAL_CHANGED: [photo.original.key]}


def test_every_missing_or_empty_result_is_named(album: Album, editor: User) -> None:
    photo = in_colour(album, editor, name="a.tif")
    results = storage.results()
    greys, copies, full = storage.grey_keys(photo), storage.copy_keys(shown(photo)), storage.full_key(shown(photo))
    assert len(greys) == len(copies) == 3
    results.delete(greys[2])
    damage(results, copies[0], b"")
    damage(results, full, b"half")
    assert found() == {
        Kind.RENDITION_MISSING: [greys[2]],
        Kind.RESULT_MISSING: [full],
        Kind.COPY_MISSING: [copies[0]],
    }


def test_what_was_stored_after_the_listing_is_not_called_missing(photo: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DiskStore, "files", lambda self: iter(()))
    assert set(found()) == {Kind.ORIGINAL_MISSING, Kind.RENDITION_MISSING, Kind.RESULT_MISSING, Kind.COPY_MISSING}
    now = timezone.now()
    for model in (Original, Photo, Coloring):
        model._default_manager.update(changed_at=now)
    assert found() == {}


def test_a_file_without_a_row_is_an_orphan_only_past_the_grace(photo: Photo) -> None:
    """An upload stores its file first."""
    for age, what in ((timedelta(hours=1), "in progress"), (OLD, "left behind")):
        put(storage.originals(), f"{photo.original.family_id}/{uuid4()}.jpg", what.encode(), age=age)
        put(storage.results(), f"photos/{uuid4()}/grey-480.webp", age=age)
        put(storage.models(), f"{age.days}.safetensors", age=age)
    wrong = found()
    assert {kind: len(keys) for kind, keys in wrong.items()} == {
        Kind.ORIGINAL_ORPHAN: 1,
        Kind.RESULT_ORPHAN: 1,
        Kind.WEIGHTS_ORPHAN: 1,
    }
    assert {len(keys) for keys in found(grace=timedelta(0)).values()} == {2}


def test_what_a_coloring_that_is_not_done_has_stored_is_its_own(photo: Photo) -> None:
    coloring = Coloring.objects.create(photo=photo, status=Status.CANCELLED)
    put(storage.results(), storage.result_key(coloring, "full"))
    assert found() == {}


def test_more_rows_than_one_batch_are_all_looked_at(
    photo: Photo, album: Album, editor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity, "BATCH", 2)
    photos = [photo, *(in_colour(album, editor, shade=shade) for shade in range(1, 5))]
    assert found() == {}
    for each in photos:
        storage.originals().delete(each.original.key)
    assert sorted(found()[Kind.ORIGINAL_MISSING]) == sorted(each.original.key for each in photos)


def test_weights_must_be_there_with_their_hash_and_exactly_one_version_be_live(photo: Photo) -> None:
    content = b"weights"
    put(storage.models(), "a.safetensors", content)
    sha256 = storage.sha256(storage.models(), "a.safetensors")
    storage.models().delete("a.safetensors")
    version = ModelVersion.objects.create(name="lite", sha256=sha256, state=ModelVersion.State.LIVE)
    key = storage.weights_key(sha256)
    assert found() == {Kind.WEIGHTS_MISSING: [key]}
    put(storage.models(), key, content)
    assert found() == {}
    damage(storage.models(), key, b"Weights")
    assert found() == {Kind.WEIGHTS_CHANGED: [key]}
    damage(storage.models(), key, content)
    ModelVersion.objects.filter(pk=version.pk).update(state=ModelVersion.State.RETIRED)
    assert set(found()) == {Kind.LIVE_MODELS}


def test_a_job_whose_worker_gives_no_sign_of_life_is_stuck(photo: Photo, settings: Settings) -> None:
    settings.HEIRLOOM_HEARTBEAT_SECONDS = 0.01
    waiting = Coloring.objects.create(photo=photo)
    job = jobs.claim(model=Coloring, pk=waiting.pk, attempt=1, owner="here/1/2")
    assert found() == {}
    for away in (-timedelta(hours=1), timedelta(hours=1)):
        Coloring.objects.filter(pk=waiting.pk).update(heartbeat_at=timezone.now() + away)
        assert found() == {Kind.JOB_LEFT: [str(waiting.pk)]}
    assert job is not None
    assert fix() == {str(waiting.pk): "taken from the worker that is gone"}
    waiting.refresh_from_db()
    assert (waiting.status, waiting.failures) == (Status.QUEUED, 1)


def test_a_worker_whose_clock_is_wrong_but_that_lives_is_not_called_stuck(
    photo: Photo, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = Coloring.objects.create(photo=photo)
    jobs.claim(model=Coloring, pk=waiting.pk, attempt=1, owner="here/1/2")
    beat = timezone.now() - timedelta(hours=1)
    Coloring.objects.filter(pk=waiting.pk).update(heartbeat_at=beat)

    def meanwhile(seconds: float) -> None:
        Coloring.objects.filter(pk=waiting.pk).update(heartbeat_at=beat + timedelta(seconds=10))

    monkeypatch.setattr("colorizer.selectors.stuck.time.sleep", meanwhile)
    assert found() == {}


def test_a_job_that_nobody_ever_sent_is_stuck_but_the_bulk_may_wait_its_turn(photo: Photo) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    waiting = Coloring.objects.create(photo=photo, changed_at=long_ago)
    assert found() == {Kind.JOB_UNSENT: [str(waiting.pk)]}
    Coloring.objects.filter(pk=waiting.pk).update(queue=Queue.BULK)
    assert found() == {Kind.JOB_UNSENT: [str(waiting.pk)]}
    make = {"status": Status.QUEUED, "queue": Queue.BULK, "family": photo.album.family, "format": "jpeg", "size": 1}
    ahead = [Original(sha256=str(number), key=str(number), sent_at=long_ago, **make) for number in range(20)]
    Original.objects.bulk_create(ahead)
    assert Kind.JOB_UNSENT not in found()


def test_a_photo_shows_a_colouring_of_its_own_that_is_done(photo: Photo, album: Album, editor: User) -> None:
    other = in_colour(album, editor, shade=9)
    Photo.objects.filter(pk=other.pk).update(shown=photo.shown)
    assert found() == {Kind.SHOWN_WRONG: [str(other.pk)]}
    own = other.colorings.get()
    assert fix() == {str(other.pk): f"shows {own.pk} now"}
    assert found() == {}


def test_a_photo_that_nothing_will_read_is_noticed_and_read(photo: Photo) -> None:
    Photo.objects.filter(pk=photo.pk).update(state=Photo.State.PREPARING)
    assert found() == {Kind.PHOTO_FORGOTTEN: [str(photo.pk)]}
    fix()
    photo.original.refresh_from_db()
    assert photo.original.status == Status.QUEUED


# --- What is put right --------------------------------------------------------------------------------------------


def test_a_lost_rendition_sends_its_original_back_and_what_the_family_sees_stays(photo: Photo) -> None:
    key = storage.grey_keys(photo)[0]
    storage.results().delete(key)
    assert fix() == {key: "queued to be made again"}
    photo.refresh_from_db()
    original = Original.objects.get()
    assert (original.status, original.queue, photo.state) == (Status.QUEUED, Queue.BULK, Photo.State.READY)
    assert photo.shown is not None


def test_a_lost_result_is_coloured_again_and_not_shown_until_then(photo: Photo) -> None:
    coloring = shown(photo)
    full, copy = storage.full_key(coloring), storage.copy_keys(coloring)[0]
    storage.results().delete(full)
    storage.results().delete(copy)
    assert fix() == {full: "queued to be made again", copy: "in the queue already"}
    photo.refresh_from_db()
    coloring.refresh_from_db()
    assert (photo.shown, coloring.status) == (None, Status.QUEUED)
    assert found() == {}


def test_a_lost_copy_is_made_again_while_the_result_stays_shown(photo: Photo) -> None:
    key = storage.copy_keys(shown(photo))[0]
    storage.results().delete(key)
    assert fix() == {key: "queued to be made again"}
    photo.refresh_from_db()
    assert shown(photo).status == Status.QUEUED
    assert found() == {}


def test_nothing_is_made_again_from_an_original_that_is_lost(photo: Photo) -> None:
    key = storage.grey_keys(photo)[0]
    storage.results().delete(key)
    storage.originals().delete(photo.original.key)
    assert fix()[key] == "left as it is: its original is lost"
    assert Original.objects.get().status == Status.DONE


def test_a_second_open_colouring_is_never_made(photo: Photo) -> None:
    key = storage.full_key(shown(photo))
    storage.results().delete(key)
    Coloring.objects.create(photo=photo)
    assert "another colouring" in fix()[key]
    photo.refresh_from_db()
    assert photo.shown is not None


def test_an_orphan_among_the_results_goes(photo: Photo) -> None:
    key = f"colorings/{uuid4()}/full.jpg"
    put(storage.results(), key)
    put(storage.results(), "lost+found")
    assert fix() == {key: "deleted", "lost+found": "deleted"}
    assert found() == {}


def test_an_orphan_that_got_its_row_meanwhile_stays(photo: Photo) -> None:
    key = storage.grey_keys(photo)[0]
    report = Report(findings=[Finding(Kind.RESULT_ORPHAN, key=key)])
    assert reconciling.fix(report=report)[0].done == "has a row by now"
    assert storage.results().exists(key)


def test_an_original_without_a_row_becomes_a_photo_of_its_family(photo: Photo, family: Family) -> None:
    """As where the database comes from a backup that is older than the upload."""
    pk = uuid4()
    key = storage.original_key(family.pk, pk, "jpeg")
    put(storage.originals(), key, picture("JPEG", shade=77))

    assert fix()[key].startswith("taken in")

    taken = Original.objects.get(pk=pk)
    assert (taken.key, taken.sha256, taken.status) == (key, storage.sha256(storage.originals(), key), Status.QUEUED)
    assert taken.photos.get().album.is_unsorted
    assert found() == {}


@pytest.mark.parametrize("key", ["stray.jpg", "{nobody}/{nobody}.jpg", "{family}/not-an-id.jpg", "{family}/a/b.jpg"])
def test_an_original_whose_family_is_not_known_stays_where_it_is(photo: Photo, family: Family, key: str) -> None:
    key = key.format(family=family.pk, nobody=uuid4())
    put(storage.originals(), key)
    assert fix()[key].startswith("left where it is")
    assert storage.originals().exists(key)


def test_a_second_copy_goes_where_the_first_is_whole_and_stays_where_it_is_not(photo: Photo, family: Family) -> None:
    store, original = storage.originals(), photo.original
    content = content_of(store, original.key)
    key = storage.original_key(family.pk, uuid4(), "jpeg")
    put(store, key, content)
    damage(store, original.key, b"x" * len(content))
    assert fix()[key] == f"left: it has the bytes that the original {original.pk} has lost"
    assert store.exists(key)
    damage(store, original.key, content)
    assert fix()[key] == f"deleted: the same bytes are kept as the original {original.pk}"
    assert not store.exists(key)
    assert found() == {}


def test_what_the_family_deleted_for_ever_does_not_come_back(photo: Photo, family: Family) -> None:
    store, original = storage.originals(), photo.original
    content = content_of(store, original.key)
    trash.purge_photo(photo=photo)
    put(store, original.key, content)
    assert fix()[original.key].startswith("deleted: the family deleted it")
    assert not store.exists(original.key)


def test_what_is_about_to_be_deleted_is_neither_an_orphan_nor_taken_in(photo: Photo, family: Family) -> None:
    """Where the storage was away when the family deleted it."""
    keys = storage.original_key(family.pk, uuid4(), "jpeg"), f"photos/{uuid4()}/grey-480.webp"
    put(storage.originals(), keys[0])
    put(storage.results(), keys[1])
    discarding.note(originals=keys[:1], results=keys[1:])
    assert found() == {}
    report = Report(findings=[Finding(Kind.ORIGINAL_ORPHAN, key=keys[0]), Finding(Kind.RESULT_ORPHAN, key=keys[1])])
    assert {outcome.done for outcome in reconciling.fix(report=report)} == {"has a row by now"}


def test_what_was_uploaded_again_after_a_deletion_is_not_taken_for_its_rest(photo: Photo, family: Family) -> None:
    store, original = storage.originals(), photo.original
    content = content_of(store, original.key)
    trash.purge_photo(photo=photo)
    Tombstone.objects.update(created_at=timezone.now() - 2 * OLD)
    put(store, original.key, content)
    assert fix()[original.key].startswith("taken in")


# --- Every day ----------------------------------------------------------------------------------------------------


def test_the_daily_sweep_deletes_orphans_past_the_grace(photo: Photo) -> None:
    old, young = (f"photos/{uuid4()}/grey-480.webp" for _ in range(2))
    put(storage.results(), old)
    put(storage.results(), young, age=timedelta(hours=1))
    assert reconciling.sweep_results() == 1
    assert not storage.results().exists(old)
    assert storage.results().exists(young)
    assert found() == {}


def test_the_daily_sweep_stops_before_a_database_that_knows_hardly_any_file(
    photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "FEW", 2)
    for shade in range(8):
        put(storage.results(), f"photos/{uuid4()}/grey-{shade}.webp")
    assert reconciling.sweep_results() == 0
    assert len(found()[Kind.RESULT_ORPHAN]) == 8


# --- The command --------------------------------------------------------------------------------------------------


def verify(*options: str) -> tuple[int, str]:
    out, err = StringIO(), StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("verify", *options, stdout=out, stderr=err)
    assert isinstance(end.value.code, int)
    return end.value.code, out.getvalue() + err.getvalue()


def test_the_command_says_what_is_wrong_and_ends_with_1(photo: Photo) -> None:
    code, said = verify()
    assert code == 0
    assert said.startswith("Looked at 1 originals, 1 prepared photos, 1 colourings, 0 open jobs;")
    assert said.endswith("Nothing is wrong.\n")
    Original.objects.update(name="grandmother-1931.jpg")
    storage.originals().delete(photo.original.key)
    code, said = verify("--quick")
    assert code == 1
    assert "Originals that are MISSING" in said
    assert str(photo.original_id) in said
    assert "grandmother" not in said


def test_the_command_ends_with_0_where_all_was_put_right(photo: Photo) -> None:
    key = storage.grey_keys(photo)[0]
    storage.results().delete(key)
    code, said = verify("--fix")
    assert (code, "queued to be made again" in said) == (0, True)


def test_the_command_answers_programs(photo: Photo) -> None:
    storage.originals().delete(photo.original.key)
    code, said = verify("--json", "--fix")
    answer = json.loads(said)
    assert code == 1
    assert answer["checked"]["originals"] == 1
    assert [(finding["kind"], finding["id"]) for finding in answer["findings"]] == [
        ("original_missing", str(photo.original_id))
    ]
    assert answer["done"][0]["is_right"] is False


@pytest.mark.parametrize("error", [DatabaseError("gone"), OSError("unplugged")])
def test_the_command_ends_with_2_where_it_cannot_look(
    photo: Photo, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(store: Store) -> None:
        raise error

    monkeypatch.setattr(DiskStore, "files", fails)
    code, said = verify()
    assert code == 2
    assert "could not be checked" in said
