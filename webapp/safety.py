"""What settings refuse to start with, each in a sentence that says what to do."""

import os
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured

SHORTEST_KEY = 32
SHORTEST_TOKEN = 20
EXAMPLES = ("django-insecure", "changeme", "change-me", "change_me", "example", "secret-key", "your-", "insecure")


def check_secret_key(key: str) -> None:
    """Raises ImproperlyConfigured for a key that others may know or guess."""
    if len(key) < SHORTEST_KEY or len(set(key)) < 8 or key.lower().startswith(EXAMPLES):
        raise ImproperlyConfigured(
            f"SECRET_KEY is an example or too short. Leave it out, and Heirloom makes one and keeps it in its data "
            f"folder; or set at least {SHORTEST_KEY} random characters."
        )


def check_allowed_hosts(hosts: Sequence[str]) -> None:
    """Raises ImproperlyConfigured where no name is left under which the site could be reached."""
    if not any(hosts):
        raise ImproperlyConfigured(
            "ALLOWED_HOSTS names none. Leave it out for this machine alone, or name the hosts under which the site is "
            "reached, separated by commas."
        )


def check_time_zone(name: str) -> None:
    """Raises ImproperlyConfigured for a time zone that this machine does not know."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ImproperlyConfigured(f'TIME_ZONE must be a name such as Europe/Berlin, not "{name}".') from None


def check_metrics_token(token: str) -> None:
    """Raises ImproperlyConfigured for a token that could be guessed. None at all closes the page."""
    if token and len(token) < SHORTEST_TOKEN:
        raise ImproperlyConfigured(
            f"METRICS_TOKEN is too short: set at least {SHORTEST_TOKEN} random characters, or leave it out."
        )


def private_folder(path: Path) -> Path:
    """The data folder, made if need be for its owner alone. Raises ImproperlyConfigured where it cannot be written."""
    path = path.expanduser().resolve()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"HEIRLOOM_DATA cannot be made at {path}: {error.strerror}.") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise ImproperlyConfigured(f"HEIRLOOM_DATA at {path} cannot be written by this user.")
    return path
