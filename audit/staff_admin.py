"""What the apps' admin pages share: read-mostly pages that never show sealed text."""

import uuid
from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.contrib import admin
from django.db import models, transaction
from django.http import HttpRequest

from audit import actions
from audit.record import entries
from audit.record.entries import Actor, ActorKind, Channel
from audit.vault.sealing import SealedField

# By this a page of the administration says that its form only states why something is read.
IS_READING = "is_reading"
View = TypeVar("View", bound=Callable[..., Any])


def only_reads(view: View) -> View:
    """Let a page take its form without a proof of just now: it reads, and changes nothing.

    Every other form of the administration asks for one (doctolib/admin.py).
    """
    setattr(view, IS_READING, True)
    return view


# How Django's own list filters ask for a column.
_BY_FILTERS = ("", "__exact", "__isnull", "__isempty")


class ReadMostlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Everything is shown, only `changeable` fields are edited, nothing is added or deleted.

    Rows come from the model's unscoped manager where it has one: staff work across practices.
    """

    changeable: tuple[str, ...] = ()
    list_per_page = 50
    show_full_result_count = False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only by what the list's own filters ask: any other column would answer letter by letter
        what it holds, or whose a row is.
        """
        filtered = [each[0] if isinstance(each, tuple) else each for each in self.list_filter]
        return lookup in {f"{name}{suffix}" for name in filtered for suffix in _BY_FILTERS}

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        manager = getattr(self.model, "unscoped", None) or self.model._default_manager
        queryset: models.QuerySet[Any] = manager.get_queryset()
        ordering = self.get_ordering(request)
        return queryset.order_by(*ordering) if ordering else queryset

    def get_list_display(self, request: HttpRequest) -> Any:
        """The columns of the list; one of ids alone has its model's name, as any other."""
        return [self._named(name) for name in super().get_list_display(request)]

    def _named(self, column: Any) -> Any:
        keys = {field.attname: field for field in self.model._meta.fields if field.is_relation}
        if column not in keys:
            return column

        @admin.display(description=keys[column].verbose_name, ordering=column)
        def of_row(row: models.Model) -> Any:
            return getattr(row, column)

        return of_row

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        hidden = {"password", "digest", "hold_key"}
        return [
            field.name
            for field in self.model._meta.fields
            if field.name not in hidden and not isinstance(field, models.BinaryField)
        ] + [field.name for field in self.model._meta.fields if isinstance(field, SealedField)]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form, filled in as it was sent where a proof was asked first.

        See booking/pages/lost/unsent.py.
        """
        form = super().get_form(request, obj, change, **kwargs)
        unsent = getattr(request, "unsent", None)
        if request.method != "GET" or unsent is None or not unsent.is_filled_in:
            return form
        given = request.POST

        class FilledIn(form):  # type: ignore[misc,valid-type]
            def __init__(self, *args: Any, **more: Any) -> None:
                super().__init__(*args, **more)
                for name, field in self.fields.items():
                    if not field.widget.value_omitted_from_data(given, {}, name):
                        self.initial[name] = field.widget.value_from_datadict(given, {}, name)

        return FilledIn

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [name for name in self.get_fields(request, obj) if name not in self.changeable]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.changeable) and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save what staff changed, and say so on the record, in one transaction."""
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            entries.write(
                actions.STAFF_CHANGED,
                actor=Actor(
                    kind=ActorKind.STAFF, channel=Channel.ADMIN, id=cast(Any, request.user).pk
                ),
                object_id=obj.pk if isinstance(obj.pk, uuid.UUID) else None,
                details={"model": obj._meta.label, "changed": sorted(form.changed_data)},
            )
