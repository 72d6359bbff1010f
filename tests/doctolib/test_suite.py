"""What the suite counts on is so."""

import os

import pytest


@pytest.mark.xdist_group("suite")
def test_workers_keep_to_their_groups(request: pytest.FixtureRequest) -> None:
    """Roles belong to the whole server, and two browsers at once to no machine of two cores."""
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    assert request.node.nodeid.endswith("@suite") == is_worker
