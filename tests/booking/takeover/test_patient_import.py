"""Patients of another software: whatever its CSV looks like, seen first, resumed, with rejects."""

import html
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from audit.models import Entry
from booking.models import Patient, PatientImport
from booking.takeover import patient_file, patient_import
from booking.takeover.patient_file import UnreadableFile, read_table, text_of
from tests.factories import make_patient, make_practice, practice_actor
from tests.support.patient_import import FILE, HEADER, begin, desk, practice, rejects_of, take  # noqa: F401

pytestmark = pytest.mark.django_db


def understood(text):
    return list(read_table(text).lines())


def test_a_file_is_understood_by_its_first_line():
    lines = understood(FILE)
    first, second, third = (line.identity for line in lines[:3])
    assert (first.last_name, first.first_name, str(first.birth_date)) == (
        "LEFÈVRE",
        "Zoé",
        "1980-12-31",
    )
    assert (first.sex, first.phone, first.email) == ("F", "+33612345678", "zoe@exemple.fr")
    assert (str(second.birth_date), second.sex, second.phone) == ("1975-03-02", "F", "")
    assert third.last_name == 'De la "Tour"; comte'
    refused = {line.number: str(line.problem) for line in lines if line.identity is None}
    assert refused == {
        5: "nom ou prénom absent", 6: "date de naissance illisible", 7: "téléphone illisible",
        8: "ni date de naissance ni téléphone\u00a0: on ne saurait pas qui c’est", 9: "e-mail illisible, ni date de naissance ni téléphone\u00a0: on ne saurait pas qui c’est",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "last name,first name,dob\nLefèvre,Zoé,1980-12-31\n",
        "PRENOM\tNOM\tNé(e) le\r\nZoé\tLefèvre\t31/12/1980\r\n",
        "Nom d’usage|Prénom(s)|DDN\nLefèvre|Zoé|31 12 1980",
        "\n;;\nsexe;nom;prénom;naissance;autre\n;Lefèvre;Zoé;31-12-1980;x\n;;;;\n",
    ],
)
def test_whatever_its_dress(text):
    (line,) = understood(text)
    assert (line.identity.last_name, line.identity.first_name) == ("Lefèvre", "Zoé")
    assert str(line.identity.birth_date) == "1980-12-31"


def test_a_mobile_number_comes_before_any_other():
    (line,) = understood("nom;prénom;téléphone;portable\nA;B;0247000000;0612345678\n")
    assert line.identity.phone == "+33612345678"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_in_whatever_letters(encoding):
    assert understood(text_of(FILE.encode(encoding)))[0].identity.first_name == "Zoé"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "aucun patient"), (b"nom;prenom\n", "aucun patient"), (b"PK\x03\x04\x00\x00", "tableau CSV"),
        (b"a;b\n1;2\n", "nommer les colonnes"), (b'nom;prenom\n"a;b', "guillemet"),
        ("nom;prenom\n\x00".encode("utf-16"), "tableau CSV"), (b"\xff\xfe\x00", "tableau CSV"),
        (b"x" * (patient_file.LARGEST_BYTES + 1), "trop grand"),
    ],
)  # fmt: skip
def test_what_is_no_table_says_so(content, words):
    with pytest.raises(UnreadableFile, match=words):
        read_table(text_of(content))


def test_it_is_taken_once_and_its_lines_are_forgotten(practice, now):
    make_patient(practice=practice)
    row = take(begin(practice, now), now)
    assert (row.state, row.total, row.done) == ("done", 8, 8)
    assert (row.created, row.known, row.rejected) == (2, 1, 5)
    assert row.lines is None
    created = Entry.objects.filter(action="patient-created", channel="task")
    assert created.count() == 2 and {e.practice_id for e in created} == {practice.pk}
    header, *lines = rejects_of(row)
    assert header[:3] == ["ligne", "raison", "Nom"]
    assert [line[0] for line in lines] == ["5", "6", "7", "8", "9"]
    # The same file again finds everybody.
    again = take(begin(practice, now), now)
    assert (again.created, again.known) == (0, 3)
    # Another practice knows nobody of them.
    other = take(begin(make_practice(), now), now)
    assert other.created == 3


