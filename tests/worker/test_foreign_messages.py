"""Messages that this version does not know, or that are none: written down and dropped, and the worker goes on."""

import json
from collections.abc import Callable

import pytest
import redis
from django.conf import settings

from colorizer import dispatch
from colorizer.models import Status
from tests.conftest import on_disk_alone
from tests.stack import Process, wait_for

from .conftest import Upload, child_of, coloring_with, runs

pytestmark = [pytest.mark.worker, on_disk_alone]
Broken = Callable[[bytes], bytes]


def changed(**how: object) -> Broken:
    return lambda message: json.dumps(json.loads(message) | how).encode()


def without(name: str) -> Broken:
    return lambda message: json.dumps(
        {key: value for key, value in json.loads(message).items() if key != name}
    ).encode()


BROKEN: dict[str, Broken] = {
    "no JSON": lambda message: b"no message",
    "empty": lambda message: b"",
    "another kind of JSON": lambda message: b"[1, 2]",
    "nothing in it": lambda message: b"{}",
    "a body that is no base64": changed(body="!!"),
    "a body of another kind": changed(body="e30="),
    "a body that may execute": changed(**{"content-type": "application/x-python-serialize"}),
    "without a body": without("body"),
    "without headers": without("headers"),
    "without properties": without("properties"),
    "another protocol": changed(headers={"version": 9}),
}


@pytest.fixture
def sample(broker: Process) -> bytes:
    """A message as this version sends it."""
    with redis.Redis(unix_socket_path=str(settings.BROKER_SOCKET)) as client:
        dispatch.producer.send_task(dispatch.PREPARE, args=["00000000-0000-4000-8000-000000000000", 1], queue="sample")
        found = client.rpop("sample")
        assert isinstance(found, bytes)
        return found


TASKS: list[tuple[str, list[object], dict[str, object]]] = [
    ("heirloom.of-tomorrow", ["00000000-0000-4000-8000-000000000000", 1], {}),
    (dispatch.PREPARE, ["00000000-0000-4000-8000-000000000000", 1, "more"], {}),
    (dispatch.PREPARE, [], {}),
    (dispatch.COLORIZE, ["no id", 1], {}),
    (dispatch.COLORIZE, ["00000000-0000-4000-8000-000000000000", "one"], {}),
    (dispatch.COLORIZE, [], {"row": 7}),
]
"""Such as another version may send."""


def test_what_is_no_message_of_ours_is_dropped_and_the_worker_goes_on(
    worker: Process, upload: Upload, sample: bytes
) -> None:
    child = child_of(coloring_with(Status.DONE, upload()))
    with redis.Redis(unix_socket_path=str(settings.BROKER_SOCKET)) as client:
        held_before = set(client.hkeys("unacked"))  # by workers that other tests have killed
        for kind, broken in BROKEN.items():
            client.lpush("interactive", broken(sample))
            wait_for(lambda: client.llen("interactive") == 0, what=f"the taking of a message: {kind}")
        for name, args, kwargs in TASKS:
            dispatch.producer.send_task(name, args=args, kwargs=kwargs, queue="interactive")
        coloring_with(Status.DONE, upload())
        wait_for(lambda: set(client.hkeys("unacked")) <= held_before, what="that none comes back later")
    assert not worker.has_ended
    assert runs(child)
