"""The record's actions of the composition."""

from django.utils.translation import gettext_lazy as _

from audit.record.actions import register

DEMO_LOADED = register(
    "demo-loaded", _("Démonstration chargée"), why_unread="about a whole demonstration"
)
