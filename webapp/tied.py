"""Run a command that ends when the process that started it ends, however that ends: ``python -m webapp.tied TERM cmd…``

The kernel sends the named signal to this process (and, after exec, to the command) when its parent dies. ``TIED_TO``
in the environment says who the parent should be, so that one that died before we asked is noticed as well.
"""

import ctypes
import os
import signal
import sys

PARENT = "TIED_TO"
PR_SET_PDEATHSIG = 1


def main() -> None:
    last_signal = signal.Signals[f"SIG{sys.argv[1]}"]
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(last_signal)) != 0:
        raise OSError(ctypes.get_errno(), "prctl refused to tie this process to its parent.")
    if os.getppid() != int(os.environ[PARENT]):
        sys.exit("The process that started this one is gone already.")
    os.environ[PARENT] = str(os.getpid())
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
