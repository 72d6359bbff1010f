"""Staff pages. Patient data stays sealed; a reveal or a lookup takes a purpose, on the record."""

from booking.admin.people import AccountAdmin, PatientAdmin
from booking.admin.second_factors import SecondFactorAdmin
from booking.admin.visits import AppointmentAdmin, ConcernAdmin, MessageAdmin

__all__ = [
    "AccountAdmin", "AppointmentAdmin", "ConcernAdmin", "MessageAdmin", "PatientAdmin",
    "SecondFactorAdmin",
]  # fmt: skip
