"""An id for each request: in every line that is written about it, and given back, so that a question can name it."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import uuid4

from . import logs

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
HEADER = b"x-request-id"
WELL_FORMED = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
"""What a proxy's own id may look like. Anything else could forge lines, and is replaced."""


class RequestId:
    """Around the whole application: takes a proxy's well-formed ``X-Request-ID``, else makes one."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        own = id_of(dict(scope["headers"]).get(HEADER, b""))
        logs.request_id.set(own)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), (HEADER, own.encode())]}
            await send(message)

        return await self.app(scope, receive, send_with_id)


def id_of(given: bytes) -> str:
    return given.decode() if WELL_FORMED.fullmatch(given) else uuid4().hex
