"""Taking second factors away from somebody who has lost them, in two steps by two of the team."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from audit.staff_admin import ReadMostlyAdmin
from booking.accounts.factors import factor_reset
from booking.admin.reading import acting_staff
from booking.models import Account, FactorReset
from booking.models.accounts.factor_reset import Proof


class AskForm(forms.Form):
    """How the team knows that the owner asks."""

    proof = forms.ChoiceField(label=_("Comment l’identité a été vérifiée"), choices=Proof.choices)


@admin.register(FactorReset)
class FactorResetAdmin(ReadMostlyAdmin):
    """Each reset and how it ended; the page of an account asks for one and decides on it."""

    list_display = ("id", "account_id", "proof", "asked_at", "due_at", "ended_at", "outcome")
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "outcome")
    search_fields = ("=id", "=account__id")
    ordering = ("-asked_at", "id")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_fields(request, obj), "decision"]

    @admin.display(description=_("décision"))
    def decision(self, obj: Any) -> str:
        url = reverse("admin:booking_factorreset_of_account", args=[obj.account_id])
        return format_html('<a href="{}">{}</a>', url, _("Décider, ou demander de nouveau"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.of_account_view)
        name = "booking_factorreset_of_account"
        return [path("of/<uuid:account_id>/", view, name=name), *super().get_urls()]

    def of_account_view(self, request: HttpRequest, account_id: Any) -> HttpResponse:
        """Ask for a reset of one account, or decide on the one that waits."""
        if not request.user.has_perm("booking.change_account"):
            raise PermissionDenied
        account = get_object_or_404(Account, pk=account_id)
        decides = "decision" in request.POST
        form, problem = AskForm(None if decides else request.POST or None), ""
        if request.method == "POST":
            try:
                said = self._act(request, account, form)
            except factor_reset.ResetRefused as refused:
                problem = str(refused.text)
            else:
                if said:
                    self.message_user(request, said)
                    return redirect("admin:booking_factorreset_of_account", account.pk)
        waiting = factor_reset.pending(account)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Réinitialiser le second facteur"),
            "opts": self.opts,
            "row": account,
            "waiting": waiting,
            "last": factor_reset.last_ended(account),
            "may_decide": waiting is not None and waiting.asked_by != acting_staff(request).id,
            "has_factors": factor_reset.has_factors(account),
            "form": form,
            "problem": problem,
        }
        return TemplateResponse(request, "admin/factor_reset.html", context)

    def _act(self, request: HttpRequest, account: Account, form: AskForm) -> Any:
        """Do what the pressed button says; return the words for it, or nothing for a wrong form."""
        actor, now = acting_staff(request), timezone.now()
        decision, waiting = request.POST.get("decision"), factor_reset.pending(account)
        if decision is not None:
            # Another page than this one may have decided, and somebody have asked anew.
            shown = request.POST.get("demande") or (str(waiting.pk) if waiting else "")
            if waiting is None or shown != str(waiting.pk):
                raise factor_reset.ResetRefused(factor_reset.DECIDED)
            factor_reset.decide(
                reset_id=waiting.pk, approve=decision == "approve", actor=actor, now=now
            )
            if decision == "approve":
                return _("Le titulaire est prévenu et a un jour pour l’arrêter.")
            return _("La demande est refusée.")
        if not form.is_valid():
            return ""
        factor_reset.ask(
            account=account, proof=Proof(form.cleaned_data["proof"]), actor=actor, now=now
        )
        return _("La demande attend une autre personne de l’équipe.")
