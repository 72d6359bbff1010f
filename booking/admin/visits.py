"""Appointments, messages and questions about the record, as staff see them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from audit.staff_admin import ReadMostlyAdmin
from booking.admin.reading import RevealingAdmin
from booking.models import Appointment, Concern, Message


def without_people(names: list[str]) -> list[str]:
    """The columns of a row without those that say whose it is."""
    return [name for name in names if name not in {"patient", "booked_by", "account"}]


@admin.register(Appointment)
class AppointmentAdmin(RevealingAdmin):
    """Whose an appointment is does not stand here: it would tell, page by page, where and when a
    person is treated. A person's visits are read on their own page, with a purpose.
    """

    list_display = ("id", "practice", "starts_at", "status", "channel")
    list_filter = ("status", "channel")
    list_select_related = ("practice",)
    search_fields = ("=id", "=practice__id")
    ordering = ("-starts_at", "id")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return without_people(super().get_fields(request, obj))


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

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return without_people(super().get_fields(request, obj))
