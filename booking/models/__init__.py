from booking.models.account import Account
from booking.models.appointment import Appointment
from booking.models.concern import Concern
from booking.models.message import Message
from booking.models.patient import Patient, PracticePatient

__all__ = ["Account", "Appointment", "Concern", "Message", "Patient", "PracticePatient"]
