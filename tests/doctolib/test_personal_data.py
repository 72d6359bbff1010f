"""Every model that holds something of a person says so, and what becomes of it."""

import uuid

import pytest
from django.apps import apps
from django.db import models
from django.test.utils import isolate_apps

from audit.personal_data import (
    ByService,
    Emptied,
    Erased,
    Exported,
    ExportedBy,
    Follows,
    Moved,
    OfNobody,
    PersonalData,
    Read,
    Stays,
    Visits,
    When,
    declaration_of,
    declared,
    sealed_fields,
)
from audit.vault.sealing import SealedField
from booking.models import (
    Account,
    AddressCheck,
    Appointment,
    Concern,
    Conversation,
    Document,
    Handover,
    Patient,
    PatientImport,
    Questionnaire,
    Reply,
)
from booking.oversight import watching
from booking.rights.held_data import BY_FUNCTION
from practitioners.models import Practice

EACH = pytest.mark.parametrize(
    ("model", "data"), list(declared()), ids=[model.__name__ for model, _data in declared()]
)
OURS = ("audit", "practitioners", "booking", "partners", "doctolib")


def belongs_to_a_person(model):
    """Whether rows are somebody's: sealed, or theirs by a foreign key, however far.

    A key that is only emptied when its row goes (SET_NULL) says who wrote something, not whose it
    is; one to a patient always says whose.
    """
    if sealed_fields(model) or any(f.name == "patient_id" for f in model._meta.fields):
        return True
    for field in model._meta.fields:
        target = field.related_model if field.is_relation else None
        if target is Patient:
            return True
        is_owned = target is not None and field.remote_field.on_delete is not models.SET_NULL
        if is_owned and (
            target is Account or (target is not model and belongs_to_a_person(target))
        ):
            return True
    return False


def undeclared(found):
    return [
        model.__name__
        for model in found
        if belongs_to_a_person(model) and declaration_of(model) is None
    ]


def ours():
    return [m for m in apps.get_models() if m.__module__.split(".")[0] in OURS]


def test_every_model_that_holds_something_of_a_person_declares_it():
    assert undeclared(ours()) == []
    assert len(list(declared())) > 25


def throw_away(name, **attributes):
    """A model that this test alone knows."""
    meta = type("Meta", (), {"app_label": "booking"})
    return type(name, (models.Model,), {"__module__": __name__, "Meta": meta} | attributes)


def key(target, on_delete=models.CASCADE):
    is_null = on_delete is models.SET_NULL
    return models.ForeignKey(target, null=is_null, on_delete=on_delete, related_name="+")


@isolate_apps()
def test_a_model_that_is_sealed_or_hangs_on_a_patient_and_is_not_declared_is_found():
    visit_note = throw_away("OfAppointment", visit=key(Appointment, models.PROTECT))
    missing = [
        throw_away("Sealed", words=SealedField()),
        throw_away("OfPatient", patient=key(Patient, models.SET_NULL)),
        visit_note,
        throw_away("OfConversation", conversation=key(Conversation)),
        throw_away("FurtherAway", note=key(visit_note)),
        throw_away("WithoutKey", patient_id=models.UUIDField()),
        throw_away("OfAccount", owner=key(Account)),
    ]
    fine = [
        throw_away("Written", author=key(Account, models.SET_NULL)),
        throw_away("OfPractice", practice=key(Practice)),
        throw_away("Declared", words=SealedField(), personal_data=OfNobody("Of this test alone.")),
    ]
    assert undeclared([*fine, *missing]) == [model.__name__ for model in missing]


def leads_to(model, path):
    """The model at the end of a path, or of the row that a plain `…_id` names."""
    if path in ("pk", "patient_id"):
        return model if path == "pk" else Patient
    for name in path.split("__"):
        model = model._meta.get_field(name).related_model
    return model


@EACH
def test_paths_and_columns_are_there(model, data):
    check_paths(model, data)


