"""What every message says, in both languages: typography, whom it greets, whom it names."""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Entry
from audit.record.entries import system_actor
from booking.appointments.change import move
from booking.models import Message
from booking.models.appointment import Channel
from booking.models.message import MessageChannel, MessageKind
from booking.outbox import kinds
from booking.patients import handover
from practitioners.domain.staff import invite
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    practice_actor,
)
from tests.support.asked import asked
from tests.support.booked import NINE, booked
from tests.support.letters import (
    ABOUT_VISITS,
    DAY,
    HALF,
    HOUR,
    about,
    about_account,
    about_visits,
    family,
    offers_of,
    reason_of,
    town_practice,
)

pytestmark = pytest.mark.django_db
# French: a no-break space before these, and inside guillemets. English has neither.
LOOSE = re.compile(r" [:;?!»]|«(?!\u00a0)|(?<!\u00a0)»|[^\W\d][:;?!](?=\s|$)")
FRENCH = re.compile(
    r"[\u00a0\u202f ][:;?!]|[«»]|[éèêàâçôûùœ]"
    r"|\b(?:le|la|les|de|du|des|et|pour|votre|vous|cabinet|rendez|rappel|janv|déc)\b",
    re.IGNORECASE,
)
MARKUP = re.compile(r"https?://[^\s\"<>]+|<[^>]+>|\S+@\S+")


def words_of(letter):
    """Subject, text and what is read of the HTML of a letter."""
    text = "\n".join((letter.subject, letter.text, letter.html))
    return MARKUP.sub("", text).replace("&#x27;", "'")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_each_message_is_written_as_its_language_is(language, now):
    account = make_account("zoe@example.org", language=language)
    group = family(account, now)
    letters = [*about_visits(group, now), *offers_of(group, now), *about_account(account, now)]
    assert len(letters) > 60
    wrong = LOOSE if language == "fr" else FRENCH
    for letter in letters:
        if letter.to in ("paul@example.org", "+33612345678") and language == "en":
            # Of who has no account, no language is known.
            continue
        text = words_of(letter)
        if not letter.subject:
            # The alphabet of texts (GSM 03.38) has no no-break space: one would halve its length.
            assert "\u00a0" not in text
            text = re.sub(r"(?<=\w) (?=:)", "\u00a0" if language == "fr" else " ", text)
        assert not wrong.search(text), text
        assert "\n\n\n" not in letter.text


@pytest.mark.parametrize(
    ("language", "kind", "subject", "line"),
    [
        ("fr", "confirmation", "Rendez-vous confirmé pour votre enfant\u00a0: ",
         "Le rendez-vous pris pour Noah est confirmé."),
        ("fr", "change", "Rendez-vous déplacé pour votre enfant\u00a0: ",
         "Le rendez-vous pris pour Noah a été déplacé."),
        ("fr", "cancellation", "Rendez-vous annulé pour votre enfant\u00a0: ",
         "Le rendez-vous pris pour Noah est annulé."),
        ("fr", "reminder", "Rappel pour votre enfant\u00a0: ",
         "Nous vous rappelons le rendez-vous pris pour Noah."),
        ("en", "confirmation", "Appointment confirmed for your child: ",
         "The appointment for Noah is confirmed."),
        ("en", "reminder", "Reminder for your child: ",
         "This is a reminder of the appointment for Noah."),
    ],
)  # fmt: skip
def test_a_mail_about_a_childs_visit_greets_the_owner_and_names_the_child(
    language, kind, subject, line, now
):
    group = family(make_account("zoe@example.org", language=language), now)
    letter = about(group.visits[1], kind, now=now)
    assert letter.subject.startswith(subject)
    # A subject is read on locked screens.
    assert "Noah" not in letter.subject
    hello = "Bonjour Zoe," if language == "fr" else "Hello Zoe,"
    for text in (letter.text, letter.html):
        assert hello in text
        assert line in text
        assert "otre rendez-vous" not in text
        assert "Your appointment" not in text


def test_another_relative_is_called_one(now):
    group = family(make_account("zoe@example.org"), now)
    letter = about(group.visits[2], MessageKind.CONFIRMATION, now=now)
    assert letter.subject.startswith("Rendez-vous confirmé pour votre proche\u00a0: ")
    assert "Bonjour Zoe,\n\nLe rendez-vous pris pour Mary est confirmé." in letter.text


def test_an_owner_who_is_no_patient_is_greeted_without_a_name(reason, now):
    child = make_patient(make_account("zoe@example.org"), first_name="Noah", relation="child")
    letter = about(booked(reason, now, patient=child), MessageKind.CONFIRMATION, now=now)
    assert letter.text.startswith("Bonjour,\n\nLe rendez-vous pris pour Noah est confirmé.")


