"""Accounts and patients: found by who they are with a purpose alone, and on the record."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from audit.staff_admin import only_reads
from booking.admin.reading import PurposeForm, Reading, RevealingAdmin, acting_staff, attempt
from booking.models import Account, Appointment, Patient
from booking.oversight import staff_lookup
from booking.rights import erase


class LookUpForm(PurposeForm):
    """Who is looked for, and why."""

    text = forms.CharField(
        label=_("Nom, téléphone, e-mail ou date de naissance"),
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=_("Tels qu’ils ont été donnés : une partie d’un nom ne trouve personne."),
        max_length=200,
    )
    field_order = ("text", "purpose")


class PeopleAdmin(RevealingAdmin):
    """Rows about people: the list is searched by identifier, people on a page of its own."""

    search_fields = ("=id",)
    search_help_text = _("Identifiant seulement")
    change_list_template = "admin/people.html"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Nobody is found by who they are: what stands in an address is in every log."""
        try:
            return queryset.filter(pk=UUID(search_term.strip())), False
        except ValueError:
            if not search_term.strip():
                return queryset, False
            messages.warning(
                request,
                format_html(
                    '{} <a href="{}">{}</a>',
                    _("Cette liste se cherche par identifiant seulement."),
                    reverse("admin:booking_patient_look_up"),
                    _("Chercher une personne, avec une raison"),
                ),
            )
            return queryset.none(), False


@admin.register(Account)
class AccountAdmin(PeopleAdmin):
    list_display = ("id", "email_verified_at", "is_active", "is_staff", "created_at")
    list_filter = ("is_staff", "is_active")
    ordering = ("-created_at", "id")
    changeable = ("is_active",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.erase_view)
        return [path("<uuid:pk>/erase/", view, name="booking_account_erase"), *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_fields(request, obj), "people", "second_factor", "erasure"]

    @admin.display(description=_("personnes du compte"))
    def people(self, obj: Any) -> str:
        url = f"{reverse('admin:booking_patient_look_up')}?{urlencode({'compte': obj.pk})}"
        return format_html('<a href="{}">{}</a>', url, _("Voir ses personnes, avec une raison"))

    @admin.display(description=_("second facteur"))
    def second_factor(self, obj: Any) -> str:
        url = reverse("admin:booking_factorreset_of_account", args=[obj.pk])
        return format_html('<a href="{}">{}</a>', url, _("Réinitialiser, à deux"))

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
            try:
                erase.erase_account(account=row, actor=acting_staff(request), now=now)
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


@admin.register(Patient)
class PatientAdmin(PeopleAdmin):
    list_display = ("id", "relation", "account_id", "created_at")
    ordering = ("-created_at", "id")

    def get_urls(self) -> list[URLPattern]:
        look_up = self.admin_site.admin_view(self.look_up_view)
        visits = self.admin_site.admin_view(self.visits_view)
        return [
            path("look-up/", look_up, name="booking_patient_look_up"),
            path("<uuid:pk>/visits/", visits, name="booking_patient_visits"),
            *super().get_urls(),
        ]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_fields(request, obj), "visits"]

    @admin.display(description=_("rendez-vous"))
    def visits(self, obj: Any) -> str:
        url = reverse("admin:booking_patient_visits", args=[obj.pk])
        return format_html('<a href="{}">{}</a>', url, _("Voir ses rendez-vous, avec une raison"))

    @only_reads
    def look_up_view(self, request: HttpRequest) -> HttpResponse:
        """Find people by who they are: a reading like any other, with a purpose."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = LookUpForm(request.POST or None, initial={"text": request.GET.get("compte", "")})
        reading: Reading[list[staff_lookup.Found]] = Reading()
        if request.method == "POST" and form.is_valid():
            try:
                reading = attempt(
                    lambda: staff_lookup.look_up(
                        text=form.cleaned_data["text"], purpose=form.chosen,
                        actor=acting_staff(request), now=timezone.now(),
                    )
                )  # fmt: skip
            except (staff_lookup.NothingSaid, staff_lookup.TooMany) as problem:
                form.add_error("text", str(problem.text))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Chercher une personne"),
            "opts": self.opts,
            "form": form,
            "found": reading.shown,
            "refused": reading.refused,
        }
        return TemplateResponse(request, "admin/look_up.html", context, status=reading.status)

    @only_reads
    def visits_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Show where and when a person is treated, once a purpose is on the record."""
        row = self.viewed_row(request, pk)
        form = PurposeForm(request.POST or None)
        reading: Reading[list[Appointment]] = Reading()
        if request.method == "POST" and form.is_valid():
            reading = attempt(
                lambda: staff_lookup.visits_of(
                    patient=row, purpose=form.chosen, actor=acting_staff(request),
                    now=timezone.now(),
                )
            )  # fmt: skip
        context = {
            **self.admin_site.each_context(request),
            "title": _("Rendez-vous d’une personne"),
            "opts": self.opts,
            "row": row,
            "form": form,
            "visits": reading.shown,
            "refused": reading.refused,
        }
        return TemplateResponse(request, "admin/visits.html", context, status=reading.status)
