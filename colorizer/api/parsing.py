from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from .problems import Problem


class StrictParser(Parser):
    """JSON where JSON is said to come: what a form of another site can send is no JSON."""

    def parse_body(self, request: HttpRequest) -> Any:
        if getattr(request, "content_type", None) != "application/json":
            raise Problem(415)
        return super().parse_body(request)
