"""Memory that a training has freed is used again."""

import subprocess
import sys

STEPS = """
import resource, torch
from ml.heap import keep_freed_memory
{first}
def step():
    tensor = torch.ones(16, 1024, 1024)
    (tensor * 2).sum()
def taken():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    step()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(min(taken() for _ in range(6)))
"""


def faults(first: str) -> int:
    """Pages that the kernel hands out for a step, at the least, whose like was done before."""
    said = subprocess.run([sys.executable, "-c", STEPS.format(first=first)], capture_output=True, text=True, check=True)
    return int(said.stdout)


def test_a_step_takes_hardly_any_memory_that_the_one_before_it_has_freed() -> None:
    assert faults("keep_freed_memory()") * 10 < faults("")
