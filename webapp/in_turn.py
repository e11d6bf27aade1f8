"""Requests that bring a file are answered a few at a time; those behind wait, some of them with their file on disk."""

from asyncio import Semaphore, timeout
from tempfile import TemporaryFile
from typing import IO

from django.conf import settings

from .body_limit import App, Message, Receive, Send, declared
from .memory import give_back_memory

AT_ONCE = 8
"""Each has a thread and a connection of its own; more of them would take memory, not time, from a few cores."""

COMING = 64
"""So many are received or wait on disk, of the largest file's size at most each. Of those behind nothing is read."""

QUIET = 60.0
"""Seconds without a byte after which a sender is gone: a phone out of reach takes no leave, and would keep its room."""

CHUNK = 256 * 1024


class FilesInTurn:
    """Around Django: a body too large for memory is received to its end first, then has its turn.

    So a slow line holds up no turn of others, unless very many are slow, and pages never wait here. Raises TimeoutError
    where a body stops coming: `BodyLimit` has an answer to that.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self.turns = Semaphore(AT_ONCE)
        self.room = Semaphore(COMING)
        self.under_way = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or declared(scope) <= settings.FILE_UPLOAD_MAX_MEMORY_SIZE:
            return await self.app(scope, receive, send)
        self.under_way += 1
        try:
            async with self.room:
                await self._received(scope, receive, send)
        finally:
            self.under_way -= 1
            if not self.under_way:
                give_back_memory()

    async def _received(self, scope: Message, receive: Receive, send: Send) -> None:
        with TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as body:
            if await _has_come(receive, body):
                body.seek(0)
                async with self.turns:
                    await self.app(scope, _again(body, receive), send)


async def _has_come(receive: Receive, body: IO[bytes]) -> bool:
    """Write what comes to ``body``, to its end. False where the sender leaves, TimeoutError where nothing comes."""
    while True:
        async with timeout(QUIET):
            message = await receive()
        if message["type"] != "http.request":
            return False
        body.write(message.get("body", b""))
        if not message.get("more_body"):
            return True


def _again(body: IO[bytes], receive: Receive) -> Receive:
    """Give ``body`` out as it came; after its end, what comes now: that the reader has gone."""
    is_over = False

    async def give() -> Message:
        nonlocal is_over
        if is_over:
            return await receive()
        chunk = body.read(CHUNK)
        is_over = len(chunk) < CHUNK
        return {"type": "http.request", "body": chunk, "more_body": not is_over}

    return give
