"""Reads the environment: what is set to nothing counts as not set, and what makes no sense stops the start.

Each reader raises ImproperlyConfigured, with a sentence that names the variable. Values that may hold a secret are not
repeated in it.
"""

import math
import os
from collections.abc import Sequence

from django.core.exceptions import ImproperlyConfigured

TRUE = ("true", "yes", "on", "1")
FALSE = ("false", "no", "off", "0")


def text(name: str, *, default: str = "") -> str:
    value = os.environ.get(name, "")
    return value if value.strip() else default


def one_of(name: str, allowed: Sequence[str], *, default: str) -> str:
    value = text(name, default=default)
    if value not in allowed:
        raise _wrong(name, f"one of {', '.join(allowed)}")
    return value


def switch(name: str, *, default: bool) -> bool:
    value = text(name, default=str(default)).strip().lower()
    if value not in TRUE + FALSE:
        raise _wrong(name, "true or false")
    return value in TRUE


def whole(name: str, *, default: int) -> int:
    try:
        return int(text(name, default=str(default)))
    except ValueError:
        raise _wrong(name, "a whole number") from None


def seconds(name: str, *, default: float) -> float:
    try:
        found = float(text(name, default=str(default)))
    except ValueError:
        found = math.nan
    if not 0 < found < math.inf:
        raise _wrong(name, "a number of seconds above 0")
    return found


def names(name: str, *, default: Sequence[str] = ()) -> list[str]:
    """What stands between commas."""
    return [each for part in text(name, default=",".join(default)).split(",") if (each := part.strip())]


def address(name: str, schemes: Sequence[str]) -> str:
    """An address of one of ``schemes``, or nothing."""
    value = text(name)
    if value and value.partition("://")[0] not in schemes:
        raise ImproperlyConfigured(f"{name} must begin with {' or '.join(f'{each}://' for each in schemes)}.")
    return value


def _wrong(name: str, wanted: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f'{name} must be {wanted}, not "{os.environ.get(name)}". Leave it out for the default.')
