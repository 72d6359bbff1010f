"""Every address of the site with who may ask it, and objects to ask it about."""

import pytest
from django.db import transaction
from django.urls import get_resolver, reverse

from tests.abuse.world import build
from tests.conftest import NOW

# Everybody may open these.
PUBLIC = {
    # What a device keeps without network: nothing of anybody's.
    # The holder of a mail's link: tests/booking/accounts/test_own_account.py.
    "booking:no-reminders",
    "booking:offline", "booking:manifest", "booking:service-worker",
    "practitioners:widget", "practitioners:widget-script", "practitioners:robots", "practitioners:sitemaps", "practitioners:sitemap",
    "practitioners:home", "practitioners:search", "practitioners:suggest-what",
    "practitioners:suggest-where", "practitioners:practitioner", "booking:sign-in",
    "booking:code", "booking:sign-out", "booking:sign-up", "booking:check-mail",
    "booking:choose-password",
    # Of this browser's own sign-up: tests/booking/accounts/test_verification.py.
    "booking:check-state", "booking:go-on", "booking:send-again", "booking:correct-address",
    # Whoever has the link of a mail: tests/booking/accounts/test_email_change.py.
    "booking:stop-email-change", "booking:reset-asked",
    # Whoever has the link of a mail: tests/abuse/test_factor_reset.py.
    "booking:stop-factor-reset",
    # Whoever has the link of a mail: tests/abuse/test_told_changes.py.
    "booking:undo-change",
    # The holder of a device's key, of the session that is bound to it: tests/abuse/test_bound_session.py.
    "booking:register-device", "booking:renew-device",
    # Whoever has the link reads whom it is for: tests/booking/web/test_invited.py.
    "booking:accept-invitation",
    "booking:verify-email", "booking:forgotten", "booking:reset-password", "booking:hold",
    "booking:confirm", "booking:confirm-together", "booking:let-go", "set_language",
    # Whoever has the link: tests/booking/web/test_waiting_list.py.
    "booking:offer", "audit:about", "audit:checkpoint", "audit:tile",
    "audit:consistency", "ready",
    # Whoever asks it proves who they are in the body: tests/partners/test_oauth.py.
    "api:token",
    # Whoever has the address: tests/partners/test_feeds.py.
    "partners:feed",
    # What the API is, for whoever wants to write for it.
    "api:schema", "partners:reference", "api:unknown",
    "fhir:metadata", "fhir:unknown",
}  # fmt: skip


# They answer with what a browser needs for a key, or refuse: tests/booking/web/test_passkeys.py.
KEYS = {
    "booking:begin-passkey", "booking:complete-passkey", "booking:begin-adding-passkey",
    "booking:complete-adding-passkey",
}  # fmt: skip


# Only who is signed in, and then only their own.
OWN = {
    "booking:account", "booking:reads", "booking:second-factor", "booking:people",
    "booking:new-person", "booking:person", "booking:my-appointments", "booking:appointment",
    "booking:move", "booking:cancel", "booking:take-back", "booking:calendar-file",
    "booking:proof", "booking:concern", "booking:my-data", "booking:my-data-file", "booking:erase-account",
    "booking:my-incidents", "booking:join-waiting-list", "booking:leave-waiting-list",
    "booking:hand-over", "booking:accept-handover", "booking:offline-visits", "booking:my-conversations", "booking:begin-conversation", "booking:my-conversation",
    "booking:answer-questions", "booking:sessions", "booking:end-session", "booking:end-other-sessions",
    "booking:toggle-favourite", "booking:workplaces", "booking:leave-practice", "booking:change-email",
    "booking:prove-new-email", "booking:send-to-new-email", "booking:keep-email",
    "booking:prove-again", "booking:change-password",
    "booking:passkeys", "booking:forget-passkey", "booking:new-recovery-codes",
    "booking:end-recovery-codes",
    "booking:repeat", "booking:my-documents", "booking:my-document", "booking:withdraw-document",
}  # fmt: skip


# Only members of the practice whose role has the permission.
PRACTICE = {
    "booking:agenda": "booking.view_agenda",
    "booking:agenda-names": "booking.view_agenda",
    "booking:find-patients": "booking.view_patients",
    "booking:resume": "booking.view_agenda",
    "booking:new-visit": "booking.change_appointments",
    "booking:visit": "booking.view_agenda",
    "booking:mark-visit": "booking.change_appointments",
    "booking:move-visit": "booking.change_appointments",
    "booking:repeat-visit": "booking.change_appointments",
    "booking:cancel-visit": "booking.change_appointments",
    "booking:restore-visit": "booking.change_appointments",
    "booking:waiting-list": "booking.view_agenda",
    "booking:add-wait": "booking.change_appointments",
    "booking:note-visit": "booking.change_appointments",
    "booking:statistics": "booking.view_agenda",
    "booking:questions": "booking.change_reasons",
    "booking:copy-week": "booking.change_openings",
    "booking:substitutes": "booking.change_openings",
    "booking:dismiss-substitute": "booking.change_openings",
    "booking:date-member": "booking.change_members",
    "booking:week-templates": "booking.change_openings",
    "booking:week-template": "booking.change_openings",
    "booking:delete-week-template": "booking.change_openings",
    "booking:practice-conversations": "booking.view_patients",
    "booking:practice-conversation": "booking.change_appointments",
    "booking:close-conversation": "booking.change_appointments",
    "booking:merge-patients": "booking.merge_patients",
    "booking:separate-patients": "booking.merge_patients",
    "booking:imports": "booking.import_patients",
    "booking:patient-import": "booking.import_patients",
    "booking:import-rejects": "booking.import_patients",
    "booking:change-import": "booking.import_patients",
    "booking:practice-documents": "booking.view_patients",
    "booking:patient-documents": "booking.change_appointments",
    "booking:practice-document": "booking.change_appointments",
    "booking:withdraw-practice-document": "booking.change_appointments",
    "booking:statistics-csv": "booking.view_agenda",
    "booking:remove-wait": "booking.change_appointments",
    "booking:week-plan": "booking.view_agenda",
    "booking:new-absence": "booking.change_absences",
    "booking:delete-absence": "booking.change_absences",
    "booking:new-opening": "booking.change_openings",
    "booking:opening": "booking.change_openings",
    "booking:delete-opening": "booking.change_openings",
    "booking:resources": "booking.change_openings",
    "booking:resource": "booking.change_openings",
    "booking:new-reason": "booking.change_reasons",
    "booking:reason": "booking.change_reasons",
    "booking:agenda-settings": "booking.change_openings",
    "booking:practice-settings": "booking.change_practice",
    "booking:practice-reads": "booking.view_record",
    "booking:practice-reads-csv": "booking.view_record",
    "booking:answer-concern": "booking.view_record",
    "booking:practice-incidents": "booking.view_record",
    "booking:practice-incident": "booking.view_record",
    "booking:practice-incident-csv": "booking.view_record",
    "booking:delegate": "booking.view_record",
    "booking:members": "booking.change_members",
    "booking:link-member": "booking.change_members",
    "booking:remove-member": "booking.change_members",
    "booking:withdraw-invitation": "booking.change_members",
    "partners:software": "booking.change_grants",
    "partners:withdraw": "booking.change_grants",
    "partners:feeds": "booking.change_feeds",
    "partners:close-feed": "booking.change_feeds",
    "partners:import-calendar": "booking.change_feeds",
    "partners:forget-calendar": "booking.change_feeds",
}


