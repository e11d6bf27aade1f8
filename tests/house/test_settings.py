"""Settings refuse what is unsafe or cannot work, each in a sentence that says what to do."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as live
from django.core.exceptions import ImproperlyConfigured

from webapp import checks, safety, secrets


def start(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Read the settings in a process of its own, with `environment` alone."""
    env = {"PATH": os.environ["PATH"], "HEIRLOOM_DATA": str(tmp_path / "data")} | environment
    code = (
        "from webapp import settings as s; "
        "print(s.DATABASES['default']['ENGINE'], s.CELERY_BROKER_URL, s.EMBEDDED_BROKER, s.SESSION_COOKIE_SECURE)"
    )
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


@pytest.mark.parametrize("key", ["changeme", "django-insecure-" + "k3j4h5k3j4h5" * 4, "short but secret", "x" * 60])
def test_an_example_or_short_secret_key_refuses_to_start(tmp_path: Path, key: str) -> None:
    started = start(tmp_path, SECRET_KEY=key)
    assert started.returncode != 0
    assert "SECRET_KEY is an example or too short. Leave it out" in started.stderr


def test_with_debug_on_an_example_key_will_do(tmp_path: Path) -> None:
    assert start(tmp_path, SECRET_KEY="changeme", DEBUG="true").returncode == 0


def test_empty_allowed_hosts_refuse_to_start(tmp_path: Path) -> None:
    started = start(tmp_path, ALLOWED_HOSTS="")
    assert started.returncode != 0
    assert "ALLOWED_HOSTS is empty. Leave it out" in started.stderr


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
