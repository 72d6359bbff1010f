"""Pages show what the domain refuses by one table, and views do not repeat how."""

import ast
import json
import re

import pytest
from django import forms
from django.contrib.messages import get_messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.test import RequestFactory

from audit.refusal import Refusal
from booking.appointments.change import HasBegun, NotActive
from booking.pages.refusals import as_json, shown_as_message, shown_in
from doctolib.environment import PROJECT_DIR
from practitioners.domain.staff.members import LastOwner


class DayForm(forms.Form):
    day = forms.DateField()


@pytest.fixture
def form():
    form = DayForm({"day": "2026-11-30"})
    assert form.is_valid()
    return form


@pytest.fixture
def request_():
    request = RequestFactory().get("/")
    request._messages = CookieStorage(request)
    return request


def said(request):
    return [(each.level_tag, str(each)) for each in get_messages(request)]


def test_a_refusal_stands_at_the_field_of_its_nearest_kind(form):
    with shown_in(form, {NotActive: "day", Refusal: None}):
        raise HasBegun
    assert form.errors == {"day": [str(HasBegun.text)]}
    with shown_in(form, {NotActive: "day", Refusal: None}):
        raise LastOwner
    assert form.non_field_errors() == [str(LastOwner.text)]


def test_the_reason_that_was_given_is_shown(form):
    with shown_in(form, {Refusal: None}):
        raise Refusal("Pas un dimanche.")
    assert form.non_field_errors() == ["Pas un dimanche."]


@pytest.mark.parametrize("error", [LastOwner, ZeroDivisionError])
def test_what_a_view_does_not_expect_goes_on(form, request_, error):
    with pytest.raises(error), shown_in(form, {NotActive: "day"}):
        raise error
    with pytest.raises(error), shown_as_message(request_, NotActive):
        raise error
    assert form.is_valid()
    assert said(request_) == []


def test_a_refusal_is_a_message_of_the_next_page(request_):
    with shown_as_message(request_, LastOwner, NotActive):
        raise HasBegun
    assert said(request_) == [("error", str(HasBegun.text))]


def test_a_block_that_is_not_refused_answers_itself(request_):
    def view():
        with shown_as_message(request_, NotActive):
            return "done"
        return "refused"

    assert (view(), said(request_)) == ("done", [])


def test_a_script_is_answered_with_its_status():
    answer = as_json(HasBegun())
    assert (answer.status_code, json.loads(answer.content)) == (
        409, {"problem": str(HasBegun.text)}
    )  # fmt: skip


SHOWS = re.compile(r"(?:messages\.\w+\(request, |\w+\.add_error\([^,]+, )str\(\w+\.text\)\)$")


def told_by_hand(source):
    """Lines of `try` whose refusals are only shown, as `refusals.py` does it."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Try):
            continue
        shows = [
            len(each.body) == 1
            and each.name is not None
            and SHOWS.match(ast.get_source_segment(source, each.body[0])) is not None
            for each in node.handlers
        ]
        if shows and all(shows):
            found.append(node.lineno)
    return found


def test_no_view_shows_a_refusal_by_hand():
    by_hand = (
        "try:\n    act()\nexcept Gone as problem:\n    form.add_error(None, str(problem.text))"
    )
    assert told_by_hand(by_hand) == [1]
    folders = ("booking/web", "booking/dashboard", "booking/pages", "partners/views")
    found = [
        f"{file.relative_to(PROJECT_DIR)}:{line}"
        for folder in folders
        for file in sorted((PROJECT_DIR / folder).rglob("*.py"))
        for line in told_by_hand(file.read_text())
    ]
    assert found == []
