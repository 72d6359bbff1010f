"""Staff pages. Patient data stays sealed; a reveal or a lookup takes a purpose, on the record."""

from booking.admin.people import AccountAdmin, PatientAdmin
from booking.admin.second_factors import FactorResetAdmin
from booking.admin.visits import AppointmentAdmin, ConcernAdmin, MessageAdmin

__all__ = [
    "AccountAdmin", "AppointmentAdmin", "ConcernAdmin", "FactorResetAdmin", "MessageAdmin",
    "PatientAdmin",
]  # fmt: skip
