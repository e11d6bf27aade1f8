"""One fault after the other, and what must be true after each."""

import io
import json
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.stack import wait_for

from .family import Family
from .site import Site

SETTLED = 150.0
"""Seconds after a fault in which all photos have to be through; a machine that is busy with other work takes some."""


class Drill:
    """A site, a family on it, and what is expected of their photos."""

    def __init__(self, site: Site, family: Family) -> None:
        self.site = site
        self.family = family
        self.failing: dict[str, str] = {}
        """Files that cannot be coloured, by checksum, and the reason that their family is given."""
        self._checked = 0

    def run(self, faults: dict[str, Callable[["Drill"], str | None]]) -> int:
        """Try each fault under load. How many were not survived."""
        return sum(not self._try(name, fault) for name, fault in faults.items())

    def busy(self) -> None:
        """Wait until a photo is being worked on."""
        wait_for(self.running, what="a photo that is worked on")

    def running(self) -> list[str]:
        """The owners of all leases."""
        from colorizer.models import Coloring, Original, Status

        found = [row for model in (Coloring, Original) for row in model.objects.filter(status=Status.RUNNING)]
        return [row.lease_owner for row in found]

    def _try(self, name: str, fault: Callable[["Drill"], str | None]) -> bool:
        from django.db import connection

        began = time.monotonic()
        self.family.slowest, before = 0.0, len(self.family.accepted)
        try:
            self.family.begin()
            self.busy()
            said = fault(self)
            connection.close()  # our own may have ended with the database
            self.site.wait_until_well()
            wait_for(lambda: len(self.family.accepted) >= before + 6, what="photos that are accepted again")
            self.family.pause()
            fixed = self.check()
        except Exception:
            traceback.print_exc()
            self._say(name, "NOT SURVIVED", began)
            self._tell_logs()
            connection.close()
            self.family.pause()
            return False
        count = len(self.family.accepted) - before
        notes = [f"{count} photos, all as they should be, none twice", said, fixed]
        notes.append(f"slowest upload {self.family.slowest:.1f} s")
        self._say(name, ", ".join(filter(None, notes)), began)
        return True

    def _say(self, name: str, what: str, began: float) -> None:
        print(f"  {name}: {what}; {time.monotonic() - began:.1f} s", flush=True)

    # --- What must be true ----------------------------------------------------------------------------------------

    def check(self) -> str:
        """All that was accepted is there, done, once; nothing is stuck, lost or left. What `verify --fix` put right."""
        assert not self.family.surprises, self.family.surprises
        wait_for(self._all_through, timeout=SETTLED, what="the end of all jobs")
        self._each_is_right()
        found = self._verify("--fix")
        if found:
            wait_for(self._all_through, timeout=SETTLED, what="the end of what was put right")
            left = self._verify()
            assert not left, f"verify still finds {left}"
        return f"put right by verify --fix: {', '.join(sorted(set(found)))}" if found else ""

    def _all_through(self) -> bool:
        from colorizer.models import Coloring, Original

        return not any(model.objects.filter(status__in=model.OPEN).exists() for model in (Original, Coloring))

    def _each_is_right(self) -> None:
        from colorizer import storage
        from colorizer.models import Original, Status

        rows = {row.sha256: row for row in Original.objects.filter(family=self.family.row)}
        missing = set(self.family.accepted) - set(rows)
        assert not missing, f"{len(missing)} accepted photos have no row"
        for sha256, row in rows.items():
            photo = row.photos.get()
            colorings = list(photo.colorings.all())
            reason = row.reason if row.status == Status.FAILED else ""
            reason = reason or next((each.reason for each in colorings if each.status == Status.FAILED), "")
            assert reason == self.failing.get(sha256, ""), (
                f"{row.name}: {reason!r}: {row.detail} {[c.detail for c in colorings]}"
            )
            if reason:
                assert max([row.failures, *(each.failures for each in colorings)]) <= 3
                continue
            assert [each.status for each in colorings] == [Status.DONE], f"{row.name} has {len(colorings)} colourings"
            assert photo.shown == colorings[0]
            assert storage.results().size(colorings[0].key) == colorings[0].size

    def _verify(self, *options: str) -> list[str]:
        """The kinds of all that `manage.py verify` finds, files without a row among them, however young."""
        from django.core.management import call_command

        said = io.StringIO()
        with suppress(SystemExit):
            call_command("verify", "--json", "--grace", "0", *options, stdout=said)
        found = json.loads(said.getvalue())["findings"]
        for each in found:
            print(f"    verify: {each}", flush=True)
        return [each["kind"] for each in found]

    def _tell_logs(self) -> None:
        from django.conf import settings

        for log in sorted(Path(settings.DATA, "logs").glob("*.log")):
            lines = [line[:300] for line in log.read_text(errors="replace").splitlines()[-25:]]
            print(f"--- {log.name}", *lines, sep="\n    ", file=sys.stderr, flush=True)


def chosen(
    faults: dict[str, Callable[[Drill], str | None]], words: list[str]
) -> dict[str, Callable[[Drill], str | None]]:
    """Those whose names hold one of the words; all where there are none."""
    return {name: fault for name, fault in faults.items() if not words or any(word in name for word in words)}
