"""A patient's own appointments and people."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from audit.forms.shown import in_turn
from audit.ids import read_id
from audit.vault.reveal import Purpose, reveal
from booking.accounts.sessions import throttle
from booking.appointments import chains, deadline, questionnaire, undo
from booking.appointments.calendar.calendar_file import PUBLISH, visits_around
from booking.appointments.calendar.calendar_file import calendar_file as visits_file
from booking.appointments.queries import appointments as queries
from booking.appointments.several import series
from booking.models import Appointment, Conversation, Document, Patient, Questionnaire
from booking.models.appointment import Channel
from booking.models.patient import Relation
from booking.pages.access import account_of, account_required, web_actor
from booking.pages.forms.patients import OwnIdentityForm, PersonForm, RelativeForm
from booking.pages.forms.questionnaire import QuestionnaireForm
from booking.pages.lost import gone
from booking.pages.people import named_people
from booking.pages.refusals import broken_link, shown_in
from booking.pages.session import mails, unfinished
from booking.pages.ways import local_target
from booking.patients import handover, patients
from booking.video import video
from booking.waiting import waiting
from booking.waiting.offer_links import offer_token
from booking.waiting.queries import on_the_list
from booking.waiting.queries import show as show_waits
from booking.web.booking.chosen import with_person
from booking.web.forms.accounts import AddressForm
from practitioners.domain.scheduling.wall_clock import read_day
from practitioners.domain.staff.substitutes import name_at
from practitioners.models import Question


@never_cache
@account_required
@require_safe
def my_appointments(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    coming, over = list(queries.upcoming(now=now)), list(queries.past(now=now))
    shown = queries.show(coming + over, actor=web_actor(request), purpose=Purpose.OWN_DATA)
    waits = list(on_the_list())
    context = {
        "unread": Conversation.objects.filter(waits_for_patient=True).count(),
        "new_documents": Document.objects.filter(by_practice=True, opened_at__isnull=True).count(),
        "waits": [
            {"shown": each, "token": offer_token(each.offer) if each.offer else ""}
            for each in show_waits(waits, actor=web_actor(request), purpose=Purpose.OWN_DATA)
        ],
        "aside": unfinished.aside(request),
        "upcoming": shown[: len(coming)],
        "past": shown[len(coming) :],
    }
    return render(request, "booking/my_appointments.html", context)


def _own(appointment_id: uuid.UUID) -> Appointment:
    return get_object_or_404(queries.with_related(), pk=appointment_id)


@never_cache
@account_required
@require_safe
def appointment(request: HttpRequest, appointment_id: uuid.UUID) -> HttpResponse:
    row = _own(appointment_id)
    (shown,) = queries.show(
        [row],
        actor=web_actor(request),
        purpose=Purpose.OWN_DATA,
        with_note=True,
        object_id=row.pk,
    )
    now, then = timezone.now(), chains.follower(row)
    context = {
        "shown": shown,
        "appointment": row,
        "practice": row.practice,
        "terms": deadline.terms(row, now=now),
        "way_back": undo.way_back(row, now=now),
        "then": then,
        "substitute": name_at(agenda=row.agenda, at=row.starts_at),
        "then_asks": then is not None and questionnaire.is_owed(then, now=now),
        "is_asked": questionnaire.is_asked(row),
        "is_answered": questionnaire.is_answered(row),
        "may_answer": questionnaire.may_answer(row, now=now),
        "may_repeat": row.status != "cancelled"
        and series.at_most(row, channel=Channel.PATIENT, now=now) > 0,
        "video_opens_at": video.opens_at(row),
        "is_waiting": waiting.is_waiting(row),
        "may_wait": waiting.may_wait(row, now=now),
        "is_new": "confirme" in request.GET and row.status == "booked",
        "is_over": row.ends_at <= now or row.status == "cancelled",
        "video_is_open": row.visit_reason.teleconsultation
        and row.status != "cancelled"
        and not video.is_over(row, now=now),
    }
    return render(request, "booking/appointment.html", context)


@never_cache
@account_required
@require_http_methods(["GET", "HEAD", "POST"])
def answer_questions(request: HttpRequest, appointment_id: uuid.UUID) -> HttpResponse:
    """The practice's questions before a visit."""
    with in_turn(request):
        return _answer_questions(request, _own(appointment_id), now=timezone.now())


def _answer_questions(request: HttpRequest, row: Appointment, *, now: datetime) -> HttpResponse:
    questions = list(row.visit_reason.questions.all())
    if not questions:
        # The practice has taken them back since the mail that led here.
        raise gone.NotThere(
            _("Le cabinet ne pose pas de questions avant ce rendez-vous."),
            onward=reverse("booking:appointment", args=[row.pk]),
            label=_("Voir le rendez-vous"),
        )
    earlier = Questionnaire.objects.filter(appointment=row).first()
    wanted = [(earlier, ("answers",))]
    with reveal(
        wanted, actor=web_actor(request), purpose=Purpose.OWN_DATA, object_id=row.pk
    ) as plain:
        answers = questionnaire.read(plain.text(earlier, "answers") if earlier else "")
    form = QuestionnaireForm(
        request.POST or None,
        questions=questions,
        initial=QuestionnaireForm.initial_of(questions, answers),
    )
    problem, is_lost = "", request.method == "POST" and _answers_others(request, questions)
    if is_lost:
        problem = _("Le cabinet a changé ses questions : les voici. Répondez de nouveau.")
    elif request.method == "POST" and form.is_valid() and not form.is_overtaken():
        try:
            questionnaire.answer(
                appointment=row,
                questions=questions,
                given=form.given(),
                actor=web_actor(request),
                now=now,
            )
        except questionnaire.TooLate as refused:
            problem = str(refused.text)
        else:
            messages.success(
                request, _("Merci : le cabinet lira vos réponses avant le rendez-vous.")
            )
            return redirect("booking:appointment", row.pk)
    context = {
        "form": form,
        "appointment": row,
        "practice": row.practice,
        "answers": answers,
        "problem": problem,
        "is_lost": is_lost,
        "may_answer": questionnaire.may_answer(row, now=now),
    }
    status = 409 if problem or form.newer else 200
    return render(request, "booking/questionnaire.html", context, status=status)


