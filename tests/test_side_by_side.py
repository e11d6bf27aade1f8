"""Where tests run side by side, those that belong together do so in one process."""

import os

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="there is one process")
def test_a_test_is_known_by_its_group(request: pytest.FixtureRequest) -> None:
    """So pytest-xdist hands them out; without it each file's site and worker would be started in every process."""
    assert request.node.nodeid.endswith(f"@{request.path} alone")
