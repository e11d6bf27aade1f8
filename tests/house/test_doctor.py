"""The doctor tries everything for real, says what is wrong in plain words, and keeps secrets."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import OperationalError, connection, connections
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from colorizer import storage
from colorizer.models import Album, Coloring, ModelVersion, Original, Photo, SchedulerState, Status, User, WorkerState
from tests.conftest import Stack
from tests.stack import wait_for
from webapp import setup
from webapp.doctor import Finding, Level, examine, finding, machine, queue, storages


def doctor(*options: str) -> tuple[int, str]:
    said = StringIO()
    try:
        call_command("doctor", *options, stdout=said, no_color=True)
    except SystemExit as end:
        return int(end.code or 0), said.getvalue()
    return 0, said.getvalue()


def only(found: Any) -> Finding:
    [one] = found
    assert isinstance(one, Finding)
    return one


@pytest.fixture
def photo(album: Album, owner: User) -> Photo:
    original = Original.objects.create(
        family=album.family, uploaded_by=owner, sha256="0" * 64, key="a", name="a.jpg", format="jpeg", size=1,
        status=Status.DONE,
    )  # fmt: skip
    return Photo.objects.create(original=original, album=album)


@pytest.mark.worker
def test_a_site_that_runs_is_well(live_stack: Stack) -> None:
    wait_for(SchedulerState.objects.exists)
    code, said = doctor("--json")
    told = json.loads(said)
    levels = {(found["what"], found["level"]) for found in told["findings"]}
    whats = ("database", "migrations", "disk", "broker", "queue", "worker", "scheduler", "weights", "clock")
    assert {(what, "ok") for what in (*whats, *(f"storage {alias}" for alias in storages.ALIASES))} <= levels
    assert (code, told["ok"], {level for _, level in levels}) == (0, True, {"ok", "warn"}), said
    # Tests are reached under a name of their own, without HTTPS and mail.
    assert {what for what, level in levels if level == "warn"} <= {"mail", "failures", "settings"}


@pytest.mark.django_db
def test_without_worker_and_broker_it_ends_with_an_error_and_says_what_to_do(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue.dispatch.producer.conf, "broker_write_url", f"redis+socket://{tmp_path}/none.sock")
    code, said = doctor()
    assert code == 1
    assert "fail  broker             It does not answer: " in said
    assert "→ Start Valkey, or correct CELERY_BROKER_URL." in said
    assert "fail  worker             No worker gives a sign of life: no photo is coloured." in said
    assert "fail  scheduler          There is none." in said
    assert said.splitlines()[-1].startswith("3 fail, ")


def test_a_database_that_is_away_is_said_once_and_nothing_is_asked_of_it_again(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "a-long-password")

    def away() -> None:
        raise OperationalError("no route to postgres://heirloom:a-long-password@db")

    monkeypatch.setitem(vars(connections["default"]), "ensure_connection", away)  # to be gone again, not put back
    found = list(examine())
    [database] = [one for one in found if one.what == "database"]
    assert database.level is Level.FAIL
    assert database.says.startswith("It does not answer: OperationalError: no route")
    assert "a-long-password" not in str(found)
    assert "•••" in database.says
    skipped = [one.what for one in found if one.says.startswith("Not looked at")]
    assert skipped == ["queue", "failures", "worker", "scheduler", "weights", "clock"]


def test_a_check_that_breaks_off_fails_without_ending_the_others(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    def broken() -> Any:
        raise RuntimeError("it  broke\nfor good")

    monkeypatch.setattr(machine, "disk", broken)
    [found] = [one for one in examine() if one.what == "disk"]
    assert (found.level, found.says) == (Level.FAIL, "The check broke off: RuntimeError: it broke for good")


@pytest.mark.django_db
def test_a_migration_that_is_missing_and_one_of_a_newer_version_are_named() -> None:
    recorder = MigrationRecorder(connection)
    applied = sorted(name for app, name in recorder.applied_migrations() if app == "colorizer")
    for name in applied:
        recorder.record_unapplied("colorizer", name)
    assert only(migrations()).level is Level.FAIL
    assert "are not applied: colorizer.0001_first_release" in only(migrations()).says
    for name in (*applied, "9999_of_the_future"):
        recorder.record_applied("colorizer", name)
    assert only(migrations()).level is Level.WARN
    assert only(migrations()).says.endswith("newer than this program: 9999_of_the_future.")


@pytest.mark.django_db
def test_a_site_from_before_the_first_release_is_taken_as_it_is_and_is_no_newer_one() -> None:
    MigrationRecorder(connection).record_unapplied("colorizer", "0001_first_release")
    call_command("migrate", verbosity=0)
    assert only(migrations()).level is Level.OK


def migrations() -> list[Finding]:
    return [one for one in machine.database() if one.what == "migrations"]


# --- Storages -----------------------------------------------------------------------------------------------------


class Faulty:
    """A storage of which one deed fails."""

    def __init__(self, deed: str) -> None:
        self.deed = deed
        self.store = storages.storages["results"]

    def __getattr__(self, name: str) -> Any:
        if name == self.deed:
            return self._fail
        if name == "bucket_name":
            raise AttributeError
        return getattr(self.store, name)

    def _fail(self, *_: Any, **__: Any) -> Any:
        if self.deed == "exists":
            return True
        if self.deed == "open":
            return ContentFile(b"something else")
        raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize(
    ("deed", "says"),
    [
        ("save", "It cannot be written to: PermissionError"),
        ("open", "It gives back other bytes than were written."),
        ("get_modified_time", "It cannot say when a file was written"),
        ("delete", "It cannot delete: PermissionError"),
        ("exists", "It cannot delete: the file is still there."),
    ],
)
def test_a_storage_that_fails_is_told_by_the_deed(monkeypatch: pytest.MonkeyPatch, deed: str, says: str) -> None:
    monkeypatch.setattr(storages, "storages", {"results": Faulty(deed)})
    found = only(storages.storage("results"))
    assert found.level is Level.FAIL
    assert found.says.startswith(says)
    assert "rights of that folder" in found.advice or deed == "open"


def test_trying_a_storage_leaves_nothing_behind() -> None:
    where = Path(storages.storages["results"].location)  # type: ignore[attr-defined]
    before = set(where.rglob("*")) if where.exists() else set()
    assert only(storages.storage("results")).level is Level.OK
    assert set(where.rglob("*")) == before


def test_whoever_tries_a_storage_does_so_under_a_probes_key(monkeypatch: pytest.MonkeyPatch) -> None:
    store = storages.storages["results"]
    saved: list[str] = []
    save = type(store).save
    monkeypatch.setattr(type(store), "save", lambda *how: saved.append(how[1]) or save(*how))
    monkeypatch.setattr(setup, "_make_bucket", lambda _: None)
    assert only(storages.storage("results")).level is Level.OK
    setup._works(store)
    assert [key.partition("-")[0] for key in saved] == ["probe", "probe"]


# --- Queue, workers, weights --------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("minutes", "sent", "level"), [(1, True, "ok"), (20, True, "warn"), (90, True, "fail"), (3, False, "fail")]
)
def test_a_queue_that_stands_still_is_noticed(photo: Photo, minutes: float, sent: bool, level: str) -> None:
    then = timezone.now() - timedelta(minutes=minutes)
    Coloring.objects.create(photo=photo, changed_at=then, sent_at=then if sent else None)
    found = only(queue.waiting())
    assert found.level == level
    assert ("never sent" in found.says) is not sent


@pytest.mark.django_db
def test_failures_count_where_the_site_is_to_blame(photo: Photo) -> None:
    Original.objects.update(status=Status.FAILED, reason="truncated")
    assert only(queue.failures()).level is Level.OK
    Coloring.objects.create(photo=photo, status=Status.FAILED, reason="timed_out")
    assert only(queue.failures()).says == "Failed in the last day: 1 x timed_out."


@pytest.mark.django_db
def test_workers_say_what_device_they_have() -> None:
    WorkerState.objects.create(name="worker@a", device="cpu")
    WorkerState.objects.create(name="worker@b", device="NVIDIA H100")
    says = [one.says for one in queue.workers() if one.what == "gpu"]
    assert says == ["worker@a: no GPU, colours on the CPU.", "worker@b: NVIDIA H100."]


@pytest.mark.django_db
def test_weights_that_are_gone_changed_or_not_run_are_noticed() -> None:
    content = b"weights"
    sha256 = "9de3ab3a40a5ea2d1d35b9bc3d9cbd9b36c7ab2c2ad9b3b8f6b1f2a4e0f9f0c1"
    version = ModelVersion.objects.create(name="lite", architecture="lite", sha256=sha256, state="live", card={})
    assert "cannot be read" in only(queue.weights()).says
    key = storage.weights_key(sha256)
    storage.models().save(key, ContentFile(content))
    try:
        assert "its hash differs" in only(queue.weights()).says
    finally:
        storage.models().delete(key)
    import hashlib

    version.sha256 = hashlib.sha256(content).hexdigest()
    version.save()
    storage.models().save(storage.weights_key(version.sha256), ContentFile(content))
    try:
        assert only(queue.weights()).level is Level.OK
        WorkerState.objects.create(name="worker@a", weights_sha256=sha256)
        assert [one.level for one in queue.weights()] == [Level.OK, Level.WARN]
    finally:
        storage.models().delete(storage.weights_key(version.sha256))


# --- Clocks, mail, secrets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "level"), [(0.2, "ok"), (-12, "warn"), (12, "warn"), (-400, "fail"), (31, "fail")])
def test_a_clock_that_is_off_is_told_with_its_seconds(seconds: float, level: str) -> None:
    found = machine.compared("clock", "the database's", seconds)
    assert found.level == level
    assert found.says == f"The database's clock is {abs(seconds):.1f} s {'ahead' if seconds > 0 else 'behind'}."


@pytest.mark.django_db
def test_a_sign_of_life_from_the_future_is_a_clock_that_is_wrong() -> None:
    WorkerState.objects.create(name="worker@a", heartbeat_at=timezone.now() + timedelta(seconds=90))
    found = [one for one in machine.clock() if "worker@a" in one.says]
    assert only(found).level is Level.FAIL


def test_a_mail_server_that_is_not_there_fails(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert only(machine.mail()).says.startswith("127.0.0.1:9 takes no mails: ConnectionRefusedError")


def test_no_secret_of_the_settings_is_said_in_any_spelling(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SECRET_KEY = "key-key-key-key"
    settings.METRICS_TOKEN = "token-token-token"
    settings.EMAIL_HOST_PASSWORD = "mail-mail-mail"
    settings.CELERY_BROKER_URL = "redis://:que%2Fue-queue@queue:6379/0"
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "data-data-data")
    settings.STORAGES = {"originals": {"OPTIONS": {"secret_key": "store-store-store"}}, "staticfiles": {}}
    text = (
        "key-key-key-key token-token-token mail-mail-mail que%2Fue-queue que/ue-queue data-data-data store-store-store"
    )
    assert finding.without_secrets(text) == " ".join(["•••"] * 7)


def test_a_public_name_without_https_is_warned_of(settings: Any) -> None:
    settings.ALLOWED_HOSTS, settings.HTTPS = ["album.example.org"], False
    assert "passwords travel in the open" in only(machine.site()).says
    settings.HTTPS = True
    assert only(machine.site()).level is Level.OK
