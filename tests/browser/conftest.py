"""A real browser before the real site. What it complains of, and every request to another host, fails the test."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect

from colorizer.models import Family, Role, User
from tests.conftest import Stack, member

CHROMIUM = shutil.which("chromium")
PATIENCE = 40_000
"""Milliseconds: a busy machine colours slowly."""

# Playwright runs an event loop in this thread; Django would refuse the database here.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM:
                item.add_marker(pytest.mark.skip(reason="Chromium is not installed: apt-get install chromium"))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": CHROMIUM, "args": ["--no-sandbox", "--disable-dev-shm-usage"]}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    return {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"}


class Complaints(list[str]):
    """What the browser's console says, and requests to other hosts."""

    def provoked(self, part: str) -> None:
        """Those with ``part`` in them are the test's own doing; there must be one."""
        others = [said for said in self if part not in said]
        assert len(others) < len(self), (part, self)
        self[:] = others


@pytest.fixture
def complaints(context: BrowserContext, live_stack: Stack) -> Iterator[Complaints]:
    found = Complaints()
    context.set_default_timeout(PATIENCE)
    context.on("console", lambda said: found.append(said.text) if said.type in ("error", "warning") else None)
    context.on("weberror", lambda error: found.append(str(error.error)))
    context.on("request", lambda asked: found.append(asked.url) if not _is_ours(asked.url, live_stack) else None)
    yield found
    assert found == []


def _is_ours(url: str, stack: Stack) -> bool:
    return url.startswith((f"{stack.url}/", "data:", "blob:"))


@pytest.fixture
def visitor(page: Page, complaints: Complaints) -> Page:
    """A page that nobody is signed in to."""
    return page


@pytest.fixture
def family_owner(live_stack: Stack) -> User:
    return member(Family.objects.create(name="Lindqvist"), Role.OWNER)


@pytest.fixture
def enter(context: BrowserContext, live_stack: Stack) -> Callable[[User], None]:
    """Sign in without the form."""

    def enter(user: User) -> None:
        client = Client()
        client.force_login(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_stack.url}])

    return enter