def check_paths(model, data):
    for path in data.patient:
        assert leads_to(model, path) is Patient
    if data.account:
        assert leads_to(model, data.account) is Account
    if data.practice:
        assert leads_to(model, data.practice) is Practice
    assert data.patient or data.account
    # What belongs to a patient says what merging does; what is an account's has nothing to merge.
    assert (data.merging is not None) == bool(data.patient)
    columns = {field.name for field in model._meta.fields}
    for each in (data.merging, data.erasing):
        if isinstance(each, Follows):
            target = model._meta.get_field(each.row).related_model
            assert isinstance(declaration_of(target), PersonalData)
            # What it follows is deleted with it, or stays with it.
            assert not isinstance(declaration_of(target).erasing, ByService)
    if isinstance(data.merging, Moved):
        assert data.practice
        assert "patient_id" in {field.attname for field in model._meta.fields}
        assert {*data.merging.once, *filter(None, [data.merging.ended])} <= columns
    if isinstance(data.erasing, Emptied):
        assert {*sealed_fields(model)} <= {*data.erasing.columns} <= columns
    if data.erasing == Erased(When.UNLESS_KEPT):
        assert data.practice
    if data.evidence not in (None, Visits.BY_TIME):
        assert data.practice
        assert len(data.patient) == 1


@EACH
def test_what_is_sealed_is_exported_or_withheld_with_a_reason(model, data):
    check_export(model, data)


def check_export(model, data):
    export = data.export
    if isinstance(export, ExportedBy):
        assert export.section in BY_FUNCTION
    elif isinstance(export, Exported):
        sources = [s.column if isinstance(s, Read) else s for s in export.fields.values()]
        assert {*sealed_fields(model)} == {
            name for name in [*sources, *export.withheld] if name in sealed_fields(model)
        }
        assert not {*sources} & {*export.withheld}
        for name in export.order:
            model._meta.get_field(model._meta.pk.name if name == "pk" else name)
        if export.within:
            outer = model._meta.get_field(export.within).related_model
            assert isinstance(declaration_of(outer).export, Exported)
    else:
        assert export.because


def test_no_two_models_have_one_name_in_a_merge_or_in_the_export():
    kinds = [data.merging.kind for _m, data in declared() if isinstance(data.merging, Moved)]
    sections = [
        (data.export.within and model._meta.get_field(data.export.within).related_model,
         data.export.section)
        for model, data in declared() if isinstance(data.export, Exported)
    ]  # fmt: skip
    assert len(kinds) == len({*kinds})
    assert len(sections) == len({*sections})
    # Those that merges of before have noted in their rows.
    assert {*kinds} >= {
        "appointments", "questionnaires", "conversations", "replies", "documents", "waits",
    }  # fmt: skip


def test_what_stays_or_is_not_of_a_person_says_why():
    for model in ours():
        data = declaration_of(model)
        said = [data] if isinstance(data, OfNobody) else []
        if isinstance(data, PersonalData):
            said = [each for each in (data.merging, data.erasing, data.export) if each is not None]
        for each in said:
            if hasattr(each, "because"):
                assert len(each.because) > 20, model
            assert not isinstance(each, Stays) or each.because


def test_what_is_sealed_is_sealed_for_the_person_that_is_declared():
    for model, data in declared():
        if not sealed_fields(model):
            continue
        pk = uuid.uuid4()
        if data.patient:
            owner = "pk" if data.patient == ("pk",) else "patient_id"
        else:
            owner = "pk" if data.account == "pk" else f"{data.account}_id"
        assert model(**{owner: pk}).subject_id == pk, model


def test_the_watch_counts_everything_that_is_sealed_for_a_patient():
    watched = {model for model in apps.get_models() if watching.is_of_patient(model)}
    assert watched >= {
        Patient, Appointment, Questionnaire, Conversation, Reply, Document, Handover,
    }  # fmt: skip
    assert watched == {model for model, data in declared() if data.patient and sealed_fields(model)}
    assert not watched & {Account, AddressCheck, Concern, PatientImport}
    by_time = [model for model, data in declared() if data.evidence is Visits.BY_TIME]
    assert by_time == [Appointment]
    assert f"FROM {Appointment._meta.db_table} a" in watching._VISITS
