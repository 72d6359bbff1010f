import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.personal_data import Emptied, Erased, Exported, PersonalData, Stays, When
from audit.vault.sealing import SealedField
from booking.models.scoping import ScopedManager
from practitioners.models import Practice


class Relation(models.TextChoices):
    """What a patient is to the account that books for them."""

    SELF = "self", _("moi-même")
    CHILD = "child", _("mon enfant")
    PARTNER = "partner", _("mon conjoint ou ma conjointe")
    PARENT = "parent", _("mon parent")
    OTHER = "other", _("un autre proche")


class Sex(models.TextChoices):
    """Sex as the national identity knows it."""

    FEMALE = "F", _("féminin")
    MALE = "M", _("masculin")
    UNKNOWN = "U", _("non précisé")


class Patient(models.Model):
    """Whom an appointment is for: an account's owner, a relative, or somebody without account."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="patients",
    )
    relation = models.CharField(max_length=8, choices=Relation.choices, default=Relation.SELF)
    first_name = SealedField()
    last_name = SealedField()
    sex = SealedField()
    birth_date = SealedField()
    phone = SealedField()
    email = SealedField()
    last_name_index = models.BinaryField(null=True)
    first_name_index = models.BinaryField(null=True)
    birth_date_index = models.BinaryField(null=True)
    name_birth_index = models.BinaryField(null=True)
    phone_index = models.BinaryField(null=True)
    email_index = models.BinaryField(null=True)
    # The zone that an overseas or foreign number tells of (booking/outbox/quiet_hours.py). It is
    # readable, so that a text which becomes owed can avoid the night without opening the number.
    # No `db_default`: that would read the row back (RETURNING), which a partner may not yet.
    phone_zone = models.CharField(max_length=40, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ScopedManager(practice="practice_links__practice", account="account")
    unscoped = models.Manager["Patient"]()

    personal_data = PersonalData(
        patient=("pk",),
        account="account",
        merging=Stays("Identities are not touched: other practices see no change."),
        erasing=Emptied(
            (
                "first_name", "last_name", "sex", "birth_date", "phone", "email",
                "last_name_index", "first_name_index", "birth_date_index", "name_birth_index",
                "phone_index", "email_index", "phone_zone",
            )
        ),
        export=Exported(
            section="people",
            fields={
                "id": "pk", "relation": "relation", "first_name": "first_name",
                "last_name": "last_name", "sex": "sex", "birth_date": "birth_date",
                "phone": "phone", "email": "email",
            },
            order=("created_at", "pk"),
        ),
    )  # fmt: skip

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = _("patient")
        verbose_name_plural = _("patients")
        indexes = [
            models.Index(fields=["last_name_index"], name="patient_last_name"),
            models.Index(fields=["first_name_index"], name="patient_first_name"),
            models.Index(fields=["birth_date_index"], name="patient_birth_date"),
            models.Index(fields=["phone_index"], name="patient_phone"),
            models.Index(fields=["email_index"], name="patient_email"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def subject_id(self) -> uuid.UUID:
        return self.id


class PracticePatient(models.Model):
    """The practice may find the patient. Who counts as known there:
    booking/appointments/queries/known.py.
    """

    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="patient_links")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="practice_links")
    since = models.DateTimeField()

    personal_data = PersonalData(
        patient=("patient",),
        practice="practice",
        merging=Stays("It ends with the merge, which notes since when the practice knew the file."),
        erasing=Erased(When.UNLESS_KEPT),
        export=Exported(
            section="known_to",
            within="patient",
            fields={"practice": "practice.name", "since": "since"},
            order=("since", "pk"),
        ),
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["practice", "patient"], name="known_once")]

    def __str__(self) -> str:
        return f"{self.practice_id} {self.patient_id}"
