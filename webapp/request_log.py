"""One line for each request: which page, how it ended, how long it took. Never its address, which may hold a token."""

import logging
import time
from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from .logs import route

logger = logging.getLogger(__name__)
QUIET = ("/healthz", "/readyz", "/metrics")
"""What machines ask every few seconds is written down only where it fails."""

Sync = Callable[[HttpRequest], HttpResponseBase]
Async = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def request_log(get_response: Sync | Async) -> Sync | Async:
    if iscoroutinefunction(get_response):

        async def answer_later(request: HttpRequest) -> HttpResponseBase:
            began = time.monotonic()
            response: HttpResponseBase = await get_response(request)
            return _note(request, response, time.monotonic() - began)

        return answer_later

    def answer(request: HttpRequest) -> HttpResponseBase:
        began = time.monotonic()
        response = get_response(request)
        assert isinstance(response, HttpResponseBase)  # noqa: S101 - for the type checker
        return _note(request, response, time.monotonic() - began)

    return answer


def _note(request: HttpRequest, response: HttpResponseBase, seconds: float) -> HttpResponseBase:
    is_static = request.path.startswith(settings.STATIC_URL)
    quiet = (is_static or request.path in QUIET) and response.status_code < 400
    what = {
        "method": request.method,
        "route": "(a static file)" if is_static else route(request),
        "status": response.status_code,
        "seconds": round(seconds, 3),
    }
    logger.log(
        logging.DEBUG if quiet else logging.INFO, "%(method)s %(route)s %(status)s in %(seconds)s s", what, extra=what
    )
    return response