def test_it_goes_on_where_it_was_killed(practice, now, monkeypatch):
    monkeypatch.setattr(patient_import, "BATCH", 3)
    people = "".join(f"Nom{n};Prénom;01/01/19{n + 10}\n" for n in range(10)) + ";x;\n;y;\n"
    row = begin(practice, now, f"nom;prénom;naissance\n{people}")
    patient_import.start(row=row, actor=practice_actor(), now=now)
    real, calls = patient_import.create_patient, []

    def dies(**values):
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return real(**values)

    monkeypatch.setattr(patient_import, "create_patient", dies)
    with pytest.raises(KeyboardInterrupt):
        patient_import.run(row.pk, now=now)
    row.refresh_from_db()
    assert (row.done, row.created, Patient.unscoped.count()) == (3, 3, 3), "half a batch is none"
    assert patient_import.run_all(now=now) == 1
    row.refresh_from_db()
    assert (row.state, row.created, row.rejected) == ("done", 10, 2)
    assert Patient.unscoped.count() == 10
    assert [line[0] for line in rejects_of(row)] == ["ligne", "12", "13"]


def test_what_a_spreadsheet_would_run_is_made_a_text(practice, now):
    text = 'nom;prénom;téléphone\n=HYPERLINK("x");;\n@a;;\n+33612345678;;\n'
    row = take(begin(practice, now, text), now)
    assert [line[2] for line in rejects_of(row)[1:]] == ['\'=HYPERLINK("x")', "'@a", "+33612345678"]


def test_nothing_of_it_stands_open_in_the_database(practice, now):
    begin(practice, now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM booking_patientimport t")
        assert "Quatrefages" not in cursor.fetchone()[0]


def test_an_owner_sees_it_first_takes_it_and_forgets_it(practice, desk, now):
    url = reverse("booking:imports", args=[practice.pk])
    answer = desk.post(url, {"file": SimpleUploadedFile("patients.csv", FILE.encode("cp1252"))})
    row = PatientImport.unscoped.get()
    one = reverse("booking:patient-import", args=[practice.pk, row.pk])
    assert answer["Location"] == one
    page = desk.get(one).content.decode()
    assert "Zénobie" in page and "31/12/1980" in page and "date de naissance illisible" in page
    assert not Patient.unscoped.exists()

    def post(what):
        return desk.post(reverse("booking:change-import", args=[practice.pk, row.pk, what]))

    assert post("oublier").status_code == 404, "not before it has ended"
    assert post("danser").status_code == 404
    post("prendre")
    patient_import.run_all(now=now)
    assert "Fiches créées" in desk.get(one, headers={"HX-Request": "true"}).content.decode()
    rejects = desk.get(reverse("booking:import-rejects", args=[practice.pk, row.pk]))
    assert rejects.content.decode().startswith("\ufeffligne;raison;Nom")
    post("prendre")
    assert Patient.unscoped.count() == 3
    post("oublier")
    assert not PatientImport.unscoped.exists()
    assert Entry.objects.filter(action="subject-erased", subjects=[row.pk]).exists()
    assert desk.get(one).status_code == 404
    assert Patient.unscoped.count() == 3, "who was taken stays"


def test_an_import_is_dropped(practice, desk, now):
    row = begin(practice, now)
    desk.post(reverse("booking:change-import", args=[practice.pk, row.pk, "abandonner"]))
    row.refresh_from_db()
    assert (row.state, row.lines) == ("dropped", None)
    take(row, now)
    assert not Patient.unscoped.exists()


@pytest.mark.parametrize(
    ("content", "words"), [(b"a;b\n1;2", "nommer les colonnes"), (None, "Choisissez un fichier")]
)
def test_a_file_that_cannot_be_taken_says_why(practice, desk, content, words):
    data = {} if content is None else {"file": SimpleUploadedFile("x.csv", content)}
    page = desk.post(reverse("booking:imports", args=[practice.pk]), data).content.decode()
    assert words in page
    assert not PatientImport.unscoped.exists()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('nom;prénom;naissance\n"Martin;Léo;01/01/1990\n', 2),
        ('nom;prénom;naissance\nDurand;Zoé;01/01/1990\n\nMartin;"Léo;01/01/1990\nRey;Ada;\n', 4),
        ('nom;prénom;naissance\nMartin;"Léo" dit Lo;01/01/1990\n', 2),
        ('nom;prénom;"naissance\nMartin;Léo;01/01/1990\n', 1),
        ('nom;prénom;naissance\n"Martin;' + "x" * 200_000 + ";\n", 2),
        ('nom;prénom\r\n"Du\nrand";Zoé\r\n"Martin;Léo\r\n', 4),
    ],
)
def test_an_open_quote_is_said_with_its_line(practice, desk, text, line):
    file = SimpleUploadedFile("x.csv", text.encode())
    page = desk.post(reverse("booking:imports", args=[practice.pk]), {"file": file})
    assert f"Ligne {line}\u00a0: un guillemet" in html.unescape(page.content.decode())
    assert not PatientImport.unscoped.exists()


