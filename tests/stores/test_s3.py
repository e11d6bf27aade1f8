"""S3 as the site uses it: closed to strangers, given up in seconds where it is away, and whole again after a fault."""

import time
import urllib.error
import urllib.request
from contextlib import closing
from typing import Any

import pytest
from botocore.loaders import Loader
from django.conf import settings
from django.core.files import File
from django.core.files.base import ContentFile

from colorizer import storage
from colorizer.stores import Unavailable
from colorizer.stores.objects import OfS3Alone
from tests.conftest import on_servers_alone, store_at
from tests.proxy import Fault, Proxy
from tests.servers import BUCKET

pytestmark = on_servers_alone
SMALL = b"an old box of photos"
LARGE = b"photo" * 5_000_000


@pytest.fixture
def store(proxy: Proxy) -> Any:
    return store_at(proxy.url)


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


# --- Closed to strangers ------------------------------------------------------------------------------------------


def test_a_file_is_had_with_a_signature_alone_and_only_while_it_lasts(key: str) -> None:
    server = settings.SERVERS.store
    storage.results().save(key, ContentFile(SMALL))
    address = f"{server.url}/{BUCKET}/results/{key}"
    assert status(address) == 403

    public = store_at(server.url, public_endpoint=server.url, querystring_expire=2)
    link = public.public_url(key, content_type="image/jpeg", disposition="inline")
    assert link.startswith(address)
    with urllib.request.urlopen(link) as answer:
        assert answer.read() == SMALL
        assert answer.headers["Content-Type"] == "image/jpeg"
    assert status(link.replace(key, key.replace("lake", "farm"))) == 403
    time.sleep(3.1)  # the one thing to wait for is the clock
    assert status(link) == 403


def test_another_key_opens_nothing(key: str) -> None:
    storage.results().save(key, ContentFile(SMALL))
    with pytest.raises(Unavailable, match="403"):
        store_at(settings.SERVERS.store.url, secret_key="guessed").size(key)


# --- Away ---------------------------------------------------------------------------------------------------------


def test_a_store_that_nobody_reaches_is_given_up_within_seconds(store: Any, proxy: Proxy, key: str) -> None:
    store.save(key, ContentFile(SMALL))
    proxy.refuse()
    for act in (
        lambda: store.part(key),
        lambda: store.size(key),
        lambda: store.open(key),
        lambda: store.save(f"{key}2", ContentFile(SMALL)),
        lambda: store.replace(key, ContentFile(LARGE)),
        lambda: store.delete(key),
        lambda: list(store.files(key)),
    ):
        began = time.monotonic()
        with pytest.raises(Unavailable):
            act()
        assert time.monotonic() - began < 6
    proxy.accept()
    assert store.size(key) == len(SMALL)


def test_an_error_now_and_then_is_tried_again(store: Any, proxy: Proxy, key: str) -> None:
    proxy.fault = lambda request: Fault(status=500) if len(proxy.requests) % 2 else None
    store.save(key, ContentFile(SMALL))
    assert store.size(key) == len(SMALL)
    with closing(store.part(key)) as part:
        assert b"".join(part) == SMALL


def test_a_write_whose_answer_is_lost_is_known_to_be_ours(store: Any, proxy: Proxy, key: str) -> None:
    """The client tries again and is told that the file is there: it is, and the upload was not in vain."""
    lost: list[str] = []

    def lose_first(request: str) -> Fault | None:
        if request.startswith("PUT") and not lost:
            lost.append(request)
            return Fault(answer_lost=True)
        return None

    proxy.fault = lose_first
    assert store.save(key, ContentFile(SMALL)) == key
    assert [request.split()[0] for request in proxy.requests].count("PUT") == 2
    assert store.size(key) == len(SMALL)


@pytest.mark.parametrize(
    "fault", [Fault(status=500), Fault(cut_after=1_000_000)], ids=["an error", "a connection that ends"]
)
def test_a_write_in_pieces_that_breaks_off_leaves_nothing(store: Any, proxy: Proxy, key: str, fault: Fault) -> None:
    store.save(f"{key}.before", ContentFile(SMALL))
    proxy.fault = lambda request: fault if "partNumber=2" in request else None
    with pytest.raises(Unavailable):
        store.save(key, ContentFile(LARGE))
    assert [file.key for file in store.files(key)] == [f"{key}.before"]
    assert not [half for half in store.half_written() if half.key == key]


def test_pieces_that_nobody_could_take_back_are_found_and_forgotten(store: Any, proxy: Proxy, key: str) -> None:
    def lose_the_rest(request: str) -> Fault | None:
        return Fault(status=500) if "partNumber=2" in request or request.startswith("DELETE") else None

    proxy.fault = lose_the_rest
    with pytest.raises(Unavailable):
        store.save(key, ContentFile(LARGE))
    proxy.fault = lambda request: None
    (half,) = [half for half in store.half_written() if half.key == key]
    assert not store.exists(key)
    store.forget(half)
    store.forget(half)  # of two who do so, neither minds
    assert not [half for half in store.half_written() if half.key == key]


def test_a_reading_that_breaks_off_goes_on_where_it_was(store: Any, proxy: Proxy, key: str) -> None:
    store.save(key, ContentFile(LARGE))
    with closing(store.part(key)) as part:
        read = next(part)
        proxy.cut()
        read += b"".join(part)
    assert read == LARGE
    assert sum(request.startswith("GET") for request in proxy.requests) == 2


def test_a_reading_does_not_go_on_in_another_file(store: Any, proxy: Proxy, key: str) -> None:
    store.save(key, ContentFile(LARGE))
    with closing(store.part(key)) as part:
        next(part)
        store.replace(key, ContentFile(LARGE[::-1]))
        proxy.cut()
        with pytest.raises(Unavailable):
            b"".join(part)


def test_an_upload_of_a_file_from_disk_is_read_piece_by_piece(store: Any, key: str, tmp_path: Any) -> None:
    path = tmp_path / "large"
    path.write_bytes(LARGE)
    with path.open("rb") as source:
        store.save(key, File(source))
    assert store.size(key) == len(LARGE)


# --- In little memory ---------------------------------------------------------------------------------------------


def test_of_what_botocore_brings_along_a_client_holds_what_s3_needs() -> None:
    lean, whole = Loader(file_loader=OfS3Alone()), Loader()
    regions = [partition["services"].keys() for partition in lean.load_data("endpoints")["partitions"]]
    assert all(services == {"s3"} for services in regions)
    described, told = (loader.load_service_model("s3", "service-2") for loader in (lean, whole))
    assert described["shapes"].keys() == told["shapes"].keys()
    assert len(str(described)) < len(str(told)) / 2


def test_amazons_own_service_is_found_by_its_region() -> None:
    amazon = store_at("", endpoint_url=None, region_name="eu-central-1")
    link = amazon.client.generate_presigned_url("get_object", Params={"Bucket": "album", "Key": "lake.jpg"})
    assert link.startswith("https://s3.eu-central-1.amazonaws.com/album/lake.jpg?")
