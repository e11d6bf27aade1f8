"""How often someone may try: one count for all processes, kept in the database.

In the database, since whatever we limit needs it anyway: what keeps the counts can then never be down alone, neither
letting everybody in nor keeping everybody out, and a broker that is emptied forgets no one. Each try is one conditional
UPDATE, so that a hundred at the same moment count as a hundred. Keys are hashed with the site's own secret: no address
can be read from the table, and housekeeping empties it of what has passed.

The rule is a leaky bucket (GCRA, ITU-T I.371): of "10/15m" ten may come at once, then one every 90 seconds.
"""

import ipaddress
import math
import re
import time
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Case, F, FloatField, Q, Value, When
from django.db.models.functions import Greatest
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from .models import Limit

UPLOADS = "600/10m"
"""Files that one person may send: a whole box at once; then one a second, and the page waits without a word."""

_RATE = re.compile(r"(\d+)/(\d*)([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MOST_RACES = 5
_ROUNDING = 0.001
_CLOCKS_DIFFER = 60
"""Seconds by which the clocks of two machines may differ, and more than two tries at one moment do."""


class Limited(Exception):
    """Too many tries. ``seconds``: how long until the next one is allowed, at least 1."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"allowed again in {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True)
class Rate:
    """``amount`` at once, and as many again in ``period`` seconds."""

    amount: int
    period: float

    @classmethod
    def of(cls, text: str) -> "Rate":
        """From "20/h" or "5/15m" (s, m, h, d). Raises ValueError for anything else."""
        found = _RATE.fullmatch(text)
        if not found or not int(found[1]) or found[2] == "0":
            raise ValueError(f"A rate is written like 20/h or 5/15m, not {text!r}.")
        return cls(int(found[1]), int(found[2] or 1) * _SECONDS[found[3]])

    @property
    def step(self) -> float:
        """Seconds until one more is allowed."""
        return self.period / self.amount


def allow(scope: str, key: object, rate: str) -> bool:
    """Count one try of ``key`` at ``scope``; False, and not counted, where there were too many for ``rate``."""
    return _take(scope, key, Rate.of(rate)) == 0


def take(scope: str, key: object, rate: str) -> None:
    """Count one try, as `allow` does. Raises Limited where there were too many: middleware makes a page of it."""
    if wait := _take(scope, key, Rate.of(rate)):
        raise Limited(math.ceil(wait))


def give_back(scope: str, key: object, rate: str) -> None:
    """Uncount a try that turned out well."""
    Limit.objects.filter(key=_hash(scope, key)).update(used_until=F("used_until") - Rate.of(rate).step)


def forget(scope: str, key: object) -> None:
    """Uncount all tries of ``key``."""
    Limit.objects.filter(key=_hash(scope, key)).delete()


def forget_old() -> None:
    """Delete the counts that say nothing any more. Housekeeping calls this every hour."""
    Limit.objects.filter(used_until__lt=time.time()).delete()


def client(request: HttpRequest) -> str:
    """Where a request comes from: the address, or for IPv6 the /64 network, which one household or server has whole.

    X-Forwarded-For is believed as far as the proxies that are ours have written it (HEIRLOOM_PROXIES), counted from
    its end; what a client writes there itself stands before that.
    """
    address: str = request.META.get("REMOTE_ADDR", "")
    proxies = settings.HEIRLOOM_PROXIES
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if proxies and len(forwarded) >= proxies:
        address = forwarded[-proxies].strip()
    try:
        found = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.IPv6Network((found, 64), strict=False))


def _take(scope: str, key: object, rate: Rate) -> float:
    """Seconds to wait; 0 where the try is counted and allowed."""
    row_key = _hash(scope, key)
    row = Limit.objects.filter(pk=row_key)
    for _ in range(_MOST_RACES):
        used_until = row.values_list("used_until", flat=True).first()
        # After the row: what others have written there at this moment does not lie ahead of it.
        now = time.time()
        last_start = now + rate.period - rate.step + _ROUNDING
        # What lies further ahead than any count can reach was written by a clock that was wrong.
        absurd = now + rate.period + _CLOCKS_DIFFER
        if used_until is None:
            Limit.objects.bulk_create([Limit(pk=row_key, used_until=now)], ignore_conflicts=True)
        elif last_start < used_until <= absurd:
            return used_until - last_start
        free = Q(used_until__lte=last_start) | Q(used_until__gt=absurd)
        start = Case(
            When(used_until__gt=absurd, then=Value(now)),
            default=Greatest(F("used_until"), Value(now)),
            output_field=FloatField(),
        )
        if row.filter(free).update(used_until=start + rate.step):
            return 0
    return rate.step


def _hash(scope: str, key: object) -> str:
    return salted_hmac(f"heirloom.limits.{scope}", str(key).lower(), algorithm="sha256").hexdigest()