def test_ones_own_visit_is_ones_own(reason, now):
    """With an account, and without: the mail goes to the patient."""
    own = make_patient(make_account("zoe@example.org"), first_name="Zoe")
    of_practice = make_patient(
        practice=reason.agenda.practice, first_name="Paul", email="paul@example.org"
    )
    for n, (patient, name) in enumerate(((own, "Zoe"), (of_practice, "Paul"))):
        visit = booked(reason, now, patient=patient, starts_at=NINE + n * HALF)
        letter = about(visit, MessageKind.CONFIRMATION, now=now)
        assert letter.subject.startswith("Rendez-vous confirmé\u00a0: ")
        assert letter.text.startswith(f"Bonjour {name},\n\nVotre rendez-vous est confirmé.")


def test_what_is_offered_to_a_child_says_so(now):
    group = family(make_account("zoe@example.org"), now)
    mail, text = offers_of(group, now)
    assert mail.subject.startswith("Un créneau s’est libéré pour votre enfant\u00a0: ")
    assert "Bonjour Zoe,\n\nCe créneau est gardé pour Noah jusqu’à" in mail.text
    assert "Noah" not in text.text
    # A question about it has somebody to be asked of.
    assert "02 47 00 00 01" in mail.text
    assert "tel:+33247000001" in mail.html


def test_a_name_is_opened_for_a_mail_alone(reason, now):
    """A text names nobody, so that it opens a number and nothing else."""
    child = make_patient(make_account("zoe@example.org"), relation="child")
    visit = booked(reason, now, patient=child)
    about(visit, MessageKind.CONFIRMATION, now=now, channel=MessageChannel.SMS)
    newest = Entry.objects.filter(action="reveal").order_by("-at", "-pk").first()
    assert newest.fields == ["booking_patient.phone"]


@pytest.fixture
def reason():
    agenda = make_agenda()
    row = make_reason(agenda)
    make_opening(agenda, row)
    return row


@pytest.mark.parametrize(
    ("practice_zone", "phone", "clock"),
    [
        # On the mainland nothing is said, unless the reader's number tells of another time.
        ("Europe/Paris", "+33612345678", ""),
        ("Europe/Paris", "+4915112345678", ""),
        ("Europe/Paris", "+262692123456", "heure de Paris"),
        ("Europe/Paris", "+687751234", "heure de Paris"),
        ("Indian/Reunion", "+33612345678", "heure de La Réunion"),
        ("Indian/Mayotte", "+262639123456", "heure de Mayotte"),
        ("America/Guadeloupe", "+590690123456", "heure de la Guadeloupe"),
        ("America/Martinique", "+596696123456", "heure de la Martinique"),
        ("America/Cayenne", "+594694123456", "heure de la Guyane"),
        ("America/Miquelon", "+508551234", "heure de Saint-Pierre-et-Miquelon"),
        ("Pacific/Noumea", "+687751234", "heure de la Nouvelle-Calédonie"),
        ("Pacific/Tahiti", "+68987123456", "heure de Tahiti"),
        ("Pacific/Wallis", "+681821234", "heure de Wallis-et-Futuna"),
        ("Indian/Kerguelen", "+33612345678", "heure de Kerguelen"),
    ],
)
def test_a_message_says_whose_clock_its_times_are_by(practice_zone, phone, clock, now):
    reason = reason_of(make_practice(time_zone=practice_zone, reminder_hours=[]))
    patient = make_patient(make_account("zoe@example.org"), phone=phone)
    noon = datetime(2026, 11, 30, 12, tzinfo=ZoneInfo(practice_zone)).astimezone(UTC)
    visit = booked(reason, now, patient=patient, starts_at=noon)
    for kind in ABOUT_VISITS:
        for channel in MessageChannel:
            letter = about(visit, kind, now=now, channel=channel)
            texts = (letter.text, letter.html) if letter.html else (letter.text,)
            for text in texts:
                assert "12:00" in text
                assert ("heure de" in text) == bool(clock)
                assert clock in text


COMING = ("Vitale", "Parking", "Accès sans marche", "rue des Brumes", "openstreetmap")