API = {
    "api:agendas", "api:slots", "api:openings", "api:opening", "api:absences", "api:absence",
    "api:holds", "api:hold", "api:appointments", "api:appointment", "api:move", "api:cancel",
    "api:mark", "api:reveal", "api:changes", "api:patients", "api:patient",
    "fhir:schedules", "fhir:schedule", "fhir:practitionerroles", "fhir:practitionerrole",
    "fhir:practitioners", "fhir:practitioner", "fhir:locations", "fhir:location",
    "fhir:healthcareservices", "fhir:healthcareservice", "fhir:slots", "fhir:slot",
    "fhir:appointments", "fhir:appointment", "fhir:hold", "fhir:book", "fhir:patients",
    "fhir:patient",
}  # fmt: skip


# Only accounts that act for the vendor in the address; the first for whoever is verified.
VENDOR = {
    "partners:vendors", "partners:vendor", "partners:credential", "partners:add-key",
    "partners:revoke-key", "partners:add-webhook", "partners:end-webhook",
    "partners:change-secret", "partners:replay", "partners:make-sandbox",
}  # fmt: skip


# Only the platform's own team, behind a second factor.
STAFF = {
    f"incidents:{name}"
    for name in (
        "register", "register-csv", "report", "incident", "assess", "answer", "file", "ask", "decide",
        "pause", "notified", "remark", "settle", "preview", "form-pdf", "form-json", "proof",
        "bundle", "exposure",
    )
}  # fmt: skip


POST_ONLY = {
    "booking:prove-new-email",
    "booking:send-to-new-email",
    "booking:keep-email",
    "booking:separate-patients",
    "booking:change-import",
    "booking:forget-passkey",
    "booking:new-recovery-codes",
    "booking:end-recovery-codes",
    "booking:withdraw-document",
    "booking:withdraw-practice-document",
    "booking:close-conversation",
    "booking:note-visit",
    "booking:end-session",
    "booking:leave-practice",
    "booking:end-other-sessions",
    "booking:toggle-favourite",
    "booking:leave-waiting-list",
    "booking:add-wait",
    "booking:remove-wait",
    "incidents:assess",
    "incidents:answer",
    "incidents:file",
    "incidents:ask",
    "incidents:decide",
    "incidents:pause",
    "incidents:notified",
    "incidents:remark",
    "incidents:settle",
    "booking:delegate",
    "partners:add-key",
    "partners:revoke-key",
    "partners:add-webhook",
    "partners:end-webhook",
    "partners:change-secret",
    "partners:replay",
    "partners:make-sandbox",
    "booking:answer-concern",
    "booking:mark-visit",
    "booking:restore-visit",
    "booking:delete-week-template",
    "booking:dismiss-substitute",
    "booking:date-member",
    "booking:delete-absence",
    "booking:remove-member",
    "booking:withdraw-invitation",
    "booking:link-member",
    "partners:withdraw",
    "partners:close-feed",
    "partners:import-calendar",
    "partners:forget-calendar",
}


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker):
    """The world of all these tests: in a transaction around theirs, which take back what they do."""
    block = transaction.atomic()
    # As around a test: what is rolled back with it was read by nobody, and is not written again.
    block._from_testcase = True
    with django_db_blocker.unblock(), block:
        yield build(now=NOW)
        transaction.set_rollback(True)


@pytest.fixture
def world(built, db):
    return {**built, "ids": dict(built["ids"])}


def address(name, ids):
    for wanted in _parameters(name):
        if set(wanted) <= set(ids):
            return reverse(name, kwargs={key: ids[key] for key in wanted})
    raise AssertionError(name)


def _parameters(name):
    namespace, _, short = name.rpartition(":")
    resolver = get_resolver()
    if namespace:
        _prefix, resolver = resolver.namespace_dict[namespace]
    return [
        params
        for possibility in resolver.reverse_dict.getlist(short)
        for _t, params in possibility[0]
    ]


def ask(client, name, ids):
    url = address(name, ids)
    return client.post(url, {"status": "seen"}) if name in POST_ONLY else client.get(url)
