"""A limit on what a request may send, and who may send files at all, kept before anything writes the body to disk."""

import io
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError, connection
from django.http import JsonResponse
from django.urls import Resolver404, resolve
from django.utils import translation

from colorizer import words
from colorizer.api import problems
from colorizer.api.middleware import PREFIX

from .trouble import code_of

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[..., Awaitable[None]]

_STATUS = {"cut_off": 408, "too_many_bytes": 413, "no_room": 507}
SLACK = 1_000_000
"""Bytes that a form may hold beside the largest photo."""
TAKES_FILES = frozenset({"upload", "api:photos", "dataset_add", "model_upload"})
"""The names of the addresses to which files are sent."""
FORM_MB = 2
"""With the slack it is a little more than Django reads of a form without files."""


class BodyLimit:
    """Answers 413 to a body larger than its address takes, 507 to one that the disk has no room for, 408 to half a one.

    Where files are sent that is the largest photo, elsewhere no more than a form. Of someone who is not signed in a
    file goes no further than here: Django is given the request without its body, and answers as it would have. What is
    refused is read to its end without keeping any more of it: a browser that is cut short sees a broken connection, not
    the answer, and would try again.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        exchange = _Exchange(receive, send)
        size = declared(scope) - SLACK
        if size > FORM_MB * 1_000_000:
            if size > (limit := _megabytes(scope)) * 1_000_000:
                return await _refuse(scope, exchange, "too_many_bytes", limit=limit)
            async with ThreadSensitiveContext():
                is_known = await sync_to_async(_is_known)(ASGIRequest(scope, io.BytesIO()))
            if not is_known:
                await exchange.read_to_end()
                return None if exchange.is_gone else await self.app(_without_body(scope), _nothing(exchange), send)
        try:
            return await self.app(scope, exchange.receive, exchange.send)
        except TimeoutError:
            if exchange.is_answered:
                raise
            return await _answer(scope, exchange, "cut_off")
        except OSError as error:
            # Django writes the body to disk before it has a request that it could answer.
            if exchange.is_answered or code_of(error) != "no_room":
                raise
            return await _refuse(scope, exchange, "no_room")


class _Exchange:
    """A request and its answer on their way: has all of the one come, has the other begun?"""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.has_come = self.is_gone = self.is_answered = False

    async def read_to_end(self) -> None:
        while not self.has_come:
            await self.receive()

    async def receive(self) -> Message:
        message = await self._receive()
        self.is_gone = message["type"] != "http.request"
        self.has_come = self.has_come or self.is_gone or not message.get("more_body")
        return message

    async def send(self, message: Message) -> None:
        self.is_answered = True
        await self._send(message)


def declared(scope: Message) -> int:
    """What Content-Length says; a body that comes in chunks says nothing, and no page of ours sends one."""
    headers = dict(scope["headers"])
    if b"transfer-encoding" in headers:
        return 1 << 62
    length = headers.get(b"content-length", b"0")
    return int(length) if length.isdigit() else 0


def _megabytes(scope: Message) -> int:
    """How large a file the address of ``scope`` takes."""
    try:
        takes_files = resolve(ASGIRequest(scope, io.BytesIO()).path_info).view_name in TAKES_FILES
    except Resolver404:
        takes_files = False
    return settings.HEIRLOOM_MAX_FILE_MB if takes_files else FORM_MB


def _is_known(request: ASGIRequest) -> bool:
    """Whether someone who is signed in, or a program with a token, sends this. What else it takes Django finds out."""
    # There are no models yet where this file is loaded.
    from colorizer.api import caller
    from colorizer.services import tokens
    from colorizer.sessions import SessionStore

    try:
        if request.path_info.startswith(PREFIX):
            return bool(tokens.recognise(caller.secret_of(request)))
        return SESSION_KEY in SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    except (tokens.Unknown, tokens.Expired):
        return False
    except DatabaseError:
        return True  # which Django has an answer to
    finally:
        connection.close()


def _without_body(scope: Message) -> Message:
    said = (b"content-length", b"transfer-encoding")
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name not in said]}


def _nothing(exchange: _Exchange) -> Receive:
    """An empty body, after one that was read to its end."""
    coming = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        return next(coming, None) or await exchange.receive()

    return receive


async def _refuse(scope: Message, exchange: _Exchange, code: str, **details: object) -> None:
    await exchange.read_to_end()
    if not exchange.is_gone:
        await _answer(scope, exchange, code, **details)


async def _answer(scope: Message, exchange: _Exchange, code: str, **details: object) -> None:
    response = await sync_to_async(_in_words)(ASGIRequest(scope, io.BytesIO()), code, details)
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    if not exchange.has_come:
        headers.append((b"connection", b"close"))
    await exchange.send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await exchange.send({"type": "http.response.body", "body": response.content})


def _in_words(request: ASGIRequest, code: str, details: dict[str, object]) -> JsonResponse:
    with translation.override(translation.get_language_from_request(request)):
        message = " ".join(words.say(code, **details))
        problem = problems.answer(request, problems.Problem(_STATUS[code], code, message))
    if request.path_info.startswith(PREFIX):
        response = problem
    else:
        response = JsonResponse({"code": code, "message": message}, status=_STATUS[code])
    response["Content-Length"] = str(len(response.content))
    return response
