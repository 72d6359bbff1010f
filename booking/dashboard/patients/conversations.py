"""A practice's conversations with its patients."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.vault.reveal import Purpose
from booking.exchange import conversations
from booking.exchange.queries import conversations as queries
from booking.models import Conversation
from booking.pages.access import (
    account_of,
    agendas_of,
    desk_context,
    practice_actor,
    practice_member,
)
from booking.pages.forms.conversation import ReplyForm

PAGE = 30


def _own(request: HttpRequest, conversation_id: uuid.UUID) -> Conversation:
    found: Conversation = get_object_or_404(
        queries.newest().filter(agenda__in=agendas_of(request)), pk=conversation_id
    )
    return found


@never_cache
@practice_member("booking.view_patients")
@require_safe
def practice_conversations(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    rows = queries.newest().filter(agenda__in=agendas_of(request))
    if "toutes" not in request.GET:
        rows = rows.filter(closed_at__isnull=True)
    shown = queries.show(list(rows[:PAGE]), actor=practice_actor(request), purpose=Purpose.CARE)
    context = desk_context(
        request, current="conversations", conversations=shown, shows_all="toutes" in request.GET
    )
    return render(request, "dashboard/conversations.html", context)


@never_cache
@practice_member("booking.change_appointments")
@require_http_methods(["GET", "HEAD", "POST"])
def practice_conversation(
    request: HttpRequest, practice_id: uuid.UUID, conversation_id: uuid.UUID
) -> HttpResponse:
    row = _own(request, conversation_id)
    form = ReplyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        conversations.reply(
            conversation=row,
            words=form.cleaned_data["words"],
            author=account_of(request),
            by_practice=True,
            actor=practice_actor(request),
            now=timezone.now(),
        )
        messages.success(request, _("La réponse est envoyée."))
        return redirect("booking:practice-conversation", practice_id, row.pk)
    shown, replies = queries.open_one(row, actor=practice_actor(request), purpose=Purpose.CARE)
    conversations.seen(conversation=row, by_practice=True)
    context = desk_context(
        request, current="conversations", shown=shown, replies=replies, form=form
    )
    return render(request, "dashboard/conversation.html", context)


@practice_member("booking.change_appointments")
@require_POST
def close_conversation(
    request: HttpRequest, practice_id: uuid.UUID, conversation_id: uuid.UUID
) -> HttpResponse:
    row = _own(request, conversation_id)
    if conversations.close(conversation=row, actor=practice_actor(request), now=timezone.now()):
        messages.success(request, _("La conversation est close."))
    else:
        messages.info(request, _("La conversation était déjà close."))
    return redirect("booking:practice-conversations", practice_id)
