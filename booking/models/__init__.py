from booking.models.account import Account
from booking.models.appointment import Appointment
from booking.models.message import Message
from booking.models.patient import Patient, PracticePatient

__all__ = ["Account", "Appointment", "Message", "Patient", "PracticePatient"]
