"""What a check finds, and all checks in a row."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings

SHORTEST_SECRET = 6
"""Shorter words would be taken out of sentences that have nothing to do with them."""


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, and what to do where it is not well."""

    level: Level
    what: str
    says: str
    advice: str = ""


def ok(what: str, says: str) -> Finding:
    return Finding(Level.OK, what, says)


def warn(what: str, says: str, advice: str) -> Finding:
    return Finding(Level.WARN, what, says, advice)


def fail(what: str, says: str, advice: str) -> Finding:
    return Finding(Level.FAIL, what, says, advice)


Check = Callable[[], Iterable[Finding]]


def examine() -> Iterator[Finding]:
    """Every finding, one after the other. No check ends the next ones, and none says a secret."""
    from . import machine, queue, storages

    database_answers = True
    for finding in _careful("database", machine.database):
        database_answers &= finding.what != "database" or finding.level is not Level.FAIL
        yield finding
    yield from _careful("settings", machine.site)
    yield from _careful("mail", machine.mail)
    yield from _careful("disk", machine.disk)
    for alias in storages.ALIASES:
        yield from _careful(f"storage {alias}", partial(storages.storage, alias))
    yield from _careful("broker", queue.broker)
    in_tables: dict[str, Check] = {
        "queue": queue.waiting,
        "failures": queue.failures,
        "worker": queue.workers,
        "scheduler": queue.scheduler,
        "weights": queue.weights,
        "clock": machine.clock,
    }
    for what, check in in_tables.items():
        if database_answers:
            yield from _careful(what, check)
        else:
            yield warn(what, "Not looked at, since the database does not answer.", "Mend the database first.")


def _careful(what: str, check: Check) -> Iterator[Finding]:
    try:
        for found in check():
            yield Finding(found.level, found.what, without_secrets(found.says), found.advice)
    except Exception as error:
        says = f"The check broke off: {brief(error)}"
        yield fail(what, without_secrets(says), "Look at what is said here, mend it, and run this again.")


def brief(error: BaseException) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]


def without_secrets(text: str) -> str:
    for secret in _secrets():
        text = text.replace(secret, "•••")
    return text


def _secrets() -> list[str]:
    """All passwords and keys that the settings hold, the longest first, as they are and as an address spells them."""
    storages: dict[str, Any] = settings.STORAGES
    found: set[Any] = {
        settings.SECRET_KEY,
        settings.METRICS_TOKEN,
        settings.DATABASES["default"].get("PASSWORD"),
        settings.EMAIL_HOST_PASSWORD,
        urlsplit(settings.CELERY_BROKER_URL).password,
        *(storage.get("OPTIONS", {}).get("secret_key") for storage in storages.values()),
    }
    words = {spelling for word in found if word for spelling in (str(word), unquote(str(word)))}
    return sorted((word for word in words if len(word) >= SHORTEST_SECRET), key=len, reverse=True)
