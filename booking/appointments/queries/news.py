"""Messages and documents of practices that the patient has not opened yet."""

from dataclasses import dataclass

from django.db import connection

from booking.models import Account


@dataclass(frozen=True, kw_only=True)
class News:
    """How many conversations hold an unread answer, and how many documents are unopened."""

    messages: int
    documents: int


_COUNT = """
SELECT
  (SELECT count(*) FROM booking_conversation c JOIN booking_patient p ON p.id = c.patient_id
    WHERE p.account_id = %(account)s AND c.waits_for_patient),
  (SELECT count(*) FROM booking_document d JOIN booking_patient p ON p.id = d.patient_id
    WHERE p.account_id = %(account)s AND d.by_practice AND d.opened_at IS NULL)
"""


def news_of(account: Account) -> News:
    """The unread items of an account's patients: one statement, by the indexes of patients."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"account": account.pk})
        conversations, documents = cursor.fetchone()
    return News(messages=conversations, documents=documents)
