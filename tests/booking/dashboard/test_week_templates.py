"""A usual week, kept under a name, opens the weeks of one's choice."""

import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.urls import reverse

from audit.models import Entry
from practitioners.domain.scheduling.hours import week_templates
from practitioners.domain.scheduling.wall_clock import occurs_on
from practitioners.models import OpeningTemplate
from tests.factories import (
    make_agenda,
    make_member,
    make_opening,
    make_reason,
    practice_actor,
    verified_client,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
MONDAY = date(2026, 11, 23)
WEEK = timedelta(days=7)


@pytest.fixture
def agenda():
    row = make_agenda()
    reason = make_reason(row)
    # Every Monday, and every second Wednesday until the new year; a session once.
    make_opening(row, reason, starts_on=MONDAY)
    make_opening(
        row, reason, starts_on=date(2026, 11, 25), every_weeks=2, until_date=date(2027, 1, 1)
    )
    make_opening(
        row, reason, starts_on=date(2026, 11, 27), every_weeks=0, slot_minutes=10, capacity=3
    )
    return row


@pytest.fixture
def client(agenda):
    return verified_client(make_member(agenda.practice, role="owner").account)


def address(name, agenda, *more):
    return reverse(f"booking:{name}", args=[agenda.practice_id, agenda.pk, *more])


def open_days(agenda, since, weeks):
    """The days of some weeks on which something is open, with its hour."""
    rows = list(agenda.openings.all())
    days = [since + timedelta(days=n) for n in range(7 * weeks)]
    return sorted((day, row.from_time) for day in days for row in rows if occurs_on(row, day))


def saved(agenda, day=MONDAY):
    return week_templates.save_template(
        agenda=agenda, name="Habituelle", day=day, actor=practice_actor()
    )


def opened(agenda, first, weeks=1, **values):
    return week_templates.open_weeks(
        agenda=agenda, lines=week_templates.lines_of(agenda.opening_templates.get()),
        first=first, weeks=weeks, actor=practice_actor(), **values,
    )  # fmt: skip


def test_a_week_is_kept_and_opens_others(agenda, client):
    page = client.post(
        address("week-templates", agenda), {"name": "Habituelle", "day": "2026-11-26"}, follow=True
    ).content.decode()
    assert "La semaine type est enregistrée." in page
    for words in ("Lundi", "Mercredi", "Vendredi", "Consultation", "3 places"):
        assert words in page
    template = OpeningTemplate.objects.get()
    # The odd week has its Monday already; its Wednesday and Friday are added.
    given = {"target": "2026-12-02", "weeks": "1"}
    page = client.post(address("week-template", agenda, template.pk), given, follow=True)
    assert "2 plages ajoutées. 1 y était déjà" in page.content.decode()
    odd = MONDAY + WEEK
    assert [day for day, _at in open_days(agenda, odd, 1)] == [
        odd, odd + timedelta(days=2), odd + timedelta(days=4),
    ]  # fmt: skip
    session = agenda.openings.get(starts_on=odd + timedelta(days=4))
    assert (session.slot_minutes, session.capacity) == (10, 3)
    assert list(session.visit_reasons.all()) == list(agenda.visit_reasons.all())


def test_a_week_is_replaced_and_what_recurs_goes_on_after_it(agenda):
    saved(agenda, day=MONDAY + WEEK)
    before = open_days(agenda, MONDAY, 8)
    week = MONDAY + 2 * WEEK
    result = opened(agenda, week, replaces=True)
    # In the week that was kept there is a Monday alone: the Wednesday is gone, this once.
    assert [row.starts_on for row in result.made] == [week]
    after = open_days(agenda, MONDAY, 8)
    assert sorted(set(before) - set(after)) == [(week + timedelta(days=2), time(9))]
    assert not set(after) - set(before)


def test_replacing_from_the_first_week_on_leaves_nothing_twice(agenda):
    saved(agenda)
    before = open_days(agenda, MONDAY, 6)
    opened(agenda, MONDAY, weeks=2, replaces=True)
    after = open_days(agenda, MONDAY, 6)
    added = [MONDAY + WEEK + timedelta(days=n) for n in (2, 4)]
    assert sorted(set(after) - set(before)) == [(day, time(9)) for day in added]
    assert not set(before) - set(after)
    assert len(after) == len(set(after))


def words_of(page):
    """The text of a page, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())


def test_the_page_lists_what_recurs_once_with_its_dates_and_each_week_that_differs(agenda, client):
    saved(agenda)
    opened(agenda, MONDAY + 2 * WEEK, weeks=2, replaces=True)
    page = client.get(reverse("booking:week-plan", args=[agenda.practice_id]))
    text = words_of(page)
    assert text.count("Lundi 09:00–12:00") == 1
    assert "Lundi 09:00–12:00 jusqu’au 6 déc. 2026 puis à partir du 21 déc. 2026" in text
    assert text.count("Mercredi 09:00–12:00") == 1
    # The fortnight's rhythm goes on after the weeks that were replaced, until its end.
    assert "du 23 déc. 2026 au 31 déc. 2026" in text
    for monday in ("7 déc. 2026", "14 déc. 2026"):
        assert text.count(f"Semaine du {monday}") == 1
    assert "Semaine du 7 déc. 2026 Lun. 7 déc. 09:00–12:00 Mer. 9 déc. 09:00–12:00" in text
    # Every one of them can be opened from there.
    for row in agenda.openings.all():
        assert reverse("booking:opening", args=[agenda.practice_id, agenda.pk, row.pk]) in (
            page.content.decode()
        )
    client.cookies["django_language"] = "en"
    english = words_of(client.get(reverse("booking:week-plan", args=[agenda.practice_id])))
    assert "Monday 09:00–12:00 until 6 Dec 2026 then from 21 Dec 2026 on" in english
    assert "Week of 7 Dec 2026 Mon 7 Dec 09:00–12:00" in english


def test_what_is_over_is_not_listed_any_more(agenda, time_machine):
    saved(agenda)
    opened(agenda, MONDAY + 2 * WEEK, weeks=2, replaces=True)
    time_machine.move_to(datetime(2027, 1, 4, 12, tzinfo=UTC), tick=False)
    client = verified_client(make_member(agenda.practice, role="owner").account)
    text = words_of(client.get(reverse("booking:week-plan", args=[agenda.practice_id])))
    assert (
        "Lundi 09:00–12:00" in text and "puis" not in text.split("Plages")[1].split("Absences")[0]
    )
    assert "Semaine du" not in text and "Mercredi" not in text


def test_a_reason_that_is_gone_is_left_out(agenda):
    other = make_reason(agenda, name="Bilan")
    agenda.openings.first().visit_reasons.add(other)
    saved(agenda)
    other.delete()
    result = opened(agenda, MONDAY + WEEK, replaces=True)
    assert [list(row.visit_reasons.all()) for row in result.made] == [
        list(agenda.visit_reasons.all())
    ] * 3


def test_an_empty_week_is_no_template(agenda, client):
    page = client.post(address("week-templates", agenda), {"name": "Vide", "day": "2026-11-16"})
    assert "rien n’est ouvert" in page.content.decode()
    assert not OpeningTemplate.objects.exists()


def test_the_same_name_is_replaced_and_forgotten(agenda, client):
    saved(agenda)
    saved(agenda, day=MONDAY + WEEK)
    template = OpeningTemplate.objects.get()
    assert len(template.lines) == 1
    before = agenda.openings.count()
    client.post(address("delete-week-template", agenda, template.pk))
    assert not OpeningTemplate.objects.exists()
    assert agenda.openings.count() == before
    actions = Entry.objects.filter(object_id=template.pk).values_list("action", flat=True)
    assert sorted(actions) == [
        "opening-template-deleted", "opening-template-saved", "opening-template-saved",
    ]  # fmt: skip


def test_another_agendas_template_is_not_found(agenda, client):
    template, other = saved(agenda), make_agenda(practice=agenda.practice)
    assert client.get(address("week-template", other, template.pk)).status_code == 404