def test_a_quote_that_swallows_lines_and_is_closed_is_no_name(practice, now):
    text = 'nom;prénom;naissance\n"Martin;Léo;01/01/1990\nRey";Ada;01/01/1990\n\nDurand;Zoé;x\n'
    row = take(begin(practice, now, text), now)
    first, second = rejects_of(row)[1:]
    assert first[0] == "2" and "guillemet mal fermé" in first[1]
    assert second[0] == "5", "a line is counted as the file has it, with those that are empty"


@pytest.mark.usefixtures("at_now")
@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("12/05/90", "12/05/1990"), ("12.05.27", "12/05/1927"), ("12-05-26", "12/05/2026"),
        # 24 November 2026 is today.
        ("24/11/26", "24/11/2026"), ("25/11/26", "25/11/1926"), ("1/1/00", "01/01/2000"),
        ("29/02/00", "29/02/2000"), ("29/02/28", "29/02/1928"), ("12 05 03", "12/05/2003"),
    ],
)  # fmt: skip
def test_a_year_of_two_digits_is_of_somebody_under_a_hundred(practice, desk, now, written, read):
    row = begin(practice, now, HEADER + f"Rey;Ada;{written};\n")
    page = desk.get(reverse("booking:patient-import", args=[practice.pk, row.pk]))
    text = page.content.decode()
    assert f"<td>{read}</td>" in text
    assert "1 date de naissance a une année sur deux chiffres" in text
    assert take(row, now).created == 1


@pytest.mark.parametrize("written", ["29/02/90", "31/02/80", "12/05/9", "12/05/990", "32/01/80"])
def test_what_is_no_day_is_refused(written):
    (line,) = understood(HEADER + f"Rey;Ada;{written};06 12 34 56 78")
    assert line.problem == "date de naissance illisible"


def test_the_page_counts_what_the_file_holds(practice, desk, now):
    row = begin(practice, now, FILE)
    text = desk.get(reverse("booking:patient-import", args=[practice.pk, row.pk])).content.decode()
    facts = dict(re.findall(r"<dt>([^<]+)</dt>\s*<dd>(\d+)</dd>", text))
    assert facts == {"Lignes": "8", "Patients à reprendre": "3", "Refusées": "5"}
    assert "deux chiffres" not in text


def test_all_that_is_wrong_with_a_line_is_said_at_once():
    text = "nom;prénom;naissance;téléphone;email\nMartin;;31/02/1990;12;personne\nRey;Ada;hier;;\n"
    first, second = patient_file.read_table(text).lines()
    assert str(first.problem).split(", ") == [
        "nom ou prénom absent", "date de naissance illisible", "téléphone illisible",
        "e-mail illisible",
    ]  # fmt: skip
    assert second.problem == "date de naissance illisible"


def test_where_nothing_can_be_taken_the_button_says_so(practice, desk):
    text = "nom;prénom;naissance\nDurand;;19/10/1993\n"
    url = reverse("booking:imports", args=[practice.pk])
    answer = desk.post(url, {"file": SimpleUploadedFile("x.csv", text.encode())}, follow=True)
    page = answer.content.decode()
    assert "Aucune ligne ne peut être prise telle quelle." in page
    assert "Recevoir le fichier à corriger" in page and "Prendre ces patients" not in page
