"""Requests that bring a file: received whole, answered a few at a time, and never in the way of pages."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.stack import done
from webapp import in_turn
from webapp.body_limit import BodyLimit
from webapp.in_turn import AT_ONCE, COMING, FilesInTurn

Receive = Callable[[], Awaitable[dict[str, Any]]]
LARGE = secrets.token_bytes(1_000_003)


def scope(length: int) -> dict[str, Any]:
    return {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-length", str(length).encode())]}


def coming(*messages: dict[str, Any]) -> Receive:
    """What a server gives out, one after the other."""
    left = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(left)

    return receive


def parts(body: bytes, size: int = 60_000) -> list[dict[str, Any]]:
    cut = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    return [
        {"type": "http.request", "body": part, "more_body": number < len(cut)}
        for number, part in enumerate(cut, start=1)
    ]


async def send(message: dict[str, Any]) -> None:
    raise AssertionError(message)


class Inside:
    """An application that reads to the end, notes what it read, and waits to be let go."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.go = asyncio.Event()

    async def __call__(self, scope: Any, receive: Receive, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        self.bodies.append(body)
        await self.go.wait()


@pytest.mark.parametrize("length", [65_537, 256 * 1024, 1_000_003])
def test_a_file_comes_through_byte_for_byte(length: int) -> None:
    async def upload() -> list[bytes]:
        inside = Inside()
        inside.go.set()
        await FilesInTurn(inside)(scope(length), coming(*parts(LARGE[:length])), send)
        return inside.bodies

    assert done(upload()) == [LARGE[:length]]


def test_a_few_are_answered_at_once_and_a_page_does_not_wait_for_them() -> None:
    async def crowd() -> tuple[int, list[bytes], int]:
        inside = Inside()
        app = FilesInTurn(inside)
        uploads = [asyncio.create_task(app(scope(len(LARGE)), coming(*parts(LARGE)), send)) for _ in range(3 * AT_ONCE)]
        while len(inside.bodies) < AT_ONCE:
            await asyncio.sleep(0)
        inside_at_once = len(inside.bodies)
        page = asyncio.create_task(app(scope(0), coming(*parts(b"")), send))
        while len(inside.bodies) == inside_at_once:
            await asyncio.sleep(0)
        first = inside.bodies[inside_at_once:]
        inside.go.set()
        await asyncio.gather(page, *uploads)
        return inside_at_once, first, len(inside.bodies)

    assert done(crowd()) == (AT_ONCE, [b""], 3 * AT_ONCE + 1)


def test_of_very_many_that_come_at_once_only_some_are_read() -> None:
    async def crowd() -> int:
        app, read, go = FilesInTurn(Inside()), 0, asyncio.Event()

        async def slow() -> dict[str, Any]:
            nonlocal read
            read += 1
            await go.wait()
            return {"type": "http.disconnect"}

        uploads = [asyncio.create_task(app(scope(len(LARGE)), slow, send)) for _ in range(COMING + 5)]
        while read < COMING:
            await asyncio.sleep(0)
        read_at_once = read
        go.set()
        await asyncio.gather(*uploads)
        assert read == COMING + 5
        return read_at_once

    assert done(crowd()) == COMING


def test_one_whose_sender_goes_away_is_forgotten() -> None:
    async def broken_off() -> list[bytes]:
        inside = Inside()
        first = parts(LARGE)[0]
        await FilesInTurn(inside)(scope(len(LARGE)), coming(first, {"type": "http.disconnect"}), send)
        return inside.bodies

    assert done(broken_off()) == []


def test_one_who_sends_nothing_for_long_is_told_so_and_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_turn, "QUIET", 0.01)

    def out_of_reach() -> Receive:
        left = iter(parts(LARGE)[:1])

        async def receive() -> dict[str, Any]:
            return next(left, None) or await asyncio.Event().wait()  # type: ignore[return-value] # never

        return receive

    async def crowd() -> tuple[list[int], list[bytes]]:
        inside, told = Inside(), []
        inside.go.set()
        app = BodyLimit(FilesInTurn(inside))

        async def tell(message: dict[str, Any]) -> None:
            told.append(message.get("status") or json.loads(message["body"])["code"])

        for _ in range(COMING + 1):
            await app(scope(len(LARGE)), out_of_reach(), tell)
        await app(scope(len(LARGE)), coming(*parts(LARGE)), send)
        return told, inside.bodies

    told, bodies = done(crowd())
    assert told == [408, "cut_off"] * (COMING + 1)
    assert bodies == [LARGE]


def test_memory_is_given_back_once_the_last_of_many_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []

    async def crowd() -> int:
        inside = Inside()
        app = FilesInTurn(inside)
        monkeypatch.setattr(in_turn, "give_back_memory", lambda: given.append(len(inside.bodies)))
        uploads = [asyncio.create_task(app(scope(len(LARGE)), coming(*parts(LARGE)), send)) for _ in range(2 * AT_ONCE)]
        while len(inside.bodies) < AT_ONCE:
            await asyncio.sleep(0)
        inside.go.set()
        await asyncio.gather(*uploads)
        return len(inside.bodies)

    assert [done(crowd())] == given == [2 * AT_ONCE]
