"""Access to vendors' pages."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from booking.pages.access import account_of, is_verified, signed_in, to_second_factor
from booking.pages.lost import gone
from booking.pages.navigated import is_script
from booking.pages.session import work_session
from partners.models import Credential, Partner

View = Callable[..., HttpResponseBase]


def verified_account(view: View) -> View:
    """Allow only accounts signed in with a second factor, because keys are registered here."""

    @wraps(view)
    @signed_in
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not is_verified(request):
            return to_second_factor(request)
        work_session.begin(request, now=timezone.now())
        return view(request, *args, **kwargs)

    return guarded


def vendor_member(view: View) -> View:
    """Allow only accounts that act for the vendor in the address; others get 404.

    The view receives the partner, or the credential if the address names one of the vendor's.
    """

    @wraps(view)
    @verified_account
    def guarded(
        request: HttpRequest,
        partner_id: uuid.UUID,
        credential_id: uuid.UUID | None = None,
        **kwargs: Any,
    ) -> HttpResponseBase:
        mine = Partner.objects.filter(members__account=account_of(request))
        try:
            partner = get_object_or_404(mine, pk=partner_id)
            if credential_id is None:
                return view(request, partner, **kwargs)
            credential = get_object_or_404(
                Credential.objects.select_related("partner"), pk=credential_id, partner=partner
            )
            return view(request, credential, **kwargs)
        except Http404 as why:
            return _gone(request, why)

    return guarded


def _gone(request: HttpRequest, why: Http404) -> HttpResponse:
    """Say that the vendor does not, or no longer, have such an object, and where to continue."""
    if is_script(request):
        raise why
    words = gone.NotThere(
        _("Ce que vous cherchez n’est pas, ou n’est plus, de vos éditeurs."),
        onward=reverse("partners:vendors"),
        label=_("Espace éditeur"),
    )
    return gone.page(request, {}, why=words)
