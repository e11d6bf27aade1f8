"""The answer to an error that nobody expected: where it is an outage, that, and that it will pass.

It asks neither database nor session: either may be what is away.
"""

import errno
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from colorizer import words
from colorizer.api import problems
from colorizer.api.middleware import PREFIX

STATUS = {"away": 503, "no_room": 507, "internal": 500}
RETRY_AFTER = {"away": "30"}
_FULL = (errno.ENOSPC, errno.EDQUOT)
_STORES = ("botocore", "boto3", "s3transfer", "urllib3", "colorizer.stores")


def server_error(request: HttpRequest) -> HttpResponse:
    """For pages a page, for scripts JSON with `code` and `message`, for the API a problem (RFC 9457)."""
    code = code_of(sys.exc_info()[1])
    sentence, advice = words.say(code)
    response: HttpResponse
    if request.path_info.startswith(PREFIX):
        response = problems.answer(request, problems.Problem(STATUS[code], code, f"{sentence} {advice}"))
    elif "application/json" in request.headers.get("Accept", ""):
        response = JsonResponse({"code": code, "message": f"{sentence} {advice}"}, status=STATUS[code])
    else:
        how = {"code": code, "sentence": sentence, "advice": advice}
        response = HttpResponse(render_to_string("500.html", how), status=STATUS[code])
    if code in RETRY_AFTER:
        response["Retry-After"] = RETRY_AFTER[code]
    return response


def code_of(error: BaseException | None) -> str:
    """What the error is to the family: "away", "no_room", or "internal"."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return "no_room"
        if isinstance(error, (OperationalError, InterfaceError)):
            return "no_room" if "disk is full" in str(error) else "away"
        if type(error).__module__.startswith(_STORES) or isinstance(error, (ConnectionError, TimeoutError)):
            return "away"
        error = error.__cause__ or error.__context__
    return "internal"
