"""What every staff page shares that shows something of a person: a purpose, a bound, an answer."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import redis
from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from audit.record.entries import Actor, ActorKind, Channel
from audit.staff_admin import ReadMostlyAdmin, only_reads
from audit.vault.guard import Answer, Decision, NotOpened
from audit.vault.reveal import Purpose, reveal
from audit.vault.sealing import SealedField
from booking.pages.access import account_of, origin_of

T = TypeVar("T")
PURPOSES = [
    (Purpose.SUPPORT.value, _("assistance demandée par la personne")),
    (Purpose.LEGAL.value, _("obligation légale")),
]


class PurposeForm(forms.Form):
    """Why staff must see it."""

    purpose = forms.ChoiceField(label=_("Raison"), choices=PURPOSES)

    @property
    def chosen(self) -> Purpose:
        """The purpose of a valid form."""
        return Purpose(self.cleaned_data["purpose"])


def acting_staff(request: HttpRequest) -> Actor:
    """The member of the team who is signed in, and through what they work."""
    return Actor(
        kind=ActorKind.STAFF, channel=Channel.ADMIN, id=account_of(request).pk,
        origin=origin_of(request),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Reading(Generic[T]):
    """What a page may show, or in words why it may not."""

    shown: T | None = None
    refused: str = ""

    @property
    def status(self) -> int:
        return 429 if self.refused else 200


def attempt(read: Callable[[], T]) -> Reading[T]:
    """Read for a page of the team; a spent bound, and a bound nobody can count, are answers."""
    try:
        return Reading(shown=read())
    except NotOpened as refused:
        if refused.decision.answer is not Answer.WAIT:
            raise
        return Reading(refused=_refusal(refused.decision))
    except redis.RedisError:
        return Reading(
            refused=gettext("Personne ne peut compter les lectures en ce moment : rien ne s’ouvre.")
        )


def _refusal(spent: Decision) -> str:
    minutes = math.ceil(spent.seconds / 60)
    return ngettext(
        "Vous avez ouvert les données de %(limit)d personnes, le plus qui soit permis d’affilée. "
        "Revenez dans une minute.",
        "Vous avez ouvert les données de %(limit)d personnes, le plus qui soit permis d’affilée. "
        "Revenez dans %(minutes)d minutes.",
        minutes,
    ) % {"limit": spent.limit, "minutes": minutes}


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

    def viewed_row(self, request: HttpRequest, pk: Any) -> Any:
        """The row of a page of its own. Raises Http404 and PermissionDenied."""
        row = self.get_queryset(request).filter(pk=pk).first()
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return row

    @only_reads
    def reveal_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        row = self.viewed_row(request, pk)
        form = PurposeForm(request.POST or None)
        reading: Reading[list[tuple[str, str]]] = Reading()
        if request.method == "POST" and form.is_valid():
            reading = attempt(lambda: self._texts(request, row, form.chosen))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Révéler des données scellées"),
            "opts": self.opts,
            "row": row,
            "form": form,
            "texts": reading.shown,
            "refused": reading.refused,
        }
        return TemplateResponse(request, "admin/reveal.html", context, status=reading.status)

    def _texts(self, request: HttpRequest, row: Any, purpose: Purpose) -> list[tuple[str, str]]:
        """The row's sealed texts under their names, on the record."""
        fields = [field for field in self.opts.fields if isinstance(field, SealedField)]
        names = [field.name for field in fields]
        with reveal(
            [(row, names)], actor=acting_staff(request), purpose=purpose, object_id=row.pk
        ) as plain:
            return [(str(field.verbose_name), plain.text(row, field.name)) for field in fields]
