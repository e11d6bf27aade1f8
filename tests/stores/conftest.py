"""Keys of a test's own."""

from uuid import uuid4

import pytest


@pytest.fixture
def key() -> str:
    return f"tests/{uuid4()}/lake.jpg"
