"""PostgreSQL under many readers: open pages hold no connection, and more at once than connections are all answered."""

import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from colorizer.models import Album, Family, Role
from tests.conftest import member, on_servers_alone
from tests.views.conftest import WEB
from tests.views.test_events import Stream
from webapp.database import MOST_CONNECTIONS

pytestmark = on_servers_alone
MANY = 2 * MOST_CONNECTIONS


@pytest.fixture
def album(web: int) -> Album:
    return Album.objects.create(family=Family.objects.create(name="Lindqvist"), title="The lake")


@pytest.fixture
def open_pages(web: int, album: Album) -> Iterator[list[Stream]]:
    reader = member(album.family, Role.VIEWER)
    pages = [Stream(web, reader, album) for _ in range(MANY)]
    for page in pages:
        page.until_it_is_open()
    yield pages
    for page in pages:
        page.answer.close()
        page.connection.close()


def connections_of_web() -> list[str]:
    """The states of the connections that the web process has to the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT state FROM pg_stat_activity WHERE application_name = %s", [WEB])
        return [state for (state,) in cursor.fetchall()]


def test_pages_that_are_open_share_a_few_connections_and_all_others_are_answered(
    web: int, album: Album, open_pages: list[Stream]
) -> None:
    browser = Client()
    browser.force_login(member(album.family, Role.EDITOR))
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.session.session_key}"
    address = f"http://127.0.0.1:{web}{reverse('changes')}?album={album.pk}"

    def look(_: int) -> int:
        request = urllib.request.Request(address, headers={"Cookie": cookie})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)

    most = 0
    with ThreadPoolExecutor(MANY) as pool:
        answers = [pool.submit(look, number) for number in range(3 * MANY)]
        while wait(answers, timeout=0.02).not_done:
            most = max(most, len(connections_of_web()))
    assert {answer.result() for answer in answers} == {200}
    assert 1 <= most <= MOST_CONNECTIONS
    assert "idle in transaction" not in connections_of_web()
