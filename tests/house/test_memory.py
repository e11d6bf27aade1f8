"""What the web process asks of the C library about memory."""

import subprocess
import sys

import pytest

from tests.stack import ROOT

THREADS = """
import ctypes, sys
from threading import Barrier, Thread
from webapp.memory import give_back_memory, share_one_heap
if sys.argv[1] == "shared":
    share_one_heap()
together = Barrier(4)
def take():
    together.wait()
    bytearray(100_000)
    together.wait()
threads = [Thread(target=take) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
give_back_memory()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it is about glibc")
@pytest.mark.parametrize("how", ["shared", "as it comes"])
def test_all_threads_take_memory_from_one_heap(how: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", THREADS, how], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert "Arena 0:" in told.stderr
    assert ("Arena 1:" in told.stderr) == (how != "shared")
