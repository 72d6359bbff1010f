"""Who is at the door of a view, and what scope they work in."""

import hashlib
import re
import uuid
from collections.abc import Callable
from enum import StrEnum
from functools import partial, wraps
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect
from django_scopes import scope

from audit.client_address import client_address
from audit.record.entries import Actor, ActorKind, Channel, Origin
from audit.vault.guard import Answer, NotOpened
from audit.views.factor import ProofIsOld, code_given_at
from audit.views.private import keep_private
from audit.views.typed import refuse, typed_in
from audit.watch.sighting import network_of
from booking.accounts.sessions import sign_ins
from booking.models import Account
from booking.oversight import watching
from booking.pages.lost import gone, unsent
from booking.pages.lost import practice_gone as desk_gone
from booking.pages.lost.drafts import drop_sent, lead_away
from booking.pages.navigated import is_script
from booking.pages.session import work_session
from booking.pages.ways import lead_to, page_before, way_back
from booking.rights import erased
from booking.rules import permissions_of
from booking.session_store import session_digest
from practitioners.domain.staff import members
from practitioners.models import Agenda, Membership, Practice

_NUMBERS = re.compile(r"[\d.]+")
View = Callable[..., HttpResponseBase]


def account_of(request: HttpRequest) -> Account:
    """The signed-in account of a view behind `account_required` or `practice_member`."""
    return cast(Account, request.user)


def web_actor(request: HttpRequest) -> Actor:
    """The account acting for itself on the patient's pages."""
    return Actor(kind=ActorKind.ACCOUNT, channel=Channel.WEB, id=account_of(request).pk)


def origin_of(request: HttpRequest) -> Origin:
    """Through what a member works: the network, the kind of browser, the session (a digest)."""
    # Without its numbers a browser stays the same over its updates.
    browser = _NUMBERS.sub("", request.headers.get("User-Agent", ""))
    return Origin(
        network=network_of(client_address(request)),
        key=_digest(browser),
        token=sign_ins.token_of(session_digest(request)),
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16] if text else ""


def is_verified(request: HttpRequest) -> bool:
    """Whether this session has shown the second factor: today, from the network where it is now,
    and again since that was asked for.
    """
    if not cast(Any, request.user).is_verified() or owes_answer(request):
        return False
    if work_session.is_of_yesterday(request, now=timezone.now()):
        return False
    return not work_session.is_from_elsewhere(request, network=client_address(request))


def owes_answer(request: HttpRequest) -> bool:
    """Whether this session was asked for the second factor again, and has not given it."""
    asked_at = account_of(request).asked_at
    return asked_at is not None and code_given_at(request) < asked_at.timestamp()


def practice_actor(request: HttpRequest) -> Actor:
    """The member acting for the practice on the dashboard."""
    membership = membership_of(request)
    return Actor(
        kind=ActorKind.ACCOUNT,
        channel=Channel.DASHBOARD,
        id=account_of(request).pk,
        practice_id=membership.practice_id,
        origin=origin_of(request),
    )


def membership_of(request: HttpRequest) -> Membership:
    """The membership with which a dashboard view was entered."""
    return cast(Membership, cast(Any, request).membership)


def desk_context(request: HttpRequest, *, current: str, **more: object) -> dict[str, object]:
    """What every page of the dashboard shows: whose it is, and which entry of the menu is on.

    `shell`: its frame, for pages that stand in others as well (templates/error.html).
    """
    membership = membership_of(request)
    return {
        "shell": "dashboard/base.html",
        "practice": membership.practice,
        "membership": membership,
        "may": permissions_of(membership),
        "current": current,
        **more,
    }


def works_on_whole_practice(request: HttpRequest) -> bool:
    """Whether no agendas are delegated to the member, who then works on all of them."""
    return not membership_of(request).agendas.exists()


def require_whole_practice(request: HttpRequest) -> None:
    """Raise Http404 for who works on some agendas alone: what is the whole practice's they do not
    find.
    """
    if not works_on_whole_practice(request):
        raise Http404


def agendas_of(request: HttpRequest) -> list[Agenda]:
    """The agendas that the member may work on: all of the practice, or those delegated."""
    membership = membership_of(request)
    agendas = Agenda.objects.filter(practice_id=membership.practice_id).select_related(
        "practitioner", "practice"
    )
    delegated = set(membership.agendas.values_list("pk", flat=True))
    if delegated:
        agendas = agendas.filter(pk__in=delegated)
    return list(agendas.order_by("practitioner__last_name", "pk"))


