from django.contrib import admin

from audit.staff_admin import ReadMostlyAdmin
from partners.models import (
    CalendarFeed,
    Credential,
    CredentialKey,
    Delivery,
    Grant,
    ImportedCalendar,
    Partner,
    PartnerMember,
    Webhook,
)


@admin.register(Partner)
class PartnerAdmin(ReadMostlyAdmin):
    list_display = ("name", "verified_at", "created_at")
    search_fields = ("name", "=id")
    ordering = ("name",)
    changeable = ("verified_at",)


@admin.register(Credential)
class CredentialAdmin(ReadMostlyAdmin):
    list_display = ("label", "partner", "suspended_at", "created_at")
    list_select_related = ("partner",)
    search_fields = ("label", "=id")
    ordering = ("-created_at", "id")
    changeable = ("suspended_at", "sender_constrained")


@admin.register(CredentialKey)
class CredentialKeyAdmin(ReadMostlyAdmin):
    list_display = ("kid", "credential", "revoked_at", "created_at")
    list_select_related = ("credential",)
    search_fields = ("kid", "=credential__id")
    ordering = ("-created_at", "id")
    changeable = ("revoked_at",)


@admin.register(Grant)
class GrantAdmin(ReadMostlyAdmin):
    list_display = ("credential", "practice", "scopes", "revoked_at")
    list_select_related = ("credential", "practice")
    search_fields = ("practice__search_name", "=credential__id", "=id")
    ordering = ("-created_at", "id")
    changeable = ("revoked_at",)


@admin.register(CalendarFeed)
class CalendarFeedAdmin(ReadMostlyAdmin):
    list_display = ("label", "agenda", "revoked_at", "created_at")
    list_select_related = ("agenda__practitioner", "agenda__practice")
    search_fields = ("label", "=agenda__id", "=id")
    ordering = ("-created_at", "id")
    changeable = ("revoked_at",)


@admin.register(ImportedCalendar)
class ImportedCalendarAdmin(ReadMostlyAdmin):
    list_display = ("label", "agenda", "read_at", "failures", "problem", "created_at")
    list_select_related = ("agenda__practitioner", "agenda__practice")
    search_fields = ("label", "=agenda__id", "=id")
    ordering = ("-created_at", "id")


@admin.register(PartnerMember)
class PartnerMemberAdmin(ReadMostlyAdmin):
    list_display = ("partner", "account_id", "created_at")
    list_select_related = ("partner",)
    search_fields = ("partner__name", "=account__id", "=id")
    ordering = ("-created_at", "id")


@admin.register(Webhook)
class WebhookAdmin(ReadMostlyAdmin):
    list_display = ("url", "credential", "ended_at", "created_at")
    list_select_related = ("credential",)
    search_fields = ("url", "=credential__id", "=id")
    ordering = ("-created_at", "id")
    changeable = ("ended_at",)


@admin.register(Delivery)
class DeliveryAdmin(ReadMostlyAdmin):
    list_display = ("webhook", "appointment_id", "state", "attempts", "problem", "created_at")
    list_select_related = ("webhook",)
    list_filter = ("state",)
    search_fields = ("=webhook__id", "=appointment__id", "=id")
    ordering = ("-created_at", "id")
