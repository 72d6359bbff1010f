from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from audit.models import Entry, SubjectKey
from audit.record.actions import label_of
from audit.staff_admin import ReadMostlyAdmin


@admin.register(Entry)
class EntryAdmin(ReadMostlyAdmin):
    list_display = ("at", "said", "actor_kind", "channel", "purpose", "practice_id")
    list_filter = ("action", "channel", "purpose")
    search_fields = ("=id", "=actor_id", "=practice_id", "=object_id")
    ordering = ("-at", "-id")

    @admin.display(description=_("action"), ordering="action")
    def said(self, entry: Entry) -> str:
        """The action in words."""
        return str(label_of(entry.action))


@admin.register(SubjectKey)
class SubjectKeyAdmin(ReadMostlyAdmin):
    list_display = ("subject_id", "root_key_id", "created_at")
    search_fields = ("=subject_id",)
    ordering = ("subject_id",)
