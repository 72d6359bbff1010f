from django.contrib import admin

from audit.staff_admin import ReadMostlyAdmin
from practitioners.models import (
    Absence,
    Agenda,
    Commune,
    Invitation,
    Membership,
    Opening,
    Practice,
    Practitioner,
    Specialty,
    Taken,
    VisitReason,
)


@admin.register(Practice)
class PracticeAdmin(ReadMostlyAdmin):
    list_display = ("name", "town", "postcode", "time_zone")
    list_filter = ("time_zone",)
    search_fields = ("search_name", "postcode", "=id")
    ordering = ("name", "id")
    changeable = ("name", "address", "phone", "access_info", "step_free", "time_zone")


@admin.register(Practitioner)
class PractitionerAdmin(ReadMostlyAdmin):
    list_display = ("__str__", "national_id", "sector")
    search_fields = ("search_name", "=national_id", "=id")
    ordering = ("search_name", "id")
    changeable = ("title", "presentation", "sector")


@admin.register(Specialty)
class SpecialtyAdmin(ReadMostlyAdmin):
    list_display = ("code", "name", "name_en")
    search_fields = ("search_name", "=code")
    ordering = ("code",)
    changeable = ("name_en",)


@admin.register(Commune)
class CommuneAdmin(ReadMostlyAdmin):
    list_display = ("code", "name", "department", "population")
    search_fields = ("search_name", "=code")
    ordering = ("code",)


@admin.register(Agenda)
class AgendaAdmin(ReadMostlyAdmin):
    list_display = ("practitioner", "practice", "active", "accepts_new_patients")
    list_select_related = ("practitioner", "practice")
    search_fields = ("practitioner__search_name", "practice__search_name", "=id")
    ordering = ("id",)
    changeable = ("active", "accepts_new_patients")


@admin.register(VisitReason)
class VisitReasonAdmin(ReadMostlyAdmin):
    list_display = ("name", "agenda", "duration_minutes", "active")
    list_select_related = ("agenda__practitioner", "agenda__practice")
    search_fields = ("name", "=id")
    ordering = ("name", "id")


@admin.register(Opening)
class OpeningAdmin(ReadMostlyAdmin):
    list_display = ("agenda", "starts_on", "from_time", "until_time", "every_weeks", "capacity")
    list_select_related = ("agenda__practitioner", "agenda__practice")
    search_fields = ("agenda__practitioner__search_name", "=id")
    ordering = ("agenda", "number")


@admin.register(Absence)
class AbsenceAdmin(ReadMostlyAdmin):
    list_display = ("agenda", "starts_at", "until", "label")
    list_select_related = ("agenda__practitioner", "agenda__practice")
    search_fields = ("agenda__practitioner__search_name", "=id")
    ordering = ("-starts_at", "id")


@admin.register(Taken)
class TakenAdmin(ReadMostlyAdmin):
    list_display = ("agenda", "period", "seat", "hold_until")
    list_select_related = ("agenda__practitioner", "agenda__practice")
    search_fields = ("=id", "=agenda__id")
    ordering = ("-id",)


@admin.register(Membership)
class MembershipAdmin(ReadMostlyAdmin):
    list_display = ("account_id", "practice", "role", "created_at")
    list_select_related = ("practice",)
    search_fields = ("practice__search_name", "=account__id")
    ordering = ("-created_at", "id")


@admin.register(Invitation)
class InvitationAdmin(ReadMostlyAdmin):
    list_display = ("practice", "role", "expires_at", "accepted_at")
    list_select_related = ("practice",)
    search_fields = ("practice__search_name", "=id")
    ordering = ("-created_at", "id")