def own_agenda(request: HttpRequest, agenda_id: uuid.UUID) -> Agenda:
    """One of the agendas that the member may work on. Raises Http404 for any other."""
    found = next((agenda for agenda in agendas_of(request) if agenda.pk == agenda_id), None)
    if found is None:
        raise Http404
    return found


def signed_in(view: View) -> View:
    """Only for a signed-in account; others sign in, and come back."""

    @wraps(view)
    @keep_private
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _ask_to_sign_in(request)
        unsent.bring_back(request)
        try:
            answer = view(request, *args, **kwargs)
        except ProofIsOld as old:
            return to_proof(request, old)
        unsent.note(request, answer)
        return answer

    return guarded


def _ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead to signing in, and from there back, where a form is filled in as it was sent.

    Where its words cannot be kept, they are shown.
    """
    answer = lead_to(request, "booking:sign-in")
    if erased.is_erased(request.COOKIES.get(unsent.MARK, "")) and not is_script(request):
        messages.info(request, _("Votre compte est effacé."))
        # Nobody is led to a form of an account that is gone, nor with it into another one.
        return answer if request.method in ("GET", "HEAD") else redirect("practitioners:home")
    if request.method in ("GET", "HEAD"):
        return answer
    is_kept = unsent.keep(request, answer, page=way_back(request), network=client_address(request))
    if not is_kept and "HX-Request" not in request.headers and typed_in(request):
        return refuse(request, unsent.ended_text(is_kept=False), onward=answer["Location"])
    unsent.say(request, is_kept=is_kept)
    return answer


def account_required(view: View) -> View:
    """Only for who is signed in; queries see that account's own patients and appointments.

    What is not found among these is said in a page, except to a page's script.
    """

    @wraps(view)
    @signed_in
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with scope(account=request.user):
            try:
                return view(request, *args, **kwargs)
            except Http404 as why:
                if is_script(request):
                    raise
                return gone.page(request, kwargs, why=why)

    return guarded


class AtDesk(StrEnum):
    """How a session stands at the dashboard of a practice."""

    OPEN = "open"
    SIGNED_OUT = "signed-out"
    STRANGER = "stranger"
    STOPPED = "stopped"
    CODE = "code"


def at_desk(request: HttpRequest, practice_id: uuid.UUID) -> tuple[AtDesk, Membership | None]:
    """Say how a session stands at a practice, and with which membership it is open there.

    To a former member it is as strange as to anybody; the membership tells since when.
    """
    if not request.user.is_authenticated:
        return AtDesk.SIGNED_OUT, None
    membership = (
        Membership.objects.select_related("practice")
        .filter(account=account_of(request), practice_id=practice_id)
        .first()
    )
    if membership is None or membership.is_over(now=timezone.now()):
        return AtDesk.STRANGER, membership
    if account_of(request).stopped_at is not None:
        return AtDesk.STOPPED, None
    if not is_verified(request):
        return AtDesk.CODE, None
    return AtDesk.OPEN, membership


def practice_member(permission: str) -> Callable[[View], View]:
    """Only for members of the practice in the address who have the permission.

    A second factor is required, and again when the watch asks for it; queries see that practice
    alone. Strangers get 404, so that nobody learns which practices exist; former
    members read since when they are none. Who is stopped is told
    so. What a form said is kept while its sender signs in or gives the code.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        @keep_private
        def guarded(
            request: HttpRequest, practice_id: uuid.UUID, *args: Any, **kwargs: Any
        ) -> HttpResponseBase:
            state, membership = at_desk(request, practice_id)
            if state == AtDesk.SIGNED_OUT:
                return _to(request, "booking:sign-in", practice_id)
            if state == AtDesk.STRANGER:
                return _ended(request, membership, practice_id=practice_id)
            if state == AtDesk.STOPPED:
                return _stopped(request)
            if state == AtDesk.CODE or membership is None:
                # Signed in with it once, and asked again: whoever never had it is only led there.
                is_asked = cast(Any, request.user).is_verified() and owes_answer(request)
                if is_asked and _insists(request, practice_id):
                    return _stopped(request)
                _say_why(request)
                return _to(request, "booking:second-factor", practice_id)
            if not request.user.has_perm(permission, membership):
                raise PermissionDenied
            cast(Any, request).membership = membership
            _note_practice(request, practice_id)
            work_session.begin(request, now=timezone.now())
            try:
                with scope(practice=membership.practice):
                    bound = partial(view, request, practice_id, *args, **kwargs)
                    answer = _or_gone(request, kwargs, bound)
                unsent.mark(request, answer)
                drop_sent(request, answer, practice_id=practice_id)
                return answer
            except NotOpened as refused:
                refused.decision.make_sure()
                if refused.decision.answer is Answer.STOP:
                    return _stopped(request)
                if refused.decision.answer is not Answer.ASK:
                    raise
                messages.warning(
                    request,
                    _("Ces lectures sortent de l’habitude\u00a0: confirmez que c’est bien vous."),
                )
                return _to(request, "booking:second-factor", practice_id)
            except ProofIsOld as old:
                return to_proof(request, old, practice_id=practice_id)

        return guarded

    return decorate


