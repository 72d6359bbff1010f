"""The API's request bodies, with their validation, and its response bodies."""

from typing import Any

from rest_framework import serializers

from booking.models.appointment import Status
from booking.models.patient import Sex
from booking.patients.patients import Identity, InvalidPhone, normalise_phone
from partners.api.fields import BirthDate, Clock, Day, Flag, Id, Instant, Name, Number, Text
from partners.api.resources import WARNINGS
from partners.domain import identities
from practitioners.domain.scheduling.hours.openings import JUDGED, OpeningSpec, Wrong, wrong_in
from practitioners.models.agenda import PatientKind

# Request bodies --------------------------------------------------------------------------------


class Body(serializers.Serializer):  # type: ignore[type-arg]
    """An object with only these fields."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError(
                    {name: ["is not a field of this object"] for name in unknown}
                )
        return super().to_internal_value(data)


class IdentityIn(Body):
    """The identity of a new patient."""

    first_name = Name(max_length=100)
    last_name = Name(max_length=100)
    birth_date = BirthDate(required=False, allow_null=True)
    sex = serializers.ChoiceField(choices=Sex.values, required=False)
    phone = Text(max_length=30, required=False, allow_blank=True)
    email = serializers.EmailField(required=False, allow_blank=True)

    def validate_phone(self, text: str) -> str:
        try:
            return normalise_phone(text)
        except InvalidPhone:
            raise serializers.ValidationError("is not a valid phone number") from None


def identity_of(given: dict[str, Any]) -> Identity:
    """The identity that a checked IdentityIn holds."""
    named = {name: value for name, value in given.items() if value is not None}
    return Identity(**({"birth_date": None} | named))


class PatientIn(Body):
    """A patient to register at a practice."""

    practice = Id()
    identity = IdentityIn()


class HoldIn(Body):
    """A slot to hold."""

    visit_reason = Id()
    starts_at = Instant()


class AppointmentIn(Body):
    """An appointment to book, for a known patient (`patient`) or a new one (`new_patient`)."""

    visit_reason = Id()
    starts_at = Instant()
    patient = Id(required=False)
    new_patient = IdentityIn(required=False)
    hold = Id(required=False)
    note = Text(max_length=1000, required=False, allow_blank=True)
    outside_openings = Flag(required=False, default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("patient" in attrs) == ("new_patient" in attrs):
            raise serializers.ValidationError("Send exactly one of patient and new_patient.")
        return attrs


class MoveIn(Body):
    """The new time of an appointment, and its new visit reason if that changes."""

    starts_at = Instant()
    visit_reason = Id(required=False)
    outside_openings = Flag(required=False, default=False)


STATUSES = Status.values
SETTABLE = [s for s in STATUSES if s != Status.CANCELLED]


class StatusIn(Body):
    """The new status of an appointment. To cancel, use the cancel route."""

    status = serializers.ChoiceField(choices=SETTABLE)


class Empty(Body):
    """An empty object."""


WRONG = {
    Wrong.NO_TIME: ("until_time", "must be after from_time"),
    Wrong.NO_DAY: ("until_date", "must be after starts_on"),
    Wrong.NO_SLOTS: ("slot_minutes", "is required if capacity is greater than 1"),
}


class OpeningIn(Body):
    """Recurring bookable time, in the practice's local time; `until_date` is exclusive."""

    starts_on = Day()
    until_date = Day(required=False, allow_null=True, default=None)
    every_weeks = Number(min_value=0, max_value=52, required=False, default=1)
    from_time = Clock()
    until_time = Clock()
    capacity = Number(min_value=1, max_value=999, required=False, default=1)
    slot_minutes = Number(min_value=1, max_value=480, required=False, allow_null=True, default=None)
    visit_reasons = serializers.ListField(child=Id(), allow_empty=False, max_length=200)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        wrong = wrong_in(until_date=attrs["until_date"], **{name: attrs[name] for name in JUDGED})
        if wrong:
            raise serializers.ValidationError(dict(WRONG[each] for each in wrong))
        return attrs

    def spec(self, reasons: Any) -> OpeningSpec:
        given = {name: self.validated_data[name] for name in self.validated_data}
        return OpeningSpec(**(given | {"visit_reasons": tuple(reasons)}))


class AbsenceIn(Body):
    """A period in which nothing can be booked."""

    starts_at = Instant()
    until = Instant()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["until"] <= attrs["starts_at"]:
            raise serializers.ValidationError({"until": "must be after starts_at"})
        return attrs


class RevealRequest(Body):
    """The purpose of a reveal, and the fields to reveal."""

    purpose = serializers.ChoiceField(choices=[purpose.value for purpose in identities.PURPOSES])

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        """`fields` is a serializer's own attribute."""
        each = serializers.ChoiceField(choices=identities.FIELDS)
        most = len(identities.FIELDS)
        fields = serializers.ListField(child=each, allow_empty=False, max_length=most)
        return {**super().get_fields(), "fields": fields}


# Response bodies -------------------------------------------------------------------------------


class PracticeOut(serializers.Serializer):  # type: ignore[type-arg]
    id = Id()
    name = Text()
    time_zone = Text(help_text="An IANA time zone, such as Europe/Paris.")


