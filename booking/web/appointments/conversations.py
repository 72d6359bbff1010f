"""A patient's conversations with practices."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from audit.ids import read_id
from audit.vault.reveal import Purpose
from booking.exchange import conversations
from booking.exchange.queries import conversations as queries
from booking.models import Patient
from booking.pages.access import account_of, account_required, web_actor
from booking.pages.forms.conversation import LONGEST, BeginForm, ReplyForm
from booking.pages.people import named_people
from booking.pages.refusals import shown_in
from practitioners.models import Agenda


@never_cache
@account_required
@require_safe
def my_conversations(request: HttpRequest) -> HttpResponse:
    rows = list(queries.newest().order_by("-changed_at", "pk")[: queries.LIMIT])
    shown = queries.show(rows, actor=web_actor(request), purpose=Purpose.OWN_DATA)
    context = {"conversations": shown, "places": queries.may_write_to()}
    return render(request, "booking/conversations.html", context)


@never_cache
@account_required
@require_http_methods(["GET", "HEAD", "POST"])
def begin_conversation(request: HttpRequest) -> HttpResponse:
    agenda = get_object_or_404(
        Agenda.objects.select_related("practice", "practitioner"),
        pk=read_id(request.GET.get("agenda", "")),
    )
    people = [(str(row.pk), name) for row, name in named_people(request)]
    form = BeginForm(request.POST or None, people=people, chosen=request.GET.get("pour", ""))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        with shown_in(form, {conversations.CannotWrite: None}):
            row = conversations.begin(
                agenda=agenda,
                patient=get_object_or_404(Patient.objects.all(), pk=given["patient"]),
                topic=given["topic"],
                words=given["words"],
                author=account_of(request),
                actor=web_actor(request),
                now=timezone.now(),
            )
            return redirect("booking:my-conversation", row.pk)
    context = {"form": form, "agenda": agenda, "practice": agenda.practice}
    return render(request, "booking/begin_conversation.html", context)


@never_cache
@account_required
@require_http_methods(["GET", "HEAD", "POST"])
def my_conversation(request: HttpRequest, conversation_id: uuid.UUID) -> HttpResponse:
    row = get_object_or_404(queries.newest(), pk=conversation_id)
    form = ReplyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form, {conversations.CannotWrite: None}):
            conversations.reply(
                conversation=row,
                words=form.cleaned_data["words"],
                author=account_of(request),
                by_practice=False,
                actor=web_actor(request),
                now=timezone.now(),
            )
            return redirect("booking:my-conversation", row.pk)
    shown, replies = queries.open_one(row, actor=web_actor(request), purpose=Purpose.OWN_DATA)
    conversations.seen(conversation=row, by_practice=False)
    context = {"shown": shown, "replies": replies, "form": form, "practice": row.practice}
    if row.closed_at is not None:
        context["again"] = _another(request, shown)
    status = 409 if form.non_field_errors() else 200
    return render(request, "booking/conversation.html", context, status=status)


def _another(request: HttpRequest, shown: queries.ShownConversation) -> BeginForm:
    """The form of a new conversation in place of one that is closed, with what was written there.

    For the same person and of the same topic, unless its sender says otherwise.
    """
    row = shown.conversation
    words = request.POST.get("words", "")[:LONGEST]
    return BeginForm(
        people=[(str(row.patient_id), shown.name)], initial={"topic": shown.topic, "words": words}
    )
