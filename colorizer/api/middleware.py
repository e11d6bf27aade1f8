"""What every answer under /api/ has in common, whoever gives it: the API, Django, or a middleware before it."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.utils.decorators import sync_and_async_middleware

from . import problems

PREFIX = "/api/"


@sync_and_async_middleware
def speak_to_programs(
    get_response: Callable[[HttpRequest], Any],
) -> Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]:
    """Every error is a problem (RFC 9457), and nothing is kept by caches but what says so itself."""
    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponseBase:
            return _finished(request, await get_response(request))

        return later

    def now(request: HttpRequest) -> HttpResponseBase:
        return _finished(request, get_response(request))

    return now


def _finished(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if not request.path_info.startswith(PREFIX):
        return response
    if response.status_code >= 400 and response.get("Content-Type") != problems.MEDIA_TYPE:
        with translation.override(translation.get_language_from_request(request)):
            response = problems.instead_of(request, response)
    response.headers.setdefault("Cache-Control", "no-store")
    return response
