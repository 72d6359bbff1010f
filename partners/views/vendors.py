"""Self-service pages of a vendor: credentials, keys, webhooks, calls and deliveries."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from audit.views.factor import fresh_factor
from audit.views.posted import form_is_at
from booking.pages.access import account_of, web_actor
from booking.pages.refusals import shown_in
from partners.domain import credentials, keys, outgoing, reveal_budget, usage, vendors, webhooks
from partners.forms import SCOPE_NAMES, CredentialForm, KeyForm, VendorForm, WebhookForm
from partners.models import Credential, Delivery, Partner
from partners.queries import deliveries_of, grants_of_credential, identities_opened
from partners.views.access import vendor_member, verified_account

USE_DAYS = 30


@never_cache
@verified_account
@require_http_methods(["GET", "HEAD", "POST"])
def vendor_list(request: HttpRequest) -> HttpResponse:
    form = VendorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form, {vendors.NameTaken: "name"}):
            partner = vendors.found(
                name=form.cleaned_data["name"], account=account_of(request),
                actor=web_actor(request), now=timezone.now(),
            )  # fmt: skip
            return redirect("partners:vendor", partner.pk)
    mine = Partner.objects.filter(members__account=account_of(request)).order_by("name")
    return render(request, "partners/vendors.html", {"form": form, "vendors": mine})


@never_cache
@vendor_member
@fresh_factor("POST")
@require_http_methods(["GET", "HEAD", "POST"])
def vendor(request: HttpRequest, partner: Partner) -> HttpResponse:
    form = CredentialForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with shown_in(form, {keys.UnusableKey: "jwk"}):
            made = credentials.register_for(
                partner=partner, label=form.cleaned_data["label"], jwk=form.cleaned_data["jwk"],
                actor=web_actor(request),
            )  # fmt: skip
            messages.success(request, _("L’accès est créé : donnez son identifiant aux cabinets."))
            return redirect("partners:credential", partner.pk, made.pk)
    rows = partner.credentials.order_by("created_at", "pk")
    return render(
        request, "partners/vendor.html", {"partner": partner, "form": form, "credentials": rows}
    )


@never_cache
@vendor_member
@require_http_methods(["GET", "HEAD"])
def credential(request: HttpRequest, row: Credential) -> HttpResponse:
    return _page(request, row)


def _page(
    request: HttpRequest, row: Credential, *, key_form: KeyForm | None = None,
    webhook_form: WebhookForm | None = None,
) -> HttpResponse:  # fmt: skip
    now = timezone.now()
    context = {
        "partner": row.partner,
        "credential": row,
        "keys": row.keys.order_by("created_at", "pk"),
        "key_form": key_form or KeyForm(),
        "grants": [
            (
                grant,
                [SCOPE_NAMES.get(scope, scope) for scope in grant.scopes],
                reveal_budget.use_of(grant, now=now),
            )
            for grant in grants_of_credential(row)
        ],
        "sandbox": vendors.sandbox_of(row),
        "webhooks": [
            (hook, webhooks.secret_of(hook))
            for hook in row.webhooks.filter(ended_at__isnull=True).order_by("created_at", "pk")
        ],
        "webhook_form": webhook_form or WebhookForm(),
        "deliveries": deliveries_of(row),
        "calls": usage.calls_of(row.pk, days=USE_DAYS, now=now).items(),
        "failures": usage.failures_of(row.pk)[:20],
        "limit": settings.PARTNER_REQUESTS_A_MINUTE,
        "opened": identities_opened(row, since=now - timedelta(days=USE_DAYS)),
        "days": USE_DAYS,
        "base_url": f"{settings.BASE_URL}/api/v1",
    }
    return render(request, "partners/credential.html", context)


@vendor_member
@fresh_factor("POST")
@form_is_at("partners:credential", lambda _request, row: (row.partner_id, row.pk))
def add_key(request: HttpRequest, row: Credential) -> HttpResponse:
    form = KeyForm(request.POST)
    if form.is_valid():
        with shown_in(form, {keys.UnusableKey: "jwk"}):
            credentials.add_key(
                credential=row, jwk=form.cleaned_data["jwk"], actor=web_actor(request)
            )
            messages.success(request, _("La clé est enregistrée."))
            return redirect("partners:credential", row.partner_id, row.pk)
    return _page(request, row, key_form=form)


@vendor_member
@require_POST
def revoke_key(request: HttpRequest, row: Credential, key_id: uuid.UUID) -> HttpResponse:
    key = get_object_or_404(row.keys, pk=key_id)
    if credentials.revoke_key(
        credential=row, kid=key.kid, actor=web_actor(request), now=timezone.now()
    ):
        said = _("La clé est révoquée, et avec elle tous les jetons de l’accès.")
        messages.success(request, said)
    else:
        messages.info(request, _("Cette clé était déjà révoquée."))
    return redirect("partners:credential", row.partner_id, row.pk)


@vendor_member
@fresh_factor("POST")
@form_is_at("partners:credential", lambda _request, row: (row.partner_id, row.pk))
def add_webhook(request: HttpRequest, row: Credential) -> HttpResponse:
    form = WebhookForm(request.POST)
    if form.is_valid():
        with shown_in(
            form,
            {
                outgoing.Forbidden: "url",
                outgoing.Unreachable: "url",
                webhooks.TooManyWebhooks: "url",
            },
        ):
            webhooks.register(
                credential=row, url=form.cleaned_data["url"], actor=web_actor(request),
                now=timezone.now(),
            )  # fmt: skip
            messages.success(request, _("L’adresse est enregistrée."))
            return redirect("partners:credential", row.partner_id, row.pk)
    return _page(request, row, webhook_form=form)


@vendor_member
@require_POST
def end_webhook(request: HttpRequest, row: Credential, webhook_id: uuid.UUID) -> HttpResponse:
    hook = get_object_or_404(row.webhooks, pk=webhook_id)
    if webhooks.end(webhook=hook, actor=web_actor(request), now=timezone.now()):
        messages.success(request, _("Cette adresse ne reçoit plus rien."))
    else:
        messages.info(request, _("Cette adresse ne recevait déjà plus rien."))
    return redirect("partners:credential", row.partner_id, row.pk)


@vendor_member
@fresh_factor("POST")
@require_POST
def change_secret(request: HttpRequest, row: Credential, webhook_id: uuid.UUID) -> HttpResponse:
    hook = get_object_or_404(row.webhooks, pk=webhook_id)
    webhooks.change_secret(webhook=hook, actor=web_actor(request), now=timezone.now())
    messages.success(request, _("Le secret a changé ; l’ancien signe encore pendant un jour."))
    return redirect("partners:credential", row.partner_id, row.pk)


@vendor_member
@require_POST
def replay(request: HttpRequest, row: Credential, delivery_id: uuid.UUID) -> HttpResponse:
    delivery = get_object_or_404(Delivery, pk=delivery_id, webhook__credential=row)
    webhooks.replay(delivery=delivery, now=timezone.now())
    messages.success(request, _("La livraison repart."))
    return redirect("partners:credential", row.partner_id, row.pk)


@vendor_member
@require_POST
def make_sandbox(request: HttpRequest, row: Credential) -> HttpResponse:
    if vendors.sandbox_of(row) is None:
        vendors.make_sandbox(
            credential=row, account=account_of(request), actor=web_actor(request),
            now=timezone.now(),
        )  # fmt: skip
        messages.success(request, _("Le cabinet d’essai est prêt."))
    return redirect("partners:credential", row.partner_id, row.pk)
