"""What is measured of one running site, on the database and the storage that the environment names.

Run by ``tests.bench`` as a process of its own, since a database is chosen once: ``python -m tests.bench.measure OUT``.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import uuid4

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import reverse  # noqa: E402

from colorizer.asked import Asked  # noqa: E402
from colorizer.models import Coloring, Original, Photo, Status  # noqa: E402
from colorizer.services import corrections  # noqa: E402
from tests.bench import PILE  # noqa: E402
from tests.bench.site import (  # noqa: E402
    Member,
    Site,
    cancel_all,
    cpu_seconds,
    memory,
    new_member,
    running,
    wait_until_coloured,
)

FAMILIES, EACH = 20, 10
GALLERY = 500
LOOKS = 20


def one_photo(site: Site, large: Path) -> dict[str, Any]:
    """A twelve-megapixel photo, from its accepted upload to its stored result, in a warm worker: the median."""
    runs = []
    for path in sorted(large.iterdir()):
        member = new_member()
        before = cpu_seconds(site.worker_child)
        assert site.upload(member, path.read_bytes(), position=1) == 201
        (coloring,) = wait_until_coloured(member.album, 1)
        original = coloring.photo.original
        wall = (coloring.finished_at - original.created_at).total_seconds()  # type: ignore[operator]
        stages = {f"prepare: {name}": took for name, took in original.stage_seconds.items()}
        stages |= {f"colorize: {name}": took for name, took in coloring.stage_seconds.items()}
        # The original is stored before its row is made; the rest of the wall is waiting and writing rows.
        stages["overhead"] = wall - sum(stages.values())
        runs.append({"wall": wall, "cpu": cpu_seconds(site.worker_child) - before, "stages": stages})
    warm = runs[1:]
    names = warm[0]["stages"]
    return {
        "wall_s": statistics.median(run["wall"] for run in warm),
        "slowest_s": max(run["wall"] for run in warm),
        "cpu_s": statistics.median(run["cpu"] for run in warm),
        "stages_s": {name: statistics.median(run["stages"].get(name, 0) for run in warm) for name in names},
    }


def corrected() -> dict[str, Any]:
    """The same photos with ten pins each, from the moment that is asked for to the stored result: the median."""
    pins = [{"x": n / 10 + 0.05, "y": 0.15 + 0.35 * (n % 3), "colour": [50, 25, 9 * n - 40]} for n in range(10)]
    asked = Asked.read(json.dumps({"pins": pins}).encode())
    walls = []
    for photo in list(Photo.objects.filter(shown__isnull=False).order_by("created_at"))[1:]:
        coloring = corrections.save(photo=photo, asked=asked)
        wait_until_coloured(photo.album, 2)
        coloring.refresh_from_db()
        walls.append((coloring.finished_at - coloring.created_at).total_seconds())  # type: ignore[operator]
    return {"wall_s": statistics.median(walls), "slowest_s": max(walls)}


def pile(site: Site, folder: Path) -> dict[str, Any]:
    """Fifty two-megapixel photos of one family, from the first POST to the last result stored."""
    member = new_member()
    began = time.monotonic()
    with ThreadPoolExecutor(3) as browser:  # as many at once as the page sends
        send = [
            browser.submit(site.upload, member, path.read_bytes(), position=at)
            for at, path in enumerate(sorted(folder.iterdir()), start=1)
        ]
        statuses = [each.result() for each in send]
    uploaded = time.monotonic() - began
    assert statuses == [201] * PILE, statuses
    wait_until_coloured(member.album, PILE)
    took = time.monotonic() - began
    return {"seconds": took, "uploaded_s": uploaded, "photos_per_minute": 60 * PILE / took}


def crowd(site: Site, photos: Callable[[int], bytes]) -> dict[str, Any]:
    """Two hundred uploads in the same moment, from twenty families."""
    members = [new_member() for _ in range(FAMILIES)]
    files = [photos(number) for number in range(FAMILIES * EACH)]
    together = Barrier(len(files))

    def send(number: int) -> tuple[int, float]:
        together.wait()
        began = time.monotonic()
        try:
            return site.upload(members[number // EACH], files[number], position=number % EACH + 1), (
                time.monotonic() - began
            )
        except OSError:
            return 0, time.monotonic() - began

    began = time.monotonic()
    with ThreadPoolExecutor(len(files)) as browsers:
        answers = list(browsers.map(send, range(len(files))))
    took = time.monotonic() - began
    cancel_all()
    seconds = sorted(each for _, each in answers)
    return {
        "uploads": len(answers),
        "errors": sum(status != 201 for status, _ in answers),
        "statuses": sorted({status for status, _ in answers}),
        "seconds": took,
        "median_s": statistics.median(seconds),
        "slowest_s": seconds[-1],
    }


def gallery(site: Site) -> dict[str, Any]:
    """An album of five hundred photos in one page: queries, and the server's median."""
    member = new_member()
    fill(member)
    path = reverse("album", args=[member.album.pk])
    site.get(path, member.cookies)
    seconds = []
    for _ in range(LOOKS):
        began = time.monotonic()
        assert site.get(path, member.cookies).status == 200
        seconds.append(time.monotonic() - began)
    client = Client(headers={"host": "127.0.0.1"})
    client.cookies.load(member.cookies)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(path)
    assert page.content.count(b'data-photo="') == GALLERY
    return {
        "photos": GALLERY,
        "queries": len(queries),
        "median_ms": 1000 * statistics.median(seconds),
        "slowest_ms": 1000 * max(seconds),
        "bytes": len(page.content),
    }


def fill(member: Member) -> None:
    """Five hundred photos in colour; a page needs their rows alone."""
    album = member.album
    done = {"status": Status.DONE}
    originals = Original.objects.bulk_create(
        Original(
            family_id=album.family_id,
            sha256=f"{number:064}",
            key=f"bench/{uuid4()}.jpg",
            name=f"scan-{number}.jpg",
            format="jpeg",
            size=1,
            **done,
        )
        for number in range(GALLERY)
    )
    ready = {"album": album, "state": Photo.State.READY, "width": 1600, "height": 1200}
    photos = Photo.objects.bulk_create(Photo(original=original, **ready) for original in originals)
    colorings = Coloring.objects.bulk_create(Coloring(photo=photo, **done) for photo in photos)
    for coloring in colorings:
        coloring.photo.shown = coloring
    Photo.objects.bulk_update(photos, ["shown"], batch_size=200)


def main() -> None:
    folder, out = Path(os.environ["BENCH_PHOTOS"]), Path(sys.argv[1])
    small = sorted((folder / "small").iterdir())
    found: dict[str, Any] = {
        "database": connection.vendor,
        "storage": settings.STORAGES["originals"]["BACKEND"].rpartition(".")[2],
    }
    with running() as site:
        found["one photo of 12 megapixels"] = one_photo(site, folder / "large")
        found["ten pins on 12 megapixels"] = corrected()
        found["50 photos of 2 megapixels"] = pile(site, folder / "pile")
        found["gallery"] = gallery(site)
        found["200 uploads at once"] = crowd(site, lambda number: small[number].read_bytes())
        found["memory"] = {
            "web_rss_mb": memory(site.web.pid, "VmRSS"),
            "web_highest_mb": memory(site.web.pid, "VmHWM"),
            "worker_child_highest_mb": memory(site.worker_child, "VmHWM"),
        }
    out.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
