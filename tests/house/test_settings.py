"""Settings refuse what is unsafe or cannot work, each in a sentence that says what to do."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as live
from django.core.exceptions import ImproperlyConfigured

from colorizer.stores.objects import client_config
from webapp import checks, env, safety, secrets, stores
from webapp.database import database

BASICS = (
    "from webapp import settings as s; "
    "print(s.DATABASES['default']['ENGINE'], s.CELERY_BROKER_URL, s.EMBEDDED_BROKER, s.SESSION_COOKIE_SECURE)"
)


def start(tmp_path: Path, *, code: str = BASICS, **environment: str) -> subprocess.CompletedProcess[str]:
    """Read the settings in a process of its own, with `environment` alone, and let `code` show them."""
    env = {"PATH": os.environ["PATH"], "HEIRLOOM_DATA": str(tmp_path / "data")} | environment
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=live.BASE_DIR, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_without_any_environment_everything_is_local(tmp_path: Path) -> None:
    started = start(tmp_path)
    assert started.stdout.split() == [
        "django.db.backends.sqlite3", f"redis+socket://{tmp_path}/data/broker.sock", "True", "False",
    ]  # fmt: skip
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "data" / "secret-key").stat().st_mode & 0o777 == 0o600


def test_database_broker_and_https_come_from_the_environment(tmp_path: Path) -> None:
    started = start(
        tmp_path, DATABASE_URL="postgres://u:p@db/heirloom", CELERY_BROKER_URL="redis://queue:6379/0", HTTPS="true"
    )
    assert started.stdout.split() == ["django.db.backends.postgresql", "redis://queue:6379/0", "False", "True"]


S3 = {"S3_ENDPOINT": "http://store:8333", "S3_BUCKET": "album", "S3_ACCESS_KEY": "key", "S3_SECRET_KEY": "hidden"}


def test_with_s3_every_storage_is_private_signed_and_never_overwritten(tmp_path: Path) -> None:
    code = "import json; from webapp import settings as s; print(json.dumps(s.STORAGES, default=repr)); print(s.S3)"
    shown, settings = start(tmp_path, code=code, **S3).stdout.splitlines()
    storages = json.loads(shown)
    for alias in ("originals", "results", "models"):
        options = storages[alias]["OPTIONS"]
        assert storages[alias]["BACKEND"] == "colorizer.stores.objects.ObjectStore"
        assert (options["bucket_name"], options["location"]) == ("album", alias)
        assert (options["default_acl"], options["file_overwrite"], options["querystring_auth"]) == (None, False, True)
    assert "store:8333" in settings
    assert "hidden" not in settings


def test_a_client_has_all_the_settings_that_one_of_its_own_would_drop() -> None:
    config = client_config(addressing_style="path")
    assert config.signature_version == "s3v4"
    assert config.s3 == {"addressing_style": "path"}
    assert config.request_checksum_calculation == config.response_checksum_validation == "when_required"
    assert (config.connect_timeout, config.read_timeout) == (2, 10)
    assert config.retries == {"mode": "standard", "total_max_attempts": 2}


def test_each_kind_of_file_may_have_a_bucket_of_its_own() -> None:
    buckets = {"bucket_originals": "scans", "bucket_results": "colours", "bucket_models": "weights"}
    given = stores.S3(access_key="key", secret_key="hidden", region="eu-central-1", **buckets)
    given.check()
    names = [each["OPTIONS"]["bucket_name"] for each in given.storages().values()]
    assert names == ["scans", "colours", "weights"]


@pytest.mark.parametrize(
    ("address", "style", "origin"),
    [
        ("", "", ""),
        ("https://photos.example.org", "", "https://photos.example.org"),
        ("https://s3.example.org:9000/", "virtual", "https://*.s3.example.org:9000"),
    ],
)
def test_a_public_address_of_the_store_joins_the_sources_of_pictures(address: str, style: str, origin: str) -> None:
    given = stores.S3(endpoint="http://store:8333", public_endpoint=address, addressing_style=style)
    assert given.public_origin == origin


def test_a_public_address_is_in_the_policy_that_pages_are_sent_with(tmp_path: Path) -> None:
    started = start(
        tmp_path,
        code="from webapp import settings as s; print(s.CONTENT_SECURITY_POLICY['DIRECTIVES']['img-src'])",
        **S3,
        S3_PUBLIC_ENDPOINT="https://photos.example.org",
    )
    assert "[\"'self'\", 'blob:', 'https://photos.example.org']" in started.stdout


@pytest.mark.parametrize("missing", S3)
def test_half_of_what_s3_needs_refuses_to_start_and_names_the_other_half(tmp_path: Path, missing: str) -> None:
    started = start(tmp_path, **{name: value for name, value in S3.items() if name != missing}, **{missing: ""})
    assert started.returncode != 0
    assert f"but {missing}" in started.stderr
    assert "leave out all variables that begin with S3_" in started.stderr


@pytest.mark.parametrize("address", ["store:8333", "ftp://store", "https://store/bucket", "http://"])
def test_an_address_of_the_store_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="S3_ENDPOINT must be an address"):
        stores.S3(endpoint=address, bucket="album", access_key="key", secret_key="hidden").check()


def test_postgresql_is_reached_through_a_pool_and_takes_options_from_its_address(tmp_path: Path) -> None:
    url = "postgres://u:p@db/heirloom?sslmode=require"
    found = database(url=url, file=tmp_path)
    assert found["OPTIONS"]["pool"]["max_size"] == 20
    assert found["OPTIONS"]["sslmode"] == "require"
    assert found["OPTIONS"]["connect_timeout"] == 3
    assert (found.get("CONN_MAX_AGE", 0), found["CONN_HEALTH_CHECKS"]) == (0, True)


def test_every_variable_that_is_read_is_described() -> None:
    read = re.findall(r'env\.\w+\("(\w+)"', Path(live.BASE_DIR, "webapp", "settings.py").read_text())
    described = Path(live.BASE_DIR, "docs", "settings.md").read_text()
    assert len(read) > 30
    assert [name for name in read if f"`{name}`" not in described] == []


@pytest.mark.parametrize("key", ["changeme", "django-insecure-" + "k3j4h5k3j4h5" * 4, "short but secret", "x" * 60])
def test_an_example_or_short_secret_key_refuses_to_start(tmp_path: Path, key: str) -> None:
    started = start(tmp_path, SECRET_KEY=key)
    assert started.returncode != 0
    assert "SECRET_KEY is an example or too short. Leave it out" in started.stderr


def test_with_debug_on_an_example_key_will_do(tmp_path: Path) -> None:
    assert start(tmp_path, SECRET_KEY="changeme", DEBUG="true").returncode == 0


def test_hosts_without_a_name_among_them_refuse_to_start(tmp_path: Path) -> None:
    started = start(tmp_path, ALLOWED_HOSTS=" , ")
    assert started.returncode != 0
    assert "ALLOWED_HOSTS names none. Leave it out" in started.stderr


def test_what_is_set_to_nothing_counts_as_not_set(tmp_path: Path) -> None:
    code = (
        "from webapp import settings as s; "
        "print({name: value for name, value in vars(s).items() if name.isupper() and name != 'SECRET_KEY'})"
    )
    read = re.findall(r'env\.\w+\("(\w+)"', Path(live.BASE_DIR, "webapp", "settings.py").read_text())
    nothing = start(tmp_path, code=code, **{name: "" for name in read if name != "HEIRLOOM_DATA"})
    assert nothing.returncode == 0, nothing.stderr
    assert nothing.stdout == start(tmp_path, code=code).stdout


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("HEIRLOOM_MAX_PAGES", "abc", 'must be a whole number, not "abc".'),
        ("HEIRLOOM_FAMILY_GB", "1.5", 'must be a whole number, not "1.5".'),
        ("HEIRLOOM_LOOK_SECONDS", "1e", 'must be a number of seconds above 0, not "1e".'),
        ("HEIRLOOM_LEASE_SECONDS", "0", 'must be a number of seconds above 0, not "0".'),
        ("HEIRLOOM_SLICE_SECONDS", "nan", 'must be a number of seconds above 0, not "nan".'),
        ("HTTPS", "yess", 'must be true or false, not "yess".'),
        ("LOG_LEVEL", "loud", 'must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL, not "loud".'),
        ("LOG_FORMAT", "xml", 'must be one of line, json, not "xml".'),
        ("TIME_ZONE", "Europe/Nowhere", 'must be a name such as Europe/Berlin, not "Europe/Nowhere".'),
        ("TIME_ZONE", "Europe", 'must be a name such as Europe/Berlin, not "Europe".'),
        ("DATABASE_URL", "mysql://u:p@db/heirloom", "must begin with postgres:// or postgresql:// or sqlite://."),
        ("EMAIL_URL", "mail.example.org", "must begin with smtp:// or "),
        ("CELERY_BROKER_URL", "queue:6379", "must begin with redis:// or rediss:// or redis+socket://."),
    ],
)
def test_what_makes_no_sense_refuses_to_start_in_a_sentence(tmp_path: Path, name: str, value: str, says: str) -> None:
    started = start(tmp_path, **{name: value})
    assert started.returncode != 0
    assert f"ImproperlyConfigured: {name} {says}" in started.stderr


@pytest.mark.parametrize(("word", "value"), [("True", True), ("on", True), ("1", True), ("NO", False), (" 0 ", False)])
def test_a_switch_is_on_or_off(monkeypatch: pytest.MonkeyPatch, word: str, value: bool) -> None:
    monkeypatch.setenv("HTTPS", word)
    assert env.switch("HTTPS", default=not value) is value


def test_in_a_data_folder_that_others_may_enter_all_that_a_command_makes_is_its_owners_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o755)
    code = "import sys, manage; sys.argv = ['manage.py', 'migrate', '--plan']; manage.main()"
    started = start(tmp_path, code=code)
    assert started.returncode == 0, started.stderr
    assert (data / "heirloom.sqlite3").exists()
    assert [path.name for path in data.rglob("*") if path.stat().st_mode & 0o077] == []


def test_a_data_folder_that_cannot_be_made_refuses_to_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ImproperlyConfigured, match="HEIRLOOM_DATA cannot be made at"):
        safety.private_folder(tmp_path / "file" / "data")


def test_a_socket_path_too_long_for_the_system_is_an_error(settings: Any) -> None:
    settings.EMBEDDED_BROKER = True
    settings.BROKER_SOCKET = Path("/" + "d" * 99 + "/broker.sock")
    [error] = checks.socket_path_fits(None)
    assert error.id == "webapp.E001"
    settings.EMBEDDED_BROKER = False
    assert checks.socket_path_fits(None) == []


def test_a_limit_below_one_is_an_error(settings: Any) -> None:
    settings.HEIRLOOM_MAX_PAGES = 0
    assert [error.id for error in checks.limits_are_positive(None)] == ["webapp.E002"]


@pytest.mark.parametrize(("seconds", "errors"), [(0, 1), (1, 0), (580, 0), (600, 1)])
def test_a_photo_may_not_take_as_long_as_its_process(settings: Any, seconds: int, errors: int) -> None:
    settings.CELERY_TASK_SOFT_TIME_LIMIT = seconds
    assert [error.id for error in checks.a_photo_ends_before_its_process(None)] == errors * ["webapp.E004"]


@pytest.mark.parametrize(("seconds", "errors"), [(0.5, 0), (390, 0), (391, 1)])
def test_a_slice_may_not_take_as_long_as_its_process(settings: Any, seconds: float, errors: int) -> None:
    settings.HEIRLOOM_SLICE_SECONDS = seconds
    assert [error.id for error in checks.a_slice_ends_before_its_process(None)] == errors * ["webapp.E005"]


def test_a_kept_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    first = secrets.kept(path)
    assert len(first) >= 50
    assert secrets.kept(path) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_of_two_that_make_a_secret_together_both_get_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret"
    make = secrets.secrets.token_urlsafe

    def while_another_is_quicker(length: int) -> str:
        path.write_text("the other's")
        return make(length)

    monkeypatch.setattr(secrets.secrets, "token_urlsafe", while_another_is_quicker)
    assert secrets.kept(path) == "the other's"