@pytest.mark.parametrize("is_video", [False, True])
def test_nothing_that_is_said_of_a_video_visit_asks_anybody_to_come(is_video, at_now, now):
    """Every mail, text and page; of a visit at the practice, each word is somewhere."""
    practice = make_practice(
        address="7 rue des Brumes", access_info="Parking à 50 m", step_free=True,
        instructions="Pensez à votre carte Vitale", reminder_hours=[],
    )  # fmt: skip
    reason = reason_of(practice, teleconsultation=is_video, cancel_deadline_hours=0)
    account = make_account("zoe@example.org")
    visit = booked(reason, now, patient=make_patient(account))
    said = []
    for kind in ABOUT_VISITS:
        for channel in MessageChannel:
            letter = about(visit, kind, now=now, channel=channel)
            files = [each.content.decode() for each in (letter.invite, *letter.files) if each]
            said.append("\n".join((letter.subject, letter.text, letter.html, *files)))
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")

    def read(name, *args, **query):
        answer = client.get(reverse(name, args=args), query)
        assert answer.status_code == 200, name
        return answer.content.decode()

    for name in ("appointment", "move", "cancel", "repeat", "calendar-file"):
        said.append(read(f"booking:{name}", visit.pk))
    said.append(read("booking:move", visit.pk, debut=f"{NINE + HOUR:%Y-%m-%dT%H:%M:%SZ}"))
    said += [read(f"booking:{name}") for name in ("my-appointments", "offline-visits")]
    said.append(read("booking:join-waiting-list", **{"rendez-vous": visit.pk}))
    chosen = read(
        "practitioners:practitioner", reason.agenda.practitioner_id, cabinet=practice.pk,
        motif=reason.pk,
    )  # fmt: skip
    # Whose page it is has an address; what it asks of those who come, it asks of nobody else.
    said.append(re.sub(r"<address>.*?</address>", "", chosen, flags=re.DOTALL))
    whole = "\n".join(
        re.sub(r'<script type="application/ld.*?</script>', "", each) for each in said
    )
    for word in COMING:
        assert (word in whole) is not is_video, word


def test_who_is_invited_or_given_a_file_reads_their_own_language(now):
    parent = make_account("zoe@example.org")
    child = make_patient(parent, relation="child", birth_date=date(2008, 3, 1))
    for email, language, subject in (
        ("noah@example.org", "en", "Your file is waiting for you"),
        ("new@example.org", "", "Votre dossier vous attend"),
    ):
        if language:
            make_account(email, language=language)
        row = handover.offer(
            patient=child, email=email, account=parent, actor=system_actor(), now=now
        )
        message = Message(kind=MessageKind.HANDOVER, handover=row, due_at=now)
        letter = kinds.compose(message, now=now)
        assert (letter.to, letter.subject) == (email, subject)


def test_who_is_invited_reads_of_their_role_in_their_language(now):
    practice = town_practice()
    owner = make_member(practice, role="owner")
    make_account("paul@example.org", language="en")
    made = invite.invite(
        practice=practice, email="paul@example.org", role="secretary", agendas=[],
        invited_by=owner.account, actor=practice_actor(practice), now=now,
    )  # fmt: skip
    letter = kinds.compose(Message(kind=MessageKind.INVITATION, invitation=made), now=now)
    assert not FRENCH.search(words_of(letter)), letter.text
    assert "secretary" in letter.text.lower()


# Where a visit was moved from


def change_of(visit, channel="email"):
    row = Message.objects.filter(appointment=visit, kind="change", state="owed", channel=channel)
    return kinds.compose(row.get(), now=NINE - DAY)


def shift(visit, starts_at, now, **how):
    return move(
        appointment=visit,
        starts_at=starts_at,
        now=now,
        **asked(actor=practice_actor(), channel=Channel.PRACTICE, **how),
    )


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", "Au lieu du lundi 30 novembre 2026, 09:00"),
        ("en", "Instead of Monday 30 November 2026, 09:00"),
    ],
)
def test_the_news_of_a_move_says_the_former_time(now, language, words):
    reason = reason_of(town_practice())
    visit = booked(reason, now, patient=make_patient(make_account(language=language)))
    letter = change_of(shift(visit, NINE + HOUR, now))
    assert words in letter.text and words in letter.html
    assert "10:00" in letter.subject


def test_the_text_of_a_move_says_it_too_and_stays_one_text(now):
    reason = reason_of(make_practice(reminds_by_sms=True))
    patient = make_patient(practice=reason.agenda.practice, email="")
    visit = booked(reason, now, patient=patient, channel=Channel.PRACTICE)
    letter = change_of(shift(visit, NINE + HOUR, now), channel="sms")
    assert "lun. 30 nov. 10:00 (au lieu de lun. 30 nov. 09:00)" in letter.text
    assert len(letter.text) <= 160


def test_the_former_time_is_the_one_that_the_patient_knows(now):
    reason = reason_of(town_practice())
    visit = booked(reason, now, patient=make_patient(make_account()))
    Message.objects.filter(appointment=visit).update(state="sent")
    # Two moves of which the first was not told; then back to where they think it is.
    visit = shift(visit, NINE + HOUR, now, after=HOUR)
    visit = shift(visit, NINE + 2 * HOUR, now, after=HOUR)
    assert "09:00" in change_of(visit).text and "10:00" not in change_of(visit).text
    assert "Au lieu" not in change_of(shift(visit, NINE, now)).text
