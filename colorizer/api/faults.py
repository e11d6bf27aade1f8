"""How the exceptions of services, rights and parsing become problems."""

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from .. import limits, words
from ..asked import KINDS
from ..selectors import space
from ..services import coloring, intake
from .problems import Problem, answer

WORDS: Mapping[str, Promise] = {
    "missing": _("This is missing."),
    "extra_forbidden": _("There is no such field."),
    "string_type": _("This must be a text."),
    "string_too_long": _("This is longer than %(max_length)s characters."),
    "string_too_short": _("This is shorter than %(min_length)s characters."),
    "string_pattern_mismatch": _("This is blank, or has a character that cannot be kept."),
    "string_unicode": _("This has a character that cannot be kept."),
    "too_long": _("There are more than %(max_length)s."),
    "too_short": _("There are fewer than %(min_length)s."),
    "float_type": _("This must be a number."),
    "finite_number": _("This must be a number."),
    "list_type": _("This must be a list."),
    "int_parsing": _("This must be a whole number."),
    "int_type": _("This must be a whole number."),
    "greater_than_equal": _("This must be %(ge)s or more."),
    "less_than_equal": _("This must be %(le)s or less."),
    "bool_type": _("This must be true or false."),
    "uuid_parsing": _("This is not an id."),
    "uuid_type": _("This is not an id."),
    "literal_error": _("This must be one of: %(expected)s."),
}
"""What is said of a field, by pydantic's name for what is wrong with it."""


def register(api: NinjaAPI) -> None:
    """Tell ``api`` what to answer. What is not named here goes on to Django, which logs it."""
    for kind, say in _SAID.items():
        api.add_exception_handler(kind, partial(_answer, say=say))


def _answer(request: HttpRequest, error: Any, say: Callable[[Any], Problem]) -> HttpResponse:
    return answer(request, say(error))


def _invalid(error: ValidationError) -> Problem:
    return Problem(422, errors=[_field_error(each) for each in error.errors])


def _field_error(error: Mapping[str, Any]) -> dict[str, str]:
    source, *where = error["loc"]
    if source == "body":
        where = [part for part in where[1:] if part not in KINDS]  # without the name of our own parameter
    said = WORDS.get(error["type"], _("This is not valid."))
    context = error.get("ctx", {})
    return {"field": ".".join(map(str, where)) or source, "code": error["type"], "message": str(said) % context}


def _http(error: HttpError) -> Problem:
    """Ninja's own: a body that is no JSON, or one that our parser refused."""
    if isinstance(error.__cause__, Problem):
        return error.__cause__
    return Problem(400, "bad_json", _("The body is not JSON in UTF-8."))


def _refused(error: intake.Refused) -> Problem:
    tomorrow = space.this_morning() + timedelta(days=1)
    wait = {"Retry-After": str(math.ceil((tomorrow - timezone.now()).total_seconds()))}
    return Problem(error.status, error.code, error.message, headers=wait if error.status == 429 else {})


def _already_here(error: intake.AlreadyHere) -> Problem:
    return Problem(409, error.code, error.message, photo=str(error.photo.pk))


def _limited(error: limits.Limited) -> Problem:
    said = words.say("too_many_tries", wait=words.roughly(error.seconds))
    return Problem(429, "too_many_tries", " ".join(said), headers={"Retry-After": str(error.seconds)})


def _denied(error: PermissionDenied) -> Problem:
    return Problem(403, detail=str(error))


_SAID: dict[type[Exception], Callable[[Any], Problem]] = {
    Problem: lambda error: error,
    Http404: lambda error: Problem(404),
    PermissionDenied: _denied,
    ValidationError: _invalid,
    HttpError: _http,
    intake.Refused: _refused,
    intake.AlreadyHere: _already_here,
    words.Refusal: lambda error: Problem(409, error.code, error.message),
    coloring.NotDone: lambda error: Problem(409, "not_done", _("This version has no colours to show.")),
    limits.Limited: _limited,
    RequestDataTooBig: lambda error: Problem(413),
    SuspiciousOperation: lambda error: Problem(400),
    MultiPartParserError: lambda error: Problem(400, "bad_multipart", _("The body is not a whole multipart form.")),
    UnreadablePostError: lambda error: Problem(400, "cut_off", _("The request broke off.")),
}
