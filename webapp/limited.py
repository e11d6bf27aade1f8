"""Too many tries: which account pages count theirs, and what the one who tried too often is answered."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from colorizer import limits, words


class Count(NamedTuple):
    """What a form counts: ``of`` names whose tries these are."""

    of: Callable[[HttpRequest], str]
    rate: str


def _user(request: HttpRequest) -> str:
    return str(request.user.pk) if request.user.is_authenticated else limits.client(request)


def _address(request: HttpRequest) -> str:
    return request.POST.get("email", "")[:254]


FORMS: dict[str, tuple[Count, ...]] = {
    "account_signup": (Count(limits.client, "60/h"),),
    "account_reset_password": (Count(limits.client, "30/h"), Count(_address, "5/h")),
    "account_reset_password_from_key": (Count(limits.client, "60/h"),),
    "account_email": (Count(_user, "20/h"),),
    "account_change_password": (Count(_user, "20/h"),),
}
"""The forms that allauth's views take, by the name of their address. Signing in counts in `sign_in`."""


class LimitMiddleware(MiddlewareMixin):
    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        name = request.resolver_match.url_name if request.resolver_match else None
        try:
            for number, count in enumerate(FORMS.get(name or "", ()) if request.method == "POST" else ()):
                limits.take(f"{name} {number}", count.of(request), count.rate)
        except limits.Limited as limited:
            return answer(request, limited)
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return answer(request, exception) if isinstance(exception, limits.Limited) else None


def answer(request: HttpRequest, limited: limits.Limited) -> HttpResponse:
    """429: a page, or JSON for a script that asks for it; both say how long to wait."""
    sentence, advice = words.say("too_many_tries", wait=words.roughly(limited.seconds))
    headers = {"Retry-After": str(limited.seconds), "Cache-Control": "no-store"}
    if request.headers.get("Accept") == "application/json":
        message = f"{sentence} {advice}"
        return JsonResponse({"code": "too_many_tries", "message": message}, status=429, headers=headers)
    response = render(request, "429.html", {"sentence": sentence, "advice": advice}, status=429)
    for name, value in headers.items():
        response[name] = value
    return response
