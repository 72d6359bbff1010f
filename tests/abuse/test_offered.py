"""No page of the dashboard offers its reader what their role may not open."""

import re

import pytest
from django.urls import Resolver404, resolve, reverse

from practitioners.models.staff import Role
from tests.abuse.world import build
from tests.factories import make_member, verified_client
from tests.support.routes import PRACTICE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
PAGES = (
    "agenda", "find-patients", "new-visit", "waiting-list", "week-plan", "statistics",
    "practice-conversations", "practice-documents",
)  # fmt: skip


@pytest.mark.parametrize("role", [Role.SECRETARY, Role.PRACTITIONER, Role.OWNER])
def test_each_link_of_the_dashboard_opens(now, role):
    world = build(now=now)
    practice = world["practice"]
    desk = verified_client(make_member(practice, role=role).account)
    offered = set()
    for name in PAGES:
        page = desk.get(reverse(f"booking:{name}", args=[practice.pk]))
        assert page.status_code == 200, name
        offered |= set(re.findall(r'href="(/cabinet/[^"#]*)"', page.content.decode()))
    refused = [each for each in offered if desk.get(each.replace("&amp;", "&")).status_code >= 400]
    assert refused == []
    assert {_name(each) for each in offered} & set(PRACTICE)


def _name(address):
    try:
        return resolve(address.partition("?")[0]).view_name
    except Resolver404:
        return ""
