"""The API, put together."""

from django.urls import URLPattern, URLResolver

from . import about, albums, colorings, colours, faults, files, photos, shares
from .described import DESCRIPTION, DescribedAPI
from .parsing import StrictParser

api = DescribedAPI(
    title="Heirloom",
    version="1",
    description=DESCRIPTION.strip(),
    urls_namespace="api",
    docs_url=None,  # its page loads scripts from elsewhere; docs/api.md has examples
    parser=StrictParser(),
)
faults.register(api)
for noun in (about, albums, photos, colorings, colours, files, shares):
    api.add_router("", noun.router)


def _answer_head(api: DescribedAPI) -> None:
    """Whatever can be got can be asked about (RFC 9110, 9.3.2); the server leaves the body out."""
    for router in api._get_bound_routers():
        for view in router.path_operations.values():
            for operation in view.operations:
                if "GET" in operation.methods:
                    operation.methods.append("HEAD")


_answer_head(api)
urlpatterns: list[URLPattern | URLResolver]
urlpatterns, _namespace, _name = api.urls
app_name = "api"
