"""Messages quote nothing by which a stranger leads the reader away: each template, each channel."""

import html
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.template.loader import render_to_string

from audit.plain_text import has_link, without_links
from audit.record.entries import system_actor
from audit.vault.sealing import seal
from booking.appointments.calendar import calendar_file
from booking.models import Message, Patient
from booking.models.message import MessageKind
from booking.outbox import kinds, letters
from booking.outbox.letters import SiteLink, in_html, in_text
from booking.patients import handover
from practitioners.domain.staff import invite
from practitioners.models import Practice, Practitioner, Substitution, VisitReason
from tests.factories import make_account, make_member, practice_actor
from tests.support.domain import domain_files
from tests.support.letters import (
    about,
    about_account,
    about_visits,
    family,
    offers_of,
)

pytestmark = pytest.mark.django_db
TEMPLATES = Path(settings.PROJECT_DIR) / "templates/booking"
EVIL = "Zoé https://evil.example/a evil.com x@evil.fr\u202e"
SHORT = "evil.com"
# Written by the mail program's own sender, and by us in a text about a telephone.
OWN = re.compile(re.escape(settings.BASE_URL) + r"/[^\s\"<>]*")


EVERY = {
    path.relative_to(TEMPLATES.parent).as_posix()
    for folder in ("mail", "sms")
    for path in (TEMPLATES / folder).iterdir()
    if not path.name.startswith("_")
}


TARGETS = (f"{settings.BASE_URL}/", "https://www.openstreetmap.org/search?query=", "tel:")


def plain(letter):
    """Subject and text as a reader's program sees them, without our own links."""
    return OWN.sub("", f"{letter.subject}\n{letter.text}")


def read(letter):
    """What is read of the HTML, without its tags."""
    return html.unescape(OWN.sub("", re.sub(r"<[^>]*>", " ", letter.html)))


def spoil():
    """Write addresses of sites wherever somebody writes names; older rows may hold them."""
    Practice.objects.update(
        name=EVIL, address=EVIL, town=SHORT, instructions=f"{EVIL}\n{EVIL}", access_info=EVIL
    )
    Practitioner.objects.update(title=SHORT, first_name=EVIL, last_name=SHORT)
    VisitReason.objects.update(name=EVIL, instructions=EVIL)
    for patient in Patient.unscoped.all():
        seal(patient, first_name=EVIL, last_name=EVIL)
        patient.save()


def letters_of_everything(now):
    account = make_account("zoe@example.org", language="fr")
    group = family(account, now)
    spoil()
    for visit in (*group.visits, group.late):
        visit.refresh_from_db()
        Substitution.objects.create(
            agenda=visit.agenda, name=EVIL, since=visit.starts_at.date(),
            until=visit.starts_at.date(),
        )  # fmt: skip
    yield from about_visits(group, now)
    yield from offers_of(group, now)
    for kind in (MessageKind.CHANGE, MessageKind.CANCELLATION):
        yield about(group.visits[0], kind, now=now, words=f"{EVIL}\n\nDoctolib : ouvrez {EVIL}")
    yield from about_account(account, now)
    practice = group.visits[0].practice
    invited = invite.invite(
        practice=practice, email="leo@example.org", role="secretary", agendas=[],
        actor=practice_actor(),
        invited_by=make_member(practice, role="owner").account, now=now,
    )  # fmt: skip
    given = handover.offer(
        patient=group.child, email="leo@example.org", account=account, actor=system_actor(), now=now
    )
    for owed in (
        Message(invitation=invited, kind="invitation"),
        Message(handover=given, kind="handover"),
    ):
        yield kinds.compose(owed, now=now)


