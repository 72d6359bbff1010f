"""Whom a mail greets, and what it calls the person that a visit is for.

The mail of an account goes to its owner. About a visit of a relative, it greets the owner, by the
first name that they have told us, and calls the relative by theirs: a mailbox is the reader's. A
subject stands on locked screens and in the logs of relays, so it says "votre enfant" instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import lazy
from django.utils.translation import gettext as _

from booking.models import Patient
from booking.models.patient import Relation


def is_for_relative(patient: Patient) -> bool:
    """Whether a visit of the patient is told to somebody else: to the owner of the account."""
    return patient.account_id is not None and patient.relation != Relation.SELF


def called(patient: Patient) -> str:
    """What a relative is called where no name stands: "votre enfant"."""
    is_child = patient.relation == Relation.CHILD
    return str(_("votre enfant") if is_child else _("votre proche"))


@dataclass(frozen=True, kw_only=True)
class Addressed:
    """The patient of a mail, and the account's owner where that is somebody else."""

    patient: Patient
    owner: Patient | None

    @property
    def people(self) -> list[Patient]:
        """Those whose first names `words` is given, in this order."""
        return [each for each in (self.patient, self.owner) if each]

    def words(self, names: Sequence[str]) -> dict[str, object]:
        """What templates read. `reader` is empty where the owner has told no name; `relative`,
        where the visit is the reader's own; `whom` is what a subject calls a relative;
        `without_account`: there is none to look into. Without names, nobody is named.
        """
        own = reader = names[0] if names else "…"
        is_relatives = is_for_relative(self.patient)
        if is_relatives and names:
            reader = names[1] if self.owner else ""
        return {
            "reader": reader,
            "relative": own if is_relatives else "",
            "whom": lazy(called, str)(self.patient),
            "without_account": self.patient.account_id is None,
        }


def addressed(patient: Patient) -> Addressed:
    """Say whom a mail about a visit of `patient` greets."""
    owner = None
    if is_for_relative(patient):
        own = Patient.unscoped.filter(account=patient.account_id, relation=Relation.SELF)
        owner = own.order_by("created_at", "pk").first()
    return Addressed(patient=patient, owner=owner)
