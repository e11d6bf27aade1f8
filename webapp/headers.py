"""What every answer tells the browser beside Django's own headers and the CSP."""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

POWERS = ("camera", "microphone", "geolocation", "display-capture", "payment", "usb", "serial", "midi")
"""What no page of ours ever needs. A phone's file picker may still take a photo."""
PERMISSIONS = ", ".join(f"{power}=()" for power in POWERS)


@sync_and_async_middleware
def headers(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    if iscoroutinefunction(get_response):
        answer: Callable[[HttpRequest], Awaitable[HttpResponseBase]] = get_response

        async def in_time(request: HttpRequest) -> HttpResponseBase:
            return guarded(request, await answer(request))

        return in_time
    return lambda request: guarded(request, get_response(request))


def guarded(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    response.setdefault("Permissions-Policy", PERMISSIONS)
    # No page of another site can show, or measure, a photo of ours.
    response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    if response.get("Content-Type", "").startswith("text/html"):
        # What a page shows is for who asked, and to be asked for again: nothing in between may keep it.
        response.setdefault("Cache-Control", "private, no-cache")
    if _leaves(request):
        # Photos are kept by the browser for a year; on a shared machine the next person would find them.
        response["Clear-Site-Data"] = '"cache"'
    return response


def _leaves(request: HttpRequest) -> bool:
    match = request.resolver_match
    return request.method == "POST" and match is not None and match.url_name in {"account_logout", "account_delete"}
