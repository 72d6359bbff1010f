"""Each kind of message has its letter, its templates and addresses to lead to."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import get_resolver

from booking.models import Message
from booking.models.message import MessageKind
from booking.outbox import kinds

TEMPLATES = Path(settings.PROJECT_DIR) / "templates/booking"
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def addresses():
    return set(get_resolver().namespace_dict["booking"][1].reverse_dict)


def lacking(kind, *, templates=TEMPLATES):
    """What a kind of message lacks to be sent."""
    try:
        found = kinds.kind_of(Message(kind=kind))
    except kinds.UnregisteredKind:
        return ["letter"]
    missing = [name for name in found.leads_to if name.removeprefix("booking:") not in addresses()]
    wanted = [templates / f"mail/{kind}.txt", templates / f"mail/{kind}.html"]
    if found.window is not None:
        wanted.append(templates / f"sms/{kind}.txt")
    missing += [str(path) for path in wanted if not path.exists()]
    links = [
        path
        for path in wanted
        if path.exists() and re.search(r"\b(?!phone_|map_)\w*link\b", path.read_text())
    ]
    if bool(links) != bool(found.leads_to):
        missing.append("link")
    return missing


@pytest.mark.parametrize("kind", MessageKind)
def test_each_kind_has_all_that_sending_it_takes(kind):
    assert lacking(kind) == []


def test_a_kind_that_nobody_registered_is_not_sent():
    with pytest.raises(kinds.UnregisteredKind):
        kinds.compose(Message(kind="brand_new"), now=NOW)
    assert lacking("brand_new") == ["letter"]


def test_a_kind_without_its_template_or_its_link_is_found(monkeypatch, tmp_path):
    assert len(lacking(MessageKind.OFFER, templates=tmp_path)) == 4
    nowhere = kinds.Kind(compose=kinds.compose, leads_to=("booking:no-such-page",))
    monkeypatch.setitem(kinds._KINDS, MessageKind.REPLY, nowhere)
    assert lacking(MessageKind.REPLY) == ["booking:no-such-page"]
    monkeypatch.setitem(
        kinds._KINDS, MessageKind.REPLY, kinds.Kind(compose=kinds.compose, leads_to=())
    )
    assert lacking(MessageKind.REPLY) == ["link"]


def test_a_kind_is_registered_once():
    with pytest.raises(ValueError, match="offer"):
        kinds.register(MessageKind.OFFER, kind=kinds.kind_of(Message(kind="offer")))
