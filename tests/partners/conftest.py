"""What most tests of partners begin with."""

import pytest

from tests.factories import make_agenda, make_opening, make_reason
from tests.partners.receiver import Receiver


@pytest.fixture
def agenda():
    """An agenda with one visit reason, open in the mornings."""
    agenda = make_agenda()
    make_opening(agenda, make_reason(agenda))
    return agenda


@pytest.fixture
def receiver(tmp_path, settings):
    """A server of a vendor's or of a calendar's, which may be called although it is ours."""
    receiver = Receiver(tmp_path)
    settings.OUTGOING_CA_FILE = receiver.ca_file
    settings.OUTGOING_MAY_REACH = ["127.0.0.1/32", "::1/128"]
    yield receiver
    receiver.close()
