"""The national directory's extract, with the oddities that real lines have."""

import csv
import io

import pytest
from django.core.management import CommandError, call_command

from audit.models import Entry
from practitioners.domain.directory_import.lines import BadLine, LineReader, UnreadableHeader
from practitioners.models import Agenda, Commune, Practice, Practitioner, Specialty
from tests.support.directory_lines import LABELS, USUAL, line

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tours():
    for code, name, postcodes, latitude, longitude in [
        ("37261", "Tours", ["37000", "37100", "37200"], 47.39, 0.69),
        ("75056", "Paris", ["75001", "75015"], 48.86, 2.34),
        ("25204", "Doubs", ["25300"], 46.93, 6.35),
        ("97411", "Saint-Denis", ["97400", "97490"], -20.88, 55.45),
    ]:
        from practitioners.domain.directory.text import search_text

        Commune.objects.create(
            code=code,
            name=name,
            search_name=search_text(name),
            department=code[:3] if code.startswith("97") else code[:2],
            region="0",
            postcodes=postcodes,
            population=1000,
            latitude=latitude,
            longitude=longitude,
        )


def load(tmp_path, *lines, header=None):
    file = tmp_path / "extract.txt"
    head = "|".join(LABELS) + "|" if header is None else header
    file.write_bytes(
        b"\n".join(t if isinstance(t, bytes) else t.encode() for t in [head, *lines]) + b"\n"
    )
    out, err = io.StringIO(), io.StringIO()
    call_command("import_directory", str(file), stdout=out, stderr=err)
    with (tmp_path / "extract.txt.rejects.csv").open() as rejects:
        rows = list(csv.reader(rejects))[1:]
    return out.getvalue(), [(int(number), reason) for number, reason, _text in rows], err.getvalue()


def test_a_usual_line_becomes_a_practitioner_at_a_practice(tmp_path):
    out, rejects, progress = load(tmp_path, line())
    person = Practitioner.objects.get()
    assert str(person) == "Dr Élise Dupont-Moreau"
    assert person.national_id == "810000000001"
    assert [s.code for s in person.specialties.all()] == ["SM54"]
    practice = Practice.objects.get()
    assert (practice.name, practice.address) == ("Cabinet du Mail", "12 rue des Lilas")
    assert (practice.commune_id, practice.latitude, practice.town) == ("37261", 47.39, "Tours")
    agenda = Agenda.objects.get()
    assert not agenda.active, "listed, and bookable only once the practice opens it"
    assert rejects == []
    assert "1 lines read, 0 rejected" in out
    assert progress.split()[:4] == ["1", "lines", "100", "%"]
    assert Entry.objects.get(action="directory-imported").details == {"lines": 1, "rejected": 0}


def test_one_person_at_two_places_has_two_agendas(tmp_path):
    load(tmp_path, line(), line(place="R2", company="CLINIQUE DU PARC"))
    assert Practitioner.objects.count() == 1
    assert Agenda.objects.count() == 2


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        # Everything in the last line of the address, every commune column empty.
        ({"postcode": "", "town": "", "commune": "", "cedex": "75015 PARIS"}, ("75056", "75015")),
        ({"postcode": "", "town": "", "commune": "", "cedex": "25300 DOUBS"}, ("25204", "25300")),
        # Lower case, or accents missing.
        ({"commune": "", "town": "tours"}, ("37261", "37000")),
        ({"commune": "", "town": "SAINT DENIS", "postcode": "97400"}, ("97411", "97400")),
        # A cedex postcode is no commune's own.
        ({"commune": "", "postcode": "37044", "town": "TOURS CEDEX 9"}, ("37261", "37044")),
        ({"commune": "", "postcode": "75739", "town": "PARIS CEDEX 15"}, ("75056", "75739")),
        ({"commune": "", "postcode": "37000", "town": "NULLEPART"}, (None, "37000")),
    ],
)
def test_places_are_recognised(tmp_path, changed, expected):
    load(tmp_path, line(**changed))
    practice = Practice.objects.get()
    assert (practice.commune_id, practice.postcode) == expected


def test_a_foreign_address_is_kept_as_it_is_and_stands_in_no_commune(tmp_path):
    changed = {
        "postcode": "GL", "cedex": "GL 5O 2QJ CHELTENHAM", "country": "99132",
        "commune": "", "town": "",
    }  # fmt: skip
    _, rejects, _ = load(tmp_path, line(**changed))
    practice = Practice.objects.get()
    assert rejects == []
    assert (practice.postcode, practice.commune_id, practice.latitude) == ("", None, None)
    assert "CHELTENHAM" in practice.town.upper()


