"""Photos given out of an S3 store: by as few requests as can be, or by a link to the store itself."""

import urllib.request
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from colorizer import storage
from colorizer.models import Photo, User
from tests.conftest import on_servers_alone, store_at
from tests.proxy import Proxy
from tests.views.conftest import SignIn

pytestmark = on_servers_alone


def test_a_photo_is_given_out_by_one_request_to_the_store(
    as_viewer: Client, photo: Photo, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "results", lambda: store_at(proxy.url))
    address = reverse("photo_file", args=[photo.pk, "grey-480"])
    for headers in ({}, {"Range": "bytes=2-5"}):
        before = len(proxy.requests)
        answer = as_viewer.get(address, headers=headers)
        assert answer.getvalue()
        assert len(proxy.requests) - before == 1
    before = len(proxy.requests)
    assert as_viewer.get(address, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert len(proxy.requests) == before


def test_an_album_is_packed_with_one_request_a_photo(
    as_viewer: Client, photo: Photo, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "results", lambda: store_at(proxy.url))
    assert as_viewer.get(reverse("album_download", args=[photo.album_id])).getvalue()
    assert [request.split()[0] for request in proxy.requests] == ["GET"]


def test_with_a_public_address_a_browser_is_led_to_the_store_itself(
    as_viewer: Client, photo: Photo, sign_in: SignIn, stranger: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = settings.SERVERS.store
    monkeypatch.setattr(storage, "originals", lambda: public_originals(server.url))
    address = reverse("photo_file", args=[photo.pk, "original"])
    answer = as_viewer.get(f"{address}?download=1")
    assert answer.status_code == 302
    assert answer["Cache-Control"] == "private, no-store"
    with urllib.request.urlopen(answer["Location"]) as file:
        assert len(file.read()) == photo.original.size
        assert file.headers["Content-Disposition"] == 'attachment; filename="farm.jpg"'
    kept = as_viewer.get(f"{address}?v={photo.pk}")
    assert kept["Cache-Control"] == "private, max-age=120"
    assert sign_in(stranger).get(address).status_code == 404
    head = as_viewer.head(address)
    assert (head.status_code, head["Content-Length"]) == (200, str(photo.original.size))


def public_originals(endpoint: str) -> Any:
    return store_at(endpoint, **settings.STORAGES["originals"]["OPTIONS"] | {"public_endpoint": endpoint})