def test_no_message_makes_a_link_of_what_somebody_wrote(now, monkeypatch):
    used = set()

    def render(template, context):
        used.add(template)
        return render_to_string(template, context)

    monkeypatch.setattr(letters, "render_to_string", render)
    found = list(letters_of_everything(now))
    assert used == EVERY
    for letter in found:
        assert not has_link(plain(letter)), plain(letter)
        assert not has_link(read(letter)), read(letter)
        for text in (letter.subject, letter.text, letter.html):
            assert "\u202e" not in text
        # A map is searched for the practice's address, and its telephone is called.
        targets = re.findall(r"(?i)(?:href|src|action)=[\"']?([^\"'> ]*)", letter.html)
        assert all(target.startswith(TARGETS) for target in targets), targets
        assert "\n" not in letter.subject
    shown = [letter for letter in found if "evil[.]example" in letter.text]
    assert len(shown) > 30
    assert sum("evil[.]example" in letter.html for letter in found) > 30
    # Our own links still open.
    linked = [letter for letter in found if f"{settings.BASE_URL}/" in letter.text]
    assert len(linked) > 30
    assert all(f'href="{settings.BASE_URL}/' in letter.html for letter in linked if letter.html)


def test_what_a_practice_adds_is_marked_line_by_line(now):
    group = family(make_account("zoe@example.org"), now)
    said = "Bonjour.\n\nDoctolib : votre mot de passe, s’il vous plaît."
    letter = about(group.visits[0], MessageKind.CHANGE, now=now, words=said)
    assert "\n> Bonjour.\n>\n> Doctolib : votre mot de passe, s’il vous plaît.\n" in letter.text


def test_calendars_make_no_link_either(now):
    group = family(make_account("zoe@example.org"), now)
    spoil()
    visit = group.visits[0]
    visit.refresh_from_db()
    visit = type(visit).unscoped.select_related(
        "practice", "agenda__practitioner", "visit_reason", "patient"
    ).get(pk=visit.pk)  # fmt: skip
    content = calendar_file.calendar_file([visit], method="REQUEST", now=now).decode()
    text = OWN.sub("", content.replace("\r\n ", ""))
    ours = re.compile(r"(?im)^(uid|organizer|prodid).*$|mailto:\S+")
    assert not has_link(ours.sub("", text))
    assert "evil[.]example" in content.replace("\r\n ", "")


NOTICES = sorted(
    path.name for path in (TEMPLATES / "notices").iterdir() if not path.name.startswith("_")
)


@pytest.mark.parametrize("kind", ["credential", "person", "team"])
@pytest.mark.parametrize("name", NOTICES)
def test_no_notice_of_an_incident_makes_a_link(name, kind, now):
    context = {
        "incident": SimpleNamespace(
            number=7, detected_at=now, contained_at=now, is_training=True, is_false_alarm=False
        ),
        "practice": SimpleNamespace(name=EVIL), "software": EVIL, "why": [EVIL], "people": 2,
        "data": EVIL, "severity": EVIL, "is_person": kind == "person", "is_team": kind == "team",
        "seen": [{"name": EVIL, "data": EVIL, "practices": EVIL}], "names": EVIL,
        "first_at": now, "last_at": now, "link": SiteLink(f"{settings.BASE_URL}/incidents/7/"),
    }  # fmt: skip
    text = in_text(f"booking/notices/{name}", context)
    assert f"{settings.BASE_URL}/incidents/7/" in text
    assert "evil[.]example" in text
    assert not has_link(OWN.sub("", text))


def test_every_message_is_written_by_the_two_functions():
    """Nothing else of the domain renders a template, but the page around a notice's safe text."""
    others = {
        (path.name, call)
        for path in domain_files("booking")
        for call in re.findall(r"(?:render_to_string|get_template)\(([^)]*)", path.read_text())
    }
    assert others == {
        ("letters.py", "template, shown"),
        ("incident_post.py", '"booking/notices/_page.html", html_context'),
    }


def test_a_link_is_ours_only_if_we_made_it():
    said = {"words": f"{settings.BASE_URL}/mot-de-passe/", "link": SiteLink("https://a.fr/x?y&z")}
    text = in_text("booking/mail/reply.txt", said)
    assert "https://a.fr/x?y&z" in text
    assert "https://a.fr/x?y&amp;z" in in_html("booking/mail/reply.html", said)
    assert without_links("https://a.fr/x") == "https[:]//a[.]fr/x"
