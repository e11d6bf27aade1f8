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
for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(first: str) -> int:
    """Pages that the kernel had to hand out for a step whose like was done before."""
    said = subprocess.run([sys.executable, "-c", STEPS.format(first=first)], capture_output=True, text=True, check=True)
    return int(said.stdout)


def test_a_step_takes_hardly_any_memory_that_the_one_before_it_has_freed() -> None:
    assert faults("keep_freed_memory()") * 10 < faults("")
