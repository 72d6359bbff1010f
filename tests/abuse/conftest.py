import pytest

from tests.abuse.world import build


@pytest.fixture
def world(now):
    return build(now=now, has_files=False)