def _or_gone(
    request: HttpRequest, named: dict[str, Any], view: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """Answer as a view of the dashboard does, or say what it did not find."""
    try:
        return view()
    except Http404 as why:
        context = desk_context(request, current="")
        return desk_gone.answer(request, named, context=context, why=why)


def _say_why(request: HttpRequest) -> None:
    """Say why a session that gave its code is asked for it again, where its network is new."""
    if cast(Any, request.user).is_verified() and work_session.is_from_elsewhere(
        request, network=client_address(request)
    ):
        messages.info(request, _("Votre réseau a changé : confirmez que c’est bien vous."))


def _note_practice(request: HttpRequest, practice_id: uuid.UUID) -> None:
    """Remember the practice that a member works at: the next sign-in leads there."""
    account = account_of(request)
    if request.method == "GET" and account.last_practice_id != practice_id:
        Account.objects.filter(pk=account.pk).update(last_practice_id=practice_id)


def _insists(request: HttpRequest, practice_id: uuid.UUID) -> bool:
    return watching.insist(
        account_id=account_of(request).pk,
        practice_id=practice_id,
        origin=origin_of(request),
        now=timezone.now(),
    )


def _to(request: HttpRequest, name: str, practice_id: uuid.UUID) -> HttpResponse:
    """Lead to the page that signs in, or asks for the code."""
    if request.headers.get("HX-Request"):
        # A page with a script stays where it is, and says so (static/js/desk.js).
        target = f"{reverse(name)}?{urlencode({'next': request.path})}"
        return HttpResponseClientRedirect(target)
    return lead_away(
        request, reverse(name), practice_id=practice_id, network=client_address(request)
    )


def to_proof(
    request: HttpRequest, old: ProofIsOld, *, practice_id: uuid.UUID | None = None
) -> HttpResponse:
    """Lead to where a session proves itself again, and back: to the form as it was filled in, or
    to the page on which a file was asked for.
    """
    messages.info(request, _("Pour cela, confirmez d’abord que c’est bien vous."))
    if old.is_file:
        return lead_to(request, "booking:prove-again", back=page_before(request))
    if practice_id is None:
        answer = lead_to(request, "booking:prove-again")
        unsent.keep(request, answer, page=way_back(request), network=client_address(request))
        return answer
    return _to(request, "booking:prove-again", practice_id)


def to_second_factor(request: HttpRequest) -> HttpResponse:
    """Lead to the second factor, and from there back."""
    return lead_to(request, "booking:second-factor")


def _ended(
    request: HttpRequest, membership: Membership | None, *, practice_id: uuid.UUID
) -> HttpResponse:
    """Say to a former member since when, also one who was removed; raises Http404 for strangers."""
    practice = Practice.objects.filter(pk=practice_id).first()
    day = membership.ends_on if membership else None
    if practice is not None and membership is None:
        at = members.removed_at(account_id=account_of(request).pk, practice_id=practice_id)
        day = at.astimezone(practice.zone).date() if at else None
    if practice is None or day is None:
        raise Http404
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(request.path)
    context = {"practice": practice, "day": day}
    return render(request, "dashboard/ended.html", context, status=403)


def _stopped(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(request.path)
    return render(request, "dashboard/stopped.html", status=403)
