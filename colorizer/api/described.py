"""The API's description (OpenAPI 3.1): what each operation may answer beside its success, said once."""

from http import HTTPStatus
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from .caller import Bearer
from .problems import MEDIA_TYPE
from .schemas import ProblemOut

ALWAYS = (400, 429, 500, 503, 507)
"""What can come of any request: a bad header, haste, a fault of ours, a database that is away, a disk that is full."""

DESCRIPTION = """
A family's photos, for programs: upload a black-and-white photo, wait, fetch it in colour.

Every request carries `Authorization: Bearer TOKEN`. A token belongs to one family, has the scopes `read`, `write` or
`share`, expires, and never may do more than the one who made it may do at that moment. What another family has is
answered as if it did not exist. Errors are problem details (RFC 9457); their words come in the language that
`Accept-Language` asks for, English or German, and their `code` stays the same.
"""


def fails(*statuses: int, **more: Any) -> dict[str, Any]:
    """For ``openapi_extra``: the problems that an operation may answer beside those that any may."""
    return {"responses": {status: _problem(status) for status in statuses}, **more}


def gives_file(*statuses: int) -> dict[str, Any]:
    """For ``openapi_extra``: an operation that answers with a file, or a part of it, or says that one has it."""
    content = {"content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}
    headers = {
        "ETag": {
            "schema": {"type": "string"},
            "description": "Send it as If-None-Match to get 304 where it is the same.",
        },
        "Accept-Ranges": {"schema": {"type": "string"}},
    }
    return {
        "responses": {
            200: {"description": "The whole file.", "headers": headers, **content},
            206: {"description": "The part that the header Range asks for.", "headers": headers, **content},
            302: {"description": "Where the store is reached itself: a short-lived link. Follow it without the token."},
            304: {"description": "The file is the one whose ETag If-None-Match names."},
            **{status: _problem(status) for status in (404, 416, *statuses)},
        },
        "parameters": [
            {"in": "header", "name": name, "required": False, "schema": {"type": "string"}, "description": why}
            for name, why in (
                ("Range", "A part: bytes=FIRST-LAST."),
                ("If-None-Match", "The ETag of the file that is there already."),
            )
        ],
    }


class DescribedAPI(NinjaAPI):
    """Ninja's own, with our problems in it."""

    _described: OpenAPISchema | None = None

    def get_openapi_schema(self, **kwargs: Any) -> OpenAPISchema:
        if self._described is None:
            self._described = self._describe(super().get_openapi_schema(**kwargs))
        return self._described

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return operation.view_func.__name__

    def _describe(self, schema: OpenAPISchema) -> OpenAPISchema:
        scopes = self._scopes()
        for methods in schema["paths"].values():
            methods.pop("head", None)
            for operation in methods.values():
                operation["responses"] |= {status: _problem(status) for status in ALWAYS}
                if "security" in operation:
                    operation["responses"] |= {status: _problem(status) for status in (401, 403)}
                    operation["security"] = [{"Bearer": scopes[operation["operationId"]]}]
                operation["responses"] = {
                    str(status): operation["responses"][status] for status in sorted(operation["responses"])
                }
        schema["components"]["schemas"]["Problem"] = ProblemOut.json_schema() | {"title": "Problem"}
        problem = schema["components"]["schemas"]["Problem"]
        schema["components"]["schemas"] |= problem.pop("$defs", {})
        _point_to_components(problem)
        return schema

    def _scopes(self) -> dict[str, list[str]]:
        return {
            operation.operation_id or self.get_openapi_operation_id(operation): [
                auth.scope.value for auth in operation.auth_callbacks if isinstance(auth, Bearer) and auth.scope
            ]
            for router in self._get_bound_routers()
            for view in router.path_operations.values()
            for operation in view.operations
        }


def _point_to_components(schema: Any) -> None:
    if isinstance(schema, dict):
        if "$ref" in schema:
            schema["$ref"] = schema["$ref"].replace("#/$defs/", "#/components/schemas/")
        for value in schema.values():
            _point_to_components(value)
    elif isinstance(schema, list):
        for value in schema:
            _point_to_components(value)


def _problem(status: int) -> dict[str, Any]:
    said: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if header := {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}.get(status):
        said["headers"] = {header: {"schema": {"type": "string"}}}
    return said
