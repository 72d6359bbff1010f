"""Who is at the door of a vendor's page."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from booking.views.access import account_of
from partners.models import Credential, Partner

View = Callable[..., HttpResponse]


def verified_account(view: View) -> View:
    """Only for who is signed in with a second factor: keys are registered here."""

    @wraps(view)
    @login_required
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_verified():  # type: ignore[union-attr]
            return redirect(f"{reverse('booking:second-factor')}?next={request.path}")
        return view(request, *args, **kwargs)

    return guarded


def vendor_member(view: View) -> View:
    """Only for accounts that act for the vendor in the address; others find nothing.

    The view gets the partner, or the credential if the address names one of the vendor's.
    """

    @wraps(view)
    @verified_account
    def guarded(
        request: HttpRequest,
        partner_id: uuid.UUID,
        credential_id: uuid.UUID | None = None,
        **kwargs: Any,
    ) -> HttpResponse:
        mine = Partner.objects.filter(members__account=account_of(request))
        partner = get_object_or_404(mine, pk=partner_id)
        if credential_id is None:
            return view(request, partner, **kwargs)
        credential = get_object_or_404(
            Credential.objects.select_related("partner"), pk=credential_id, partner=partner
        )
        return view(request, credential, **kwargs)

    return guarded
