"""A limit on what a request may send, kept before Django writes the body to disk."""

import io
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import JsonResponse
from django.utils import translation

from colorizer import words

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[..., Awaitable[None]]

SLACK = 1_000_000
"""Bytes that a form may hold beside the largest photo."""


class BodyLimit:
    """Answers 413 to a body larger than the largest photo, having read it to its end without keeping any of it.

    To its end, since a browser that is cut short sees a broken connection, not the answer, and would try again.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self.most = settings.HEIRLOOM_MAX_FILE_MB * 1_000_000 + SLACK

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _declared(scope) <= self.most:
            return await self.app(scope, receive, send)
        while (message := await receive())["type"] == "http.request":
            if not message.get("more_body"):
                return await _refuse(scope, send)
        return None


def _declared(scope: Message) -> int:
    """What Content-Length says; a body that comes in chunks says nothing, and no page of ours sends one."""
    headers = dict(scope["headers"])
    if b"transfer-encoding" in headers:
        return 1 << 62
    length = headers.get(b"content-length", b"0")
    return int(length) if length.isdigit() else 0


async def _refuse(scope: Message, send: Send) -> None:
    response = await sync_to_async(_answer)(ASGIRequest(scope, io.BytesIO()))
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})


def _answer(request: ASGIRequest) -> JsonResponse:
    with translation.override(translation.get_language_from_request(request)):
        message = " ".join(words.say("too_many_bytes", limit=settings.HEIRLOOM_MAX_FILE_MB))
    response = JsonResponse({"code": "too_many_bytes", "message": message}, status=413)
    response["Content-Length"] = str(len(response.content))
    return response
