"""The API keeps the word of its own description: whatever is sent, no answer comes that it does not name."""

import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.config import ProjectsConfig, SchemathesisConfig

from colorizer.api import caller
from colorizer.models import Album, Coloring, Family, KeptColour, Photo, Share, User
from colorizer.services import colours, sharing, trash
from tests.api.conftest import token_of
from tests.files import HEIC, picture
from tests.views.conftest import make_photo

FITTING = ("2xx", "3xx", "401", "403", "404", "409", "429", "5xx")
CONFIG = SchemathesisConfig(
    seed=1931,
    projects=ProjectsConfig.from_dict(
        # A parameter that an address does not know is overlooked, as everywhere on the web.
        {
            "generation": {"deterministic": True, "max-examples": 6, "allow-extra-parameters": False},
            # How long a file is no description can know: a part beyond its end is asked for rightly, and is not there.
            "checks": {"positive_data_acceptance": {"expected-statuses": [*FITTING, "416"]}},
        }
    ),
)
SCHEMA = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application(), config=CONFIG)

for kind, format in (("image/jpeg", "JPEG"), ("image/png", "PNG"), ("image/webp", "WEBP"), ("image/tiff", "TIFF")):
    shades = st.integers(0, 255)
    schemathesis.openapi.media_type(kind, shades.map(lambda shade, format=format: picture(format, shade=shade)))
schemathesis.openapi.media_type("image/heic", st.just(HEIC.read_bytes()))


@pytest.fixture
def one_connection() -> Iterator[None]:
    """The server would close its connection after each request, and the test's own transaction with it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def world(
    one_connection: None, family: Family, album: Album, owner: User, monkeypatch: pytest.MonkeyPatch
) -> dict[str, list[UUID]]:
    """Things of every kind and state, for addresses to be about."""
    monkeypatch.setattr(caller, "RATE", "1000000/s")
    monkeypatch.setattr(caller, "UNKNOWN_RATE", "1000000/s")
    photos = [make_photo(album, shade=1), make_photo(album, shade=2, coloured=False), make_photo(album, shade=3)]
    photos.append(make_photo(album, shade=4, coloured=False, state=Photo.State.ASKS))
    photos.append(make_photo(album, shade=5, coloured=False, state=Photo.State.REFUSED, refusal="truncated"))
    Coloring.objects.create(photo=photos[1])
    trash.delete_photo(photo=photos[2])
    gone = Album.objects.create(family=family, title="Gone")
    trash.delete_album(album=gone)
    sharing.create(by=owner, album=album, lasts=None)
    colours.keep(family=family, name="Uniform", colour="#6b6f52", by=owner)
    return {
        "colours": list(KeptColour.objects.values_list("pk", flat=True)),
        "albums": [album.pk, gone.pk],
        "photos": [photo.pk for photo in photos],
        "colorings": list(Coloring.objects.values_list("pk", flat=True)),
        "shares": list(Share.objects.values_list("pk", flat=True)),
    }


@pytest.fixture
def token(owner: User) -> str:
    return token_of(owner)


@SCHEMA.parametrize()
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_every_operation_answers_as_it_is_described(case: Any, world: dict[str, list[UUID]], token: str) -> None:
    if isinstance(case.body, dict) and (case.body.get("album") == "" or _lacks_ending(case.body.get("file"))):
        return  # the client that these tests send with leaves an empty part out, and knows no ending for TIFF or HEIC
    known = world.get(case.operation.path.split("/")[3], [])
    choice = random.Random(case.operation.label)
    if known and "pk" in case.path_parameters and choice.random() < 0.7 and _is_id(case.path_parameters["pk"]):
        case.path_parameters["pk"] = str(choice.choice(known))
    case.call_and_validate(headers={"Authorization": f"Bearer {token}"})


def _lacks_ending(file: Any) -> bool:
    begins = getattr(file, "data", file or b"")[:12]
    return begins[:4] == b"II*\x00" or begins[4:8] == b"ftyp"


def _is_id(said: Any) -> bool:
    try:
        UUID(str(said))
    except ValueError:
        return False
    return True
