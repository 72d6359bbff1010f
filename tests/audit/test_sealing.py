"""Sealed fields: what is stored, what does not open, what never yields text."""

import pickle
import uuid

import pytest
from django.core import serializers
from django.core.exceptions import FieldError
from django.db import connection
from django.template import engines

from audit.models import SubjectKey
from audit.vault import keys, sealing
from audit.vault.reveal import Purpose, reveal
from audit.vault.sealing import SealBroken, Sealed, seal
from booking.models import Account, Patient
from tests.factories import make_account, make_patient, practice_actor

pytestmark = pytest.mark.django_db


def text_of(row, name):
    with reveal([(row, (name,))], actor=practice_actor(), purpose=Purpose.CARE) as plain:
        return plain.text(row, name)


def stored(patient):
    return Patient.unscoped.get(pk=patient.pk)


def put(patient, column, ciphertext):
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE booking_patient SET {column} = %s WHERE id = %s", [ciphertext, patient.pk]
        )
    return stored(patient)


def test_a_sealed_text_comes_back_and_no_byte_of_it_is_stored():
    patient = make_patient(first_name="Zénobie", last_name="Quatrefages")
    assert text_of(stored(patient), "last_name") == "Quatrefages"
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM booking_patient")
        everything = repr(cursor.fetchall())
    assert "Quatrefages" not in everything
    assert "Zénobie" not in everything
    assert "612345678" not in everything


def test_the_same_text_is_sealed_differently_each_time():
    one, other = make_patient(), make_patient()
    assert one.last_name.ciphertext[13:] != other.last_name.ciphertext[13:]
    before = one.last_name
    seal(one, last_name="Lefèvre")
    assert one.last_name != before


def test_a_ciphertext_moved_to_another_column_does_not_open():
    patient = make_patient()
    moved = put(patient, "first_name", patient.last_name.ciphertext)
    with pytest.raises(SealBroken, match=r"booking_patient\.first_name"):
        text_of(moved, "first_name")
    assert text_of(moved, "last_name") == "Lefèvre"


def test_a_ciphertext_moved_to_another_row_does_not_open():
    one, other = make_patient(first_name="Une"), make_patient(first_name="Autre")
    moved = put(other, "first_name", one.first_name.ciphertext)
    with pytest.raises(SealBroken, match=str(other.pk)):
        text_of(moved, "first_name")


def test_a_ciphertext_moved_to_another_table_does_not_open():
    account = make_account("table@exemple.fr")
    patient = make_patient(account, email="table@exemple.fr")
    Account.objects.filter(pk=account.pk).update(name=Sealed(patient.email.ciphertext))
    account.refresh_from_db()
    with pytest.raises(SealBroken, match=r"booking_account\.name"):
        text_of(account, "name")


@pytest.mark.parametrize("position", [0, 1, 12, 13, -1])
def test_a_changed_byte_does_not_open(position):
    patient = make_patient()
    changed = bytearray(patient.last_name.ciphertext)
    changed[position] ^= 1
    with pytest.raises(SealBroken):
        text_of(put(patient, "last_name", bytes(changed)), "last_name")


def test_without_the_data_key_nothing_opens_and_nothing_is_shown():
    patient = make_patient()
    SubjectKey.objects.filter(subject_id=patient.subject_id).delete()
    assert text_of(stored(patient), "last_name") == ""


def test_another_root_key_opens_nothing(settings):
    patient = make_patient()
    settings.VAULT_ROOT_KEYS = ["a stranger's root key"]
    with pytest.raises(keys.KeyUnavailable, match="is not configured"):
        text_of(stored(patient), "last_name")


def test_a_new_root_key_seals_while_the_old_one_still_opens(settings):
    old = make_patient(last_name="Ancienne")
    settings.VAULT_ROOT_KEYS = ["a new root key", *settings.VAULT_ROOT_KEYS]
    new = make_patient(last_name="Nouvelle")
    used = {k.subject_id: k.root_key_id for k in SubjectKey.objects.all()}
    assert used[old.subject_id] != used[new.subject_id]
    assert [text_of(stored(p), "last_name") for p in (old, new)] == ["Ancienne", "Nouvelle"]


def test_two_processes_that_seal_for_a_new_subject_use_one_key():
    subject = uuid.uuid4()
    assert keys.ensure_data_key(subject) == keys.ensure_data_key(subject)
    assert SubjectKey.objects.filter(subject_id=subject).count() == 1


@pytest.mark.parametrize(
    "show",
    [
        str,
        repr,
        "{}".format,
        lambda sealed: f"{sealed:}",
        lambda sealed: engines["django"].from_string("{{ x }}").render({"x": sealed}),
        lambda sealed: engines["django"].from_string("{{ x.text }}{{ x.0 }}").render({"x": sealed}),
        lambda sealed: repr(vars(type(sealed))),
        lambda sealed: pickle.dumps(sealed).decode("latin-1"),
    ],
)
def test_a_sealed_attribute_never_yields_text(show):
    patient = stored(make_patient(last_name="Quatrefages"))
    assert isinstance(patient.last_name, Sealed)
    assert "Quatrefages" not in show(patient.last_name)


