"""Staff pages. Patient data stays sealed; a reveal takes a purpose and is on the record."""

import math
from typing import Any

import redis
from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django_scopes import scopes_disabled

from audit.record import entries
from audit.record.entries import Channel
from audit.staff_admin import ReadMostlyAdmin
from audit.vault.reveal import Purpose, reveal
from audit.vault.sealing import SealedField
from audit.watch.budget import BudgetSpent
from booking.domain import erase
from booking.domain.accounts import account_actor
from booking.domain.sought import find_patients
from booking.models import Account, Appointment, Concern, Message, Patient
from booking.models.account import email_index

PURPOSES = [
    (Purpose.SUPPORT.value, _("assistance demandée par la personne")),
    (Purpose.LEGAL.value, _("obligation légale")),
]


class PurposeForm(forms.Form):
    """Why staff must see it."""

    purpose = forms.ChoiceField(label=_("Raison"), choices=PURPOSES)


class RevealingAdmin(ReadMostlyAdmin):
    """Adds the page on which staff state a purpose and then see one row's sealed fields."""

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_reveal"
        view = self.admin_site.admin_view(self.reveal_view)
        return [path("<uuid:pk>/reveal/", view, name=name), *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_fields(request, obj), "sealed_fields"]

    @admin.display(description=_("données scellées"))
    def sealed_fields(self, obj: Any) -> str:
        url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_reveal", args=[obj.pk])
        return format_html('<a href="{}">{}</a>', url, _("Révéler, avec une raison"))

    def reveal_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        row = self.get_queryset(request).filter(pk=pk).first()
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        form = PurposeForm(request.POST or None)
        texts: list[tuple[str, str]] = []
        refused = ""
        if request.method == "POST" and form.is_valid():
            names = [f.name for f in self.opts.fields if isinstance(f, SealedField)]
            actor = account_actor(request.user, channel=Channel.ADMIN)  # type: ignore[arg-type]
            purpose = Purpose(form.cleaned_data["purpose"])
            try:
                with reveal(
                    [(row, names)], actor=actor, purpose=purpose, object_id=row.pk
                ) as plain:
                    texts = [
                        (str(self.opts.get_field(name).verbose_name), plain.text(row, name))  # type: ignore[union-attr]
                        for name in names
                    ]
            except BudgetSpent as spent:
                refused = _refusal(spent)
            except redis.RedisError:
                refused = gettext(
                    "Personne ne peut compter les lectures en ce moment : rien ne s’ouvre."
                )
        context = {
            **self.admin_site.each_context(request),
            "title": _("Révéler des données scellées"),
            "opts": self.opts,
            "row": row,
            "form": form,
            "texts": texts,
            "refused": refused,
        }
        status = 429 if refused else 200
        return TemplateResponse(request, "admin/reveal.html", context, status=status)


def _refusal(spent: BudgetSpent) -> str:
    minutes = math.ceil(spent.seconds / 60)
    return ngettext(
        "Vous avez ouvert les données de %(limit)d personnes, le plus qui soit permis d’affilée. "
        "Revenez dans une minute.",
        "Vous avez ouvert les données de %(limit)d personnes, le plus qui soit permis d’affilée. "
        "Revenez dans %(minutes)d minutes.",
        minutes,
    ) % {"limit": spent.limit, "minutes": minutes}


@admin.register(Account)
class AccountAdmin(RevealingAdmin):
    list_display = ("id", "email_verified_at", "is_active", "is_staff", "created_at")
    list_filter = ("is_staff", "is_active")
    search_fields = ("=id",)
    search_help_text = _("Identifiant, ou adresse e-mail entière")
    ordering = ("-created_at", "id")
    changeable = ("is_active",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.erase_view)
        return [path("<uuid:pk>/erase/", view, name="booking_account_erase"), *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_fields(request, obj), "erasure"]

    @admin.display(description=_("effacement"))
    def erasure(self, obj: Any) -> str:
        url = reverse("admin:booking_account_erase", args=[obj.pk])
        return format_html('<a href="{}">{}</a>', url, _("Effacer à la demande de la personne"))

    def erase_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Erase an account on its owner's behalf; on the record under the staff member's name."""
        row = self.get_queryset(request).filter(pk=pk).first()
        if row is None:
            raise Http404
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        now, problem = timezone.now(), ""
        if request.method == "POST":
            actor = account_actor(request.user, channel=Channel.ADMIN)  # type: ignore[arg-type]
            try:
                erase.erase_account(account=row, actor=actor, now=now)
            except erase.StillWorksHere as refused:
                problem = str(refused.text)
            else:
                self.message_user(request, _("Le compte est effacé."))
                return redirect("admin:booking_account_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Effacer un compte"),
            "opts": self.opts,
            "row": row,
            "plan": erase.plan(account=row, now=now),
            "problem": problem,
        }
        return TemplateResponse(request, "admin/erase.html", context)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if "@" in search_term:
            return queryset.filter(email_index=email_index(search_term)), False
        return super().get_search_results(request, queryset, search_term)


@admin.register(Patient)
class PatientAdmin(RevealingAdmin):
    list_display = ("id", "relation", "account_id", "created_at")
    search_fields = ("=id",)
    search_help_text = _("Identifiant, nom entier, téléphone, e-mail ou date de naissance")
    ordering = ("-created_at", "id")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term or search_term.count("-") == 4:
            return super().get_search_results(request, queryset, search_term)
        with scopes_disabled():
            ids = [patient.pk for patient in find_patients(text=search_term, limit=50)]
        return queryset.filter(pk__in=ids), False


@admin.register(Appointment)
class AppointmentAdmin(RevealingAdmin):
    list_display = ("id", "practice", "starts_at", "status", "channel")
    list_filter = ("status", "channel")
    list_select_related = ("practice",)
    search_fields = ("=id", "=patient__id", "=practice__id")
    ordering = ("-starts_at", "id")


@admin.register(Concern)
class ConcernAdmin(RevealingAdmin):
    list_display = ("id", "practice", "entry_id", "created_at", "answered_at")
    list_filter = (("answered_at", admin.EmptyFieldListFilter),)
    list_select_related = ("practice",)
    search_fields = ("=id", "=entry_id", "=practice__id")
    ordering = ("-created_at", "id")


@admin.register(Message)
class MessageAdmin(ReadMostlyAdmin):
    list_display = ("id", "kind", "channel", "state", "due_at", "attempts", "problem")
    list_filter = ("state", "kind", "channel")
    search_fields = ("=id", "=appointment__id")
    ordering = ("-due_at", "id")


class SecondFactorAdmin(ReadMostlyAdmin):
    """Second factors, registered in doctolib/admin.py: seen without their secrets, and taken away
    from somebody who has lost theirs, which is on the record.
    """

    list_display = ("user", "confirmed", "created_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("=user__id",)
    ordering = ("-created_at", "id")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["user", "confirmed", "created_at", "last_used_at"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            _note_reset(request, obj)
            obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            for each in queryset:
                _note_reset(request, each)
            queryset.delete()


def _note_reset(request: HttpRequest, device: Any) -> None:
    entries.write(
        "second-factor-reset",
        actor=account_actor(request.user, channel=Channel.ADMIN),  # type: ignore[arg-type]
        subjects=[device.user_id],
        details={"model": device._meta.label},
    )
