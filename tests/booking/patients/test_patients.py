"""Finding sealed patients by their blind indexes, within one practice."""

from datetime import date

import pytest
from django_scopes import ScopeError, scope

from booking.models import Appointment, Patient
from booking.patients.patients import (
    Identity,
    InvalidPhone,
    change_patient,
    normalise_phone,
    parse_birth_date,
)
from booking.patients.sought import find_patients, is_sought, read_sought
from tests.factories import make_account, make_patient, make_practice, practice_actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def practice():
    return make_practice()


def found(practice, text):
    with scope(practice=practice):
        return list(find_patients(read_sought(text)))


@pytest.mark.parametrize(
    "text",
    [
        "Lefèvre-Martin", "lefevre martin", "LEFÈVRE MARTIN", "Zoé", "zoe",
        "Zoé Lefèvre-Martin", "Lefèvre-Martin Zoé", "  lefevre   martin zoe ",
        "06 12 34 56 78", "+33612345678", "0033 6 12 34 56 78", "06.12.34.56.78",
        "31/12/1980", "31.12.1980", "1980-12-31", "31 12 1980",
        "ZOE@exemple.fr",
    ],
)  # fmt: skip
def test_a_patient_is_found_by_whole_values_in_any_usual_spelling(practice, text):
    patient = make_patient(
        practice=practice, first_name="Zoé", last_name="Lefèvre-Martin", email="zoe@exemple.fr"
    )
    make_patient(
        practice=practice,
        first_name="Anne",
        last_name="Autre",
        phone="+33698765432",
        birth_date=date(1979, 1, 2),
    )
    assert found(practice, text) == [patient]


@pytest.mark.parametrize("text", ["Lefèv", "06 12 34", "", "  ", "31/13/1980", "…", "1980"])
def test_parts_and_nonsense_find_nobody(practice, text):
    make_patient(practice=practice)
    assert found(practice, text) == []


def test_another_practices_patient_is_not_found(practice):
    make_patient(practice=make_practice())
    make_patient(make_account())
    assert found(practice, "Lefèvre") == []


def test_a_patient_of_two_practices_is_found_once_in_each(practice):
    from booking.patients.patients import make_known
    from tests.factories.people import LONG_AGO

    other = make_practice()
    patient = make_patient(practice=practice)
    assert make_known(practice_id=other.pk, patient_id=patient.pk, since=LONG_AGO)
    assert not make_known(practice_id=other.pk, patient_id=patient.pk, since=LONG_AGO)
    assert [found(p, "Lefèvre") for p in (practice, other)] == [[patient], [patient]]


def test_after_a_change_the_old_name_finds_nobody(practice):
    patient = make_patient(practice=practice)
    identity = Identity(
        first_name="Zoé", last_name="Durand", birth_date=date(1980, 12, 31), sex="F"
    )
    change_patient(patient=patient, identity=identity, actor=practice_actor())
    assert found(practice, "Lefèvre") == []
    assert found(practice, "06 12 34 56 78") == []
    assert found(practice, "Durand") == [patient]


def test_without_a_scope_a_query_raises():
    make_patient()
    for model in (Patient, Appointment):
        with pytest.raises(ScopeError):
            list(model.objects.all())
        with pytest.raises(ScopeError):
            model.objects.filter(pk=None).exists()
        with pytest.raises(ScopeError):
            model.objects.count()


def test_a_scope_narrows_to_the_practice_or_the_account(practice):
    account = make_account()
    own, of_practice, _neither = (
        make_patient(account),
        make_patient(practice=practice),
        make_patient(),
    )
    with scope(account=account):
        assert list(Patient.objects.all()) == [own]
    with scope(practice=practice):
        assert list(Patient.objects.all()) == [of_practice]
    with scope(practice=practice, account=account):
        assert list(Patient.objects.all()) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("06 12 34 56 78", "+33612345678"),
        ("0692 12 34 56", "+262692123456"),
        ("0690 12 34 56", "+590690123456"),
        ("+44 20 7946 0958", "+442079460958"),
        ("", ""),
    ],
)
def test_telephone_numbers_become_e164(given, expected):
    assert normalise_phone(given) == expected


@pytest.mark.parametrize("given", ["12", "06 12 34 56", "bonjour", "+999 1234"])
def test_what_is_no_number_is_refused(given):
    with pytest.raises(InvalidPhone):
        normalise_phone(given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("29/02/2024", date(2024, 2, 29)),
        ("29/02/2023", None),
        ("2024-2-9", date(2024, 2, 9)),
        ("12/1980", None),
        ("12/05/99999999999999999999", None),
        (f"12/05/{'9' * 5000}", None),
        ("99999999999999999999-01-01", None),
        ("12/05/²²²²", None),
    ],
)
def test_birth_dates_are_read(given, expected):
    assert parse_birth_date(given) == expected


IDENTITY = {
    "first_name": "Zoé", "last_name": "Lefèvre-Martin", "birth_date": "1980-12-31",
    "phone": "+33612345678", "email": "Zoe@exemple.fr",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lefevre martin", True), ("Zoé", True), ("Zoé Lefèvre-Martin", True),
        ("lefevre martin ZOE", True), ("06 12 34 56 78", True), ("31/12/1980", True),
        ("zoe@exemple.fr", True), ("Lefèvre", False), ("Zoé Martin", False),
        ("06 12 34 56 79", False), ("30/12/1980", False), ("zoé@exemple.fr", False),
    ],
)  # fmt: skip
def test_what_a_short_index_found_is_compared_with_the_text(text, expected):
    assert is_sought(read_sought(text), texts=IDENTITY) is expected


def test_somebody_who_shares_a_digest_is_not_shown(practice, monkeypatch):
    from django.urls import reverse

    from audit.vault import blind_index
    from tests.factories import make_member, verified_client

    # Nothing kept of a digest: everybody shares it.
    monkeypatch.setattr(blind_index, "SHORT", dict.fromkeys(blind_index.SHORT, 0))
    patient = make_patient(practice=practice, last_name="Quatrefages", email="q@exemple.fr")
    make_patient(
        practice=practice,
        last_name="Autre",
        phone="+33698765432",
        email="a@exemple.fr",
        birth_date=date(1979, 1, 2),
    )
    assert len(found(practice, "Quatrefages")) == 2
    client = verified_client(make_member(practice, role="secretary").account)
    url = reverse("booking:find-patients", args=[practice.pk])
    for text in ("Quatrefages", "06 12 34 56 78", "31/12/1980", "q@exemple.fr"):
        shown = client.post(url, {"q": text}).context["found"]
        assert [row["patient"] for row in shown] == [patient]


def test_what_is_typed_is_read_once_however_many_it_may_be(practice, monkeypatch):
    from django.urls import reverse

    from booking.patients import sought
    from tests.factories import make_member, verified_client

    for _ in range(3):
        make_patient(practice=practice, last_name="Quatrefages")
    read: list[str] = []
    once = sought.read_sought
    monkeypatch.setattr(sought, "read_sought", lambda text: read.append(text) or once(text))
    client = verified_client(make_member(practice, role="secretary").account)
    url = reverse("booking:find-patients", args=[practice.pk])
    assert len(client.post(url, {"q": "Quatrefages"}).context["found"]) == 3
    assert read == ["Quatrefages"]
