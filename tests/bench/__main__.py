"""Measure everything in one run, print it side by side and write it to ``build/bench.json``."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench import PILE
from tests.bench.photos import scan
from tests.bench.report import told

ROOT = Path(__file__).resolve().parents[2]
LARGE = 4
"""Photos of twelve megapixels; the first warms the worker up and does not count."""
CROWD = 200


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench.json")
    parser.add_argument("--only", choices=["defaults", "servers"], help="one of the two configurations")
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="heirloom-bench-") as name:
        folder = Path(name)
        say("Making the photos")
        make_photos(folder)
        found: dict[str, Any] = {"cores": len(os.sched_getaffinity(0)), "sites": {}}
        say("A plain loop over the same photos")
        loop = float(child("tests.bench.loop", str(folder / "pile")))
        found["plain loop"] = {"seconds": loop, "photos_per_minute": 60 * PILE / loop}
        found["network"] = json.loads(child("tests.bench.network"))
        found["writing"] = json.loads(child("tests.bench.split", str(folder / "large" / "0.jpg")))
        for site in [asked.only] if asked.only else ["defaults", "servers"]:
            say(f"The site: {site}")
            found["sites"][site] = measured(site, folder)
    found["seconds"] = time.monotonic() - began
    asked.out.parent.mkdir(exist_ok=True)
    asked.out.write_text(json.dumps(found, indent=2) + "\n")
    say(told(found))
    say(f"Written to {asked.out}")


def measured(site: str, photos: Path) -> dict[str, Any]:
    """The figures of one configuration, in a process and a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="heirloom-site-") as name:
        data, out = Path(name, "data"), Path(name, "figures.json")
        os.environ.update(HEIRLOOM_DATA=str(data), CELERY_BROKER_URL="", BENCH_PHOTOS=str(photos))
        if site == "defaults":
            child("tests.bench.measure", str(out))
        else:
            # Imported late: it takes the settings for its logs from the folder of this configuration.
            from tests.servers import running

            with running() as servers:
                child("tests.bench.measure", str(out), **servers.environment())
        found: dict[str, Any] = json.loads(out.read_text())
        return found


def make_photos(folder: Path) -> None:
    for kind, count, megapixels in (("large", LARGE, 12), ("pile", PILE, 2), ("small", CROWD, 0.5)):
        (folder / kind).mkdir()
        for number in range(count):
            (folder / kind / f"{number}.jpg").write_bytes(scan(megapixels, seed=number))


def child(module: str, *words: str, **more: str) -> str:
    """What a module prints that is run as a process of its own. What it complains of is shown."""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "webapp.settings", "OMP_WAIT_POLICY": "PASSIVE"} | more
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip().rpartition("\n")[2]


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a program for a terminal


if __name__ == "__main__":
    main()
