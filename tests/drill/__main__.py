"""``python -m tests.drill [WORD...]``: all faults, or those whose names hold one of the words."""

import os
import subprocess
import sys
import time

from tests.stack import ROOT

SITES = ("home", "server")
SECONDS = 15 * 60


def main() -> int:
    began = time.monotonic()
    failed = 0
    for site in SITES:
        left = SECONDS - (time.monotonic() - began)
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        command = [sys.executable, "-u", "-m", f"tests.drill.{site}", *sys.argv[1:]]
        failed += subprocess.run(command, cwd=ROOT, env=kept, timeout=left, check=False).returncode != 0
    print(f"The drill took {time.monotonic() - began:.0f} s.", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
