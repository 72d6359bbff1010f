"""A longer walk, by `make walk SEED=7 WALKS=200`; not part of `make test`."""

import os

import pytest

from tests.walks.machine import walk

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_long_walk():
    report = walk(
        first=int(os.environ.get("WALK_SEED", "1")),
        examples=int(os.environ.get("WALK_EXAMPLES", "100")),
        steps=int(os.environ.get("WALK_STEPS", "30")),
    )
    print(report)
    assert report.faults == {}