def _answers_others(request: HttpRequest, questions: Iterable[Question]) -> bool:
    """Whether a form answers a question that is asked no more: its page is older than the list."""
    asked = {str(question.pk) for question in questions}
    return any(
        read_id(name) and value and name not in asked for name, value in request.POST.items()
    )


@never_cache
@account_required
@require_safe
def calendar_file(request: HttpRequest, appointment_id: uuid.UUID) -> HttpResponse:
    visits = visits_around(_own(appointment_id))
    content = visits_file(visits, method=PUBLISH, now=timezone.now())
    answer = HttpResponse(content, content_type="text/calendar; method=PUBLISH; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="rendez-vous.ics"'
    return answer


@never_cache
@account_required
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    return render(request, "booking/people.html", {"people": named_people(request)})


@never_cache
@account_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_person(request: HttpRequest) -> HttpResponse:
    has_self = Patient.objects.filter(relation=Relation.SELF).exists()
    form = (RelativeForm if has_self else PersonForm)(request.POST or None)
    # Back to the booking that sent the person here, if there is one.
    asked = request.POST.get("next") or request.GET.get("next") or ""
    back = local_target(request, asked) or unfinished.target(request)
    if request.method == "POST" and form.is_valid():
        with shown_in(form, {patients.CannotAdd: None}):
            added, is_added = patients.add_person(
                account=account_of(request),
                identity=form.identity(),
                relation=form.cleaned_data["relation"],
                actor=web_actor(request),
                now=timezone.now(),
                has_consented=form.cleaned_data["consent"],
            )
            if is_added:
                messages.success(request, _("C’est noté."))
            else:
                messages.info(request, _("Cette personne est déjà dans votre compte."))
            return redirect(with_person(back, added) if back else "booking:people")
    context = {"form": form, "is_new": True, "has_self": has_self, "next": back}
    return render(request, "booking/person.html", context)


@never_cache
@account_required
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Offer a relative to an account of their own."""
    row = get_object_or_404(Patient.objects.exclude(relation=Relation.SELF), pk=patient_id)
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        with shown_in(form, {handover.CannotHandOver: "email", throttle.TooManyTries: "email"}):
            mails.check(request, kind="handover", email=email)
            handover.offer(
                patient=row,
                email=email,
                account=account_of(request),
                actor=web_actor(request),
                now=timezone.now(),
            )
            messages.success(request, _("Le lien est envoyé. Rien ne change avant qu’il serve."))
            return redirect("booking:people")
    with reveal(
        [(row, ("first_name",))], actor=web_actor(request), purpose=Purpose.OWN_DATA
    ) as plain:
        context = {"form": form, "name": plain.text(row, "first_name")}
    return render(request, "booking/handover.html", context)


@never_cache
@account_required
@require_http_methods(["GET", "HEAD", "POST"])
def accept_handover(request: HttpRequest, token: str) -> HttpResponse:
    """Take one's own file from the account that kept it until now."""
    me, now = account_of(request), timezone.now()
    try:
        if request.method == "POST":
            handover.accept(token=token, account=me, actor=web_actor(request), now=now)
            messages.success(request, _("Votre dossier est dans votre compte."))
            return redirect("booking:my-appointments")
        found = handover.open_handover(token=token, account=me, now=now)
    except handover.InvalidHandover as problem:
        if handover.is_taken(token=token, account=me):
            messages.info(request, _("C’est déjà fait : ce dossier est dans votre compte."))
            return redirect("booking:people")
        return broken_link(request, problem)
    with reveal(
        [(found.patient, ("first_name",))], actor=web_actor(request), purpose=Purpose.OWN_DATA
    ) as plain:
        name = plain.text(found.patient, "first_name")
    return render(request, "booking/accept_handover.html", {"name": name})


@never_cache
@account_required
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    with in_turn(request):
        row = get_object_or_404(Patient.objects.all(), pk=patient_id)
        wanted = [(row, patients.IDENTITY_FIELDS)]
        with reveal(wanted, actor=web_actor(request), purpose=Purpose.OWN_DATA) as plain:
            known = {name: plain.text(row, name) for name in patients.IDENTITY_FIELDS}
        form = OwnIdentityForm(request.POST or None, initial=known)
        if request.method == "POST" and form.is_valid() and not form.is_overtaken():
            patients.change_patient(patient=row, identity=form.identity(), actor=web_actor(request))
            messages.success(request, _("C’est noté."))
            return redirect("booking:people")
    born = read_day(str(form["birth_date"].value() or ""))
    context = {
        "form": form,
        "is_new": False,
        "relative": row if row.relation != Relation.SELF else None,
        "is_of_age": handover.is_of_age(born, today=timezone.localdate()),
    }
    return render(request, "booking/person.html", context, status=409 if form.newer else 200)