def test_queries_and_fixtures_yield_no_text():
    make_patient(last_name="Quatrefages")
    rows = list(Patient.unscoped.values("last_name", "first_name"))
    assert "Quatrefages" not in repr(rows)
    with pytest.raises(FieldError, match="not part of fixtures"):
        serializers.serialize("json", Patient.unscoped.all())


@pytest.mark.parametrize("lookup", ["last_name", "last_name__contains", "last_name__in"])
def test_a_sealed_column_is_not_looked_up(lookup):
    with pytest.raises(FieldError, match="blind index"):
        Patient.unscoped.filter(**{lookup: "Lefèvre"}).exists()


def test_a_plain_text_is_not_stored_by_mistake():
    patient = make_patient()
    patient.last_name = "Lefèvre"
    with pytest.raises(FieldError, match=r"audit\.vault\.seal"):
        patient.save()


def test_an_unknown_field_is_not_sealed():
    with pytest.raises(FieldError, match="relation is not a sealed field"):
        sealing.seal(make_patient(), relation="self")


FIELD = Patient._meta.get_field("last_name")
SET_BY_SEAL = r"^last_name is sealed: set it with audit.vault.seal\(\).$"


@pytest.mark.parametrize("take", [FIELD.to_python, FIELD.get_prep_value], ids=["form", "query"])
def test_a_sealed_column_takes_ciphertext_or_nothing(take):
    sealed = Sealed(b"\x01abc")
    assert take(None) is None
    assert take(sealed) in (sealed, b"\x01abc")
    for text in ("Lefèvre", "", b"\x01abc", 0, []):
        with pytest.raises(FieldError, match=SET_BY_SEAL):
            take(text)


def test_what_is_stored_comes_back_as_ciphertext_or_nothing():
    assert FIELD.from_db_value(None, None, connection) is None
    assert FIELD.from_db_value(memoryview(b"\x01abc"), None, connection) == Sealed(b"\x01abc")
    patient = make_patient()
    empty = make_patient()
    Patient.unscoped.filter(pk=empty.pk).update(last_name=None)
    assert list(Patient.unscoped.filter(last_name__isnull=True)) == [empty]
    assert list(Patient.unscoped.filter(last_name__isnull=False)) == [patient]
    patient.full_clean(exclude=[f.name for f in Patient._meta.fields if f is not FIELD])


def test_a_sealed_column_may_be_empty_and_is_in_no_form():
    for field in (sealing.SealedField(), sealing.SealedField(editable=True), FIELD.clone()):
        assert (field.null, field.editable) == (True, False)
    assert not sealing.SealedField(null=False).null
    named = sealing.SealedField("a name", null=False)
    _name, path, args, kwargs = named.deconstruct()
    assert (path, args) == ("audit.vault.sealing.SealedField", [])
    # In migrations stands what was chosen, and not what always holds.
    assert kwargs == {"verbose_name": "a name"}
    assert sealing.SealedField().deconstruct()[3] == {"null": True}


def test_two_ciphertexts_are_the_same_by_their_bytes():
    one, same, other = Sealed(b"\x01a"), Sealed(bytearray(b"\x01a")), Sealed(b"\x01b")
    assert one == same and one != other and one != b"\x01a"
    assert len({one, same, other}) == 2
    assert (str(one), repr(one)) == ("scellé", "<sealed>")


@pytest.mark.parametrize("text", [None, ""])
def test_a_field_is_emptied(text):
    patient = make_patient(last_name="Lefèvre")
    seal(patient, last_name=text, first_name="Zoé")
    patient.save()
    assert stored(patient).last_name is None
    assert [text_of(stored(patient), name) for name in ("last_name", "first_name")] == ["", "Zoé"]


def test_what_does_not_open_is_named_by_its_column_and_row():
    patient = make_patient()
    ciphertext = patient.last_name.ciphertext
    assert (ciphertext[:1], len(ciphertext)) == (b"\x01", 1 + 12 + len("Lefèvre".encode()) + 16)
    for changed, said in (
        (b"\x02" + ciphertext[1:], "unknown sealing version."),
        (ciphertext[:-1] + b"!", f"does not open in row {patient.pk}."),
    ):
        with pytest.raises(SealBroken, match=rf"^booking_patient\.last_name: {said}$"):
            text_of(put(patient, "last_name", changed), "last_name")


def test_only_sealed_fields_are_sealed_and_looked_up_by_their_index():
    with pytest.raises(FieldError, match=r"^relation is not a sealed field.$"):
        sealing.seal_with(b"k" * 32, make_patient(), relation="self")
    with pytest.raises(FieldError, match=r"^last_name is sealed: look it up by its blind index.$"):
        FIELD.get_lookup("exact")
    with pytest.raises(
        FieldError, match=r"^last_name is sealed: it is not part of fixtures or exp"
    ):
        FIELD.value_to_string(make_patient())
