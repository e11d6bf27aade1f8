from django.http import HttpRequest
from django.utils.http import urlencode

from .schemas import Paging


def next_page(request: HttpRequest, paging: Paging, total: int) -> str | None:
    """The address of the page after this one, where there is one."""
    offset = paging.offset + paging.limit
    return f"{request.path}?{urlencode({'limit': paging.limit, 'offset': offset})}" if offset < total else None
