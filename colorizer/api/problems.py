"""What went wrong, for programs and those who write them: RFC 9457 problem details, in the reader's language."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.encoding import escape_uri_path
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:heirloom:problem:"

TITLES: Mapping[int, Promise] = {
    400: _("This request cannot be understood."),
    401: _("This takes a token."),
    403: _("This token may not do that."),
    404: _("There is nothing here."),
    405: _("This cannot be done here."),
    408: _("This did not come to its end."),
    409: _("This does not fit what is there."),
    413: _("This is too large."),
    415: _("This kind of content is not taken."),
    416: _("This part is not there."),
    422: _("Something in this request is not valid."),
    429: _("Too many requests."),
    500: _("Something went wrong on our side."),
    503: _("Heirloom cannot do this at the moment."),
    507: _("There is no room."),
}

GENERAL: Mapping[int, tuple[str, Promise]] = {
    400: ("bad_request", _("Check the address, the headers and the form of the body.")),
    401: ("token_missing", _("Send “Authorization: Bearer TOKEN”. A family makes tokens on its page.")),
    403: ("not_allowed", _("Its maker may do less in this family than this asks for.")),
    404: ("not_found", _("Nothing is at this address, or nothing that this token may see.")),
    405: ("method_not_allowed", _("The header Allow says what can be done at this address.")),
    408: ("cut_off", _("Send it again.")),
    409: ("conflict", _("Look at it again, then decide.")),
    413: ("too_large", _("Send less at once.")),
    415: ("media_type", _("See the API's description for the kinds that are.")),
    416: ("range", _("The header Content-Range says how large the file is.")),
    422: ("invalid", _("See “errors” for each field.")),
    429: ("too_many_tries", _("Wait as long as the header Retry-After says.")),
    500: ("internal", _("It is written down in the log. Try again later.")),
    503: ("away", _("Try again in a few seconds.")),
    507: ("no_room", _("Ask whoever looks after Heirloom to make room.")),
}
"""What is said of a status where nobody knows more."""


class Problem(Exception):
    """A request that ends in `status`, for the reason that ``code`` names and ``detail`` says in words.

    ``more``: members of its own, such as the photo that is here already.
    """

    def __init__(
        self,
        status: int,
        code: str = "",
        detail: str | Promise = "",
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, str]] = (),
        **more: str,
    ) -> None:
        super().__init__(code or status)
        self.status = status
        self.code = code or GENERAL[status][0]
        self.detail = detail or GENERAL[status][1]
        self.headers = dict(headers or {})
        self.errors = list(errors)
        self.more = more


def answer(request: HttpRequest, problem: Problem) -> JsonResponse:
    body: dict[str, Any] = {
        "type": TYPE + problem.code,
        "title": str(TITLES[problem.status]),
        "status": problem.status,
        "detail": str(problem.detail),
        "instance": escape_uri_path(request.path),
        "code": problem.code,
    }
    if problem.errors:
        body["errors"] = problem.errors
    return JsonResponse(body | problem.more, status=problem.status, headers=problem.headers, content_type=MEDIA_TYPE)


def instead_of(request: HttpRequest, response: HttpResponseBase) -> JsonResponse:
    """``response``, an error that something before or behind the API answered with, said as a problem.

    Its headers stay: Allow, Retry-After, Content-Range.
    """
    status = response.status_code if response.status_code in GENERAL else 500 if response.status_code > 499 else 400
    problem = answer(request, Problem(status))
    for name, value in response.items():
        if name.lower() not in {"content-type", "content-length", "content-disposition", "etag"}:
            problem[name] = value
    return problem
