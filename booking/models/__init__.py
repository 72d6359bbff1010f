from booking.models.accounts.access_change import AccessChange
from booking.models.accounts.account import Account
from booking.models.accounts.address_check import AddressCheck
from booking.models.accounts.factor_reset import FactorReset
from booking.models.accounts.own import DeviceKey, Favourite, SignIn
from booking.models.appointment import Appointment, Departure
from booking.models.concern import Concern
from booking.models.exchange.conversation import Conversation, Reply
from booking.models.exchange.document import Document, DocumentPart
from booking.models.exchange.questionnaire import Questionnaire
from booking.models.exchange.video import VideoGuest, VideoVisit
from booking.models.factors import CodeApp, RecoveryCode, RecoverySheet
from booking.models.handover import Handover
from booking.models.merge import PatientMerge
from booking.models.message import Message
from booking.models.patient import Patient, PracticePatient
from booking.models.patient_import import PatientImport
from booking.models.waiting import Offer, Wait

__all__ = [
    "AccessChange",
    "Account",
    "AddressCheck",
    "Appointment",
    "CodeApp",
    "Concern",
    "Conversation",
    "Departure",
    "DeviceKey",
    "Document",
    "DocumentPart",
    "FactorReset",
    "Favourite",
    "Handover",
    "Message",
    "Offer",
    "Patient",
    "PatientImport",
    "PatientMerge",
    "PracticePatient",
    "Questionnaire",
    "RecoveryCode",
    "RecoverySheet",
    "Reply",
    "SignIn",
    "VideoGuest",
    "VideoVisit",
    "Wait",
]
