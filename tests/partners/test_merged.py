"""Software that made a file books for the file that a practice has made of it and another one."""

import pytest

from booking.patients import merging
from partners.models import RegisteredPatient
from partners.queries import granted_patients
from tests.factories import (
    make_account,
    make_agenda,
    make_credential,
    make_grant,
    make_patient,
    practice_actor,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def files(now):
    agenda = make_agenda()
    practice, credential = agenda.practice, make_credential()
    kept, other = make_patient(practice=practice), make_patient(practice=practice)
    RegisteredPatient.objects.create(
        credential=credential, practice=practice, patient=other, created_at=now
    )
    return practice, make_grant(credential, agenda), kept, other


def merged(practice, kept, other, now):
    return merging.merge(
        practice=practice, kept=kept, other=other, account=make_account(),
        actor=practice_actor(practice), now=now,
    )  # fmt: skip


def test_it_may_book_for_the_file_that_is_kept_and_no_more_for_the_other(files, now):
    practice, grant, kept, other = files
    assert list(granted_patients(grant)) == [other]
    row = merged(practice, kept, other, now)
    assert list(granted_patients(grant)) == [kept]
    merging.separate(row=row, actor=practice_actor(practice), now=now)
    assert list(granted_patients(grant)) == [other]


def test_software_that_made_both_files_has_one(files, now):
    practice, grant, kept, other = files
    RegisteredPatient.objects.create(
        credential=grant.credential, practice=practice, patient=kept, created_at=now
    )
    merged(practice, kept, other, now)
    assert list(granted_patients(grant)) == [kept]


def test_what_it_made_at_another_practice_stays(files, now):
    practice, grant, kept, other = files
    elsewhere = make_agenda()
    RegisteredPatient.objects.update(practice=elsewhere.practice)
    merged(practice, kept, other, now)
    assert list(granted_patients(make_grant(grant.credential, elsewhere))) == [other]
