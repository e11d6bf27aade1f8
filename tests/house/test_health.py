"""The web process: light, quick to start, and honest about whether a photo can be coloured."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from colorizer.models import WorkerState
from tests.stack import Process, free_port, wait_for
from webapp import health

HEAVY = ("torch", "torchvision", "numpy", "pyvips", "ml", "worker")


def test_the_web_process_loads_no_torch_and_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys, webapp.asgi; from django.urls import get_resolver; get_resolver().url_patterns; "
        "from django.test import Client; "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    env = os.environ | {"HEIRLOOM_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "webapp.settings"}
    command = [sys.executable, "-c", code]
    started = subprocess.run(
        command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, timeout=60, check=True
    )
    assert started.stdout.strip() == "[]"


def test_the_web_process_is_ready_within_seconds() -> None:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "webapp.asgi:application", "--host", "127.0.0.1", "--port", str(port)]
    web = Process("quick-web", *command)
    try:
        wait_for(lambda: _answers(port), what=f"the web server: see {web.log}")
        took = _cpu_seconds(web.pid)
    finally:
        web.stop()
    # Of the processor: on an idle machine it is ready after as many seconds, on a busy one after more.
    assert took < 3, f"ready after {took:.1f} s of work"


def _cpu_seconds(pid: int) -> float:
    """What the process has worked so far."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) != 0:
            return False
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
        return bool(answer.status == 200)


def test_healthz_asks_neither_database_nor_broker(client: Client) -> None:
    assert client.get("/healthz").json() == {"ok": True}


@pytest.mark.django_db
def test_readyz_names_what_is_missing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "broker_answers", lambda: True)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ok": False, "database": True, "broker": True, "storage": True, "worker": False}

    WorkerState.objects.create(name="worker@here", heartbeat_at=timezone.now() - timedelta(minutes=5))
    assert client.get("/readyz").status_code == 503

    WorkerState.objects.update(heartbeat_at=timezone.now())
    assert client.get("/readyz").status_code == 200


def test_a_broker_that_is_not_there_is_noticed_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(health.producer.conf, "broker_write_url", f"redis+socket://{tmp_path}/none.sock")
    began = time.monotonic()
    assert not health.broker_answers()
    assert time.monotonic() - began < 5


@pytest.mark.worker
def test_a_broker_that_is_there_answers(broker: Process) -> None:
    assert health.broker_answers()


def test_a_storage_that_does_not_answer_is_noticed_and_asked_now_and_then_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    class Gone:
        def exists(self, key: str) -> bool:
            asked.append(key)
            raise ConnectionError("no route")

    monkeypatch.setattr(health, "_storage_said", None)
    monkeypatch.setattr(health.storage, "originals", Gone)
    assert [health.storage_answers() for _ in range(20)] == [False] * 20
    assert len(asked) == 1
    monkeypatch.setattr(health, "STORAGE_IS_ASKED_EVERY", 0.0)
    health.storage_answers()
    assert len(asked) == 2