class VisitReasonOut(serializers.Serializer):  # type: ignore[type-arg]
    id = Id()
    name = Text()
    duration_minutes = Number()
    patients = serializers.ChoiceField(choices=PatientKind.values)
    teleconsultation = Flag()


class AgendaOut(serializers.Serializer):  # type: ignore[type-arg]
    id = Id()
    practice = PracticeOut()
    practitioner = Text()
    visit_reasons = VisitReasonOut(many=True)


class AgendasOut(serializers.Serializer):  # type: ignore[type-arg]
    agendas = AgendaOut(many=True)


class SlotOut(serializers.Serializer):  # type: ignore[type-arg]
    starts_at = Instant()
    ends_at = Instant()
    places = Number(help_text="The number of appointments that can still be booked at this time.")


class SlotsOut(serializers.Serializer):  # type: ignore[type-arg]
    slots = SlotOut(many=True)


class HoldOut(serializers.Serializer):  # type: ignore[type-arg]
    id = Id()
    visit_reason = Id()
    expires_at = Instant()


class AppointmentOut(serializers.Serializer):  # type: ignore[type-arg]
    id = Id()
    agenda = Id()
    visit_reason = Id()
    patient = Id()
    starts_at = Instant()
    ends_at = Instant()
    status = serializers.ChoiceField(choices=STATUSES)
    new_patient = Flag()
    cancelled_late = Flag(help_text="True if the patient cancelled after the practice's deadline.")


class WarningOut(serializers.Serializer):  # type: ignore[type-arg]
    """Another appointment of the same patient that your grants cover. The booking stands."""

    code = serializers.ChoiceField(
        choices=sorted(WARNINGS.values()),
        help_text="Either the two appointments overlap and are with different practitioners, or"
        " they are with the same practitioner and start less than a day apart.",
    )
    appointment = Id(help_text="The other appointment.")


class BookedOut(AppointmentOut):
    """An appointment after it was booked or moved, with warnings for the practice to check."""

    warnings = WarningOut(
        many=True, help_text="Ask the practice whether both appointments are intended. Often empty."
    )


class AppointmentsOut(serializers.Serializer):  # type: ignore[type-arg]
    appointments = AppointmentOut(many=True)
    next = Text(allow_null=True, help_text="The address of the next page, or null.")


class ChangeOut(serializers.Serializer):  # type: ignore[type-arg]
    """If `gone` is true, your grants no longer cover the appointment and the rest is null."""

    id = Id()
    agenda = Id()
    gone = Flag()
    visit_reason = Id(allow_null=True)
    patient = Id(allow_null=True)
    starts_at = Instant(allow_null=True)
    ends_at = Instant(allow_null=True)
    status = serializers.ChoiceField(choices=STATUSES, allow_null=True)
    new_patient = Flag(allow_null=True)
    cancelled_late = Flag(allow_null=True)


class ChangesOut(serializers.Serializer):  # type: ignore[type-arg]
    changes = ChangeOut(many=True)
    next = Text(help_text="Send this as `cursor` in your next request.")
    more = Flag(help_text="True if more changes are available now.")


class OpeningOut(serializers.Serializer):  # type: ignore[type-arg]
    id = Id()
    agenda = Id()
    starts_on = Day()
    until_date = Day(allow_null=True)
    every_weeks = Number()
    from_time = Clock()
    until_time = Clock()
    capacity = Number()
    slot_minutes = Number(allow_null=True)
    visit_reasons = serializers.ListField(child=Id())


class OpeningsOut(serializers.Serializer):  # type: ignore[type-arg]
    openings = OpeningOut(many=True)


class AbsenceOut(serializers.Serializer):  # type: ignore[type-arg]
    id = Id()
    agenda = Id()
    starts_at = Instant()
    until = Instant()


class AbsencesOut(serializers.Serializer):  # type: ignore[type-arg]
    absences = AbsenceOut(many=True)


class MadeAbsenceOut(AbsenceOut):
    appointments_inside = serializers.ListField(
        child=Id(),
        help_text="Appointments within the absence. They stay booked: move or cancel them.",
    )


class PatientOut(serializers.Serializer):  # type: ignore[type-arg]
    id = Id()
    on_file = serializers.ListField(child=serializers.ChoiceField(choices=identities.OF_PATIENT))


class PatientsOut(serializers.Serializer):  # type: ignore[type-arg]
    patients = PatientOut(many=True)
    next = Text(allow_null=True)


class IdentityOut(serializers.Serializer):  # type: ignore[type-arg]
    appointment = Id()
    patient = Id()
    first_name = Text(required=False)
    last_name = Text(required=False)
    sex = Text(required=False)
    birth_date = Text(required=False)
    phone = Text(required=False)
    email = Text(required=False)
    note = Text(required=False)


class ErrorOut(serializers.Serializer):  # type: ignore[type-arg]
    pointer = Text(help_text="A JSON pointer (RFC 6901) to the field.")
    detail = Text()


class ProblemOut(serializers.Serializer):  # type: ignore[type-arg]
    """Problem details (RFC 9457)."""

    type = Text()
    title = Text()
    status = Number()
    detail = Text(help_text="The reason, and how to proceed.")

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        """`errors` is a serializer's own attribute."""
        return {**super().get_fields(), "errors": ErrorOut(many=True, required=False)}
