"""A worker that teaches on several devices: here, processes of the processor."""

import pytest

from colorizer.models import DatasetVersion, Status
from tests.conftest import StartWorker, on_disk_alone
from tests.school import frozen

from .test_training import begin, when

pytestmark = [pytest.mark.worker, pytest.mark.long]


@pytest.fixture
def version(shared_database: None) -> DatasetVersion:
    return frozen()


@on_disk_alone
def test_two_processes_teach_and_what_comes_out_is_a_candidate(
    worker_process: StartWorker, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEIRLOOM_SLICE_SECONDS", "120")
    monkeypatch.setenv("HEIRLOOM_TRAIN_DEVICES", "2")
    worker_process("several")
    training = when(begin(version, steps=6), status=Status.DONE)
    assert (training.step, training.device, training.failures) == (6, "2 x cpu", 0)
    assert training.model_version is not None
