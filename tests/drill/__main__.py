"""``python -m tests.drill [WORD...]``: all faults, or those whose names hold one of the words."""

import os
import subprocess
import sys
import time

from tests.stack import ROOT

SITES = ("home", "server")
SECONDS = 15 * 60


def main() -> int:
    """Both sites side by side: most of a fault is waiting."""
    began = time.monotonic()
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    drills = [
        subprocess.Popen([sys.executable, "-u", "-m", f"tests.drill.{site}", *sys.argv[1:]], cwd=ROOT, env=kept)
        for site in SITES
    ]
    try:
        failed = sum(drill.wait(SECONDS - (time.monotonic() - began)) != 0 for drill in drills)
    finally:
        for drill in drills:
            drill.kill()  # nothing, where it has ended
    print(f"The drill took {time.monotonic() - began:.0f} s.", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