def test_the_street_number_p_is_no_number(tmp_path):
    load(tmp_path, line(number="P"))
    assert Practice.objects.get().address == "rue des Lilas"


def test_overseas_practices_stand_in_their_own_zone(tmp_path):
    load(tmp_path, line(commune="97411", postcode="97400", town="SAINT-DENIS"))
    practice = Practice.objects.get()
    assert (practice.time_zone, practice.department) == ("Indian/Reunion", "974")


def test_without_a_specialty_the_profession_counts(tmp_path):
    load(
        tmp_path,
        line(kind="", skill="", skill_label="", profession="91", profession_label="Orthophoniste"),
    )
    specialty = Specialty.objects.get(practitioner__isnull=False)
    assert (specialty.code, specialty.name) == ("P91", "Orthophoniste")


def test_a_line_without_a_workplace_lists_the_person_alone(tmp_path):
    labels = [label for label in LABELS if "structure" in label or "site" in label]
    fields = dict.fromkeys(labels, "")
    text = "|".join((USUAL | fields).get(label, "") for label in LABELS) + "|"
    load(tmp_path, text)
    assert Practitioner.objects.count() == 1
    assert not Agenda.objects.exists()


def test_bad_lines_are_reported_with_their_number_and_the_rest_is_loaded(tmp_path):
    out, rejects, _ = load(
        tmp_path,
        line(),
        "too|short|",
        line(who=""),
        line(last_name=""),
        line(who="???"),
        line(kind="", profession=""),
        line().encode().replace("É".encode(), b"\xc9"),
        line(last_name="X" * 81),
        line(who="810000000002", last_name="DERNIER"),
    )
    assert rejects == [
        (3, "2 fields instead of 52"),
        (4, "no identification nationale pp"),
        (5, "no nom exercice"),
        (6, "identification nationale is not an identifier"),
        (7, "no code profession"),
        (8, "not readable as UTF-8 text"),
        (9, "name longer than 80 characters"),
    ]
    assert "9 lines read, 7 rejected" in out
    assert sorted(Practitioner.objects.values_list("last_name", flat=True)) == [
        "Dernier", "Dupont-Moreau",
    ]  # fmt: skip


def test_a_second_run_changes_nothing_and_says_so(tmp_path):
    lines = [line(), line(place="R2", company="AUTRE"), line(who="810000000002", place="")]
    first, _, _ = load(tmp_path, *lines)
    before = list(Practice.objects.order_by("pk").values())
    assert "created 2 practitioners" in first
    second, _, _ = load(tmp_path, *lines)
    assert "nothing changed: the directory is up to date" in second
    assert list(Practice.objects.order_by("pk").values()) == before


def test_lines_that_disagree_do_not_make_the_import_swing(tmp_path):
    lines = [line(), line(company="LE MÊME, AUTREMENT DIT", first_name="LISE")]
    load(tmp_path, *lines)
    second, _, _ = load(tmp_path, *lines)
    assert "nothing changed" in second
    assert Practitioner.objects.get().first_name == "Élise"


def test_a_later_release_updates_what_changed(tmp_path):
    load(tmp_path, line())
    out, _, _ = load(tmp_path, line(last_name="DURAND", company="CABINET DES HALLES"))
    assert "changed 1 practitioners" in out
    assert "changed 1 practices" in out
    assert Practitioner.objects.get().last_name == "Durand"


def test_columns_are_found_by_label_in_any_order_and_wording(tmp_path):
    reworded = [
        "Libellé civilité exercice" if label == "Libellé civilité d'exercice" else label
        for label in reversed(LABELS)
    ]
    values = {**USUAL, "Libellé civilité exercice": "Docteur"}
    text = "|".join(values.get(label, "") for label in reworded) + "|"
    load(tmp_path, text, header="\ufeff" + "|".join(reworded) + "|")
    assert str(Practitioner.objects.get()) == "Dr Élise Dupont-Moreau"


@pytest.mark.parametrize("header", ["", "a|b|c|", '{"json": true}'])
def test_another_file_is_refused_by_its_header(tmp_path, header):
    with pytest.raises(CommandError, match="columns not found: identification nationale pp"):
        load(tmp_path, line(), header=header)
    assert not Practitioner.objects.exists()


def test_a_file_that_is_not_there_is_one_clear_line(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_directory", str(tmp_path / "none.txt"), stderr=io.StringIO())


def test_a_reader_says_what_is_wrong():
    reader = LineReader("|".join(LABELS) + "|")
    assert reader.activity(line()).specialty == "Médecine générale"
    with pytest.raises(BadLine):
        reader.activity("")
    with pytest.raises(UnreadableHeader):
        LineReader("Nom d'exercice|")
