"""Second factors, registered in doctolib/admin.py: seen without their secrets."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from audit.record import entries
from audit.record.entries import Channel
from audit.staff_admin import ReadMostlyAdmin
from booking.domain.accounts import account_actor


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
