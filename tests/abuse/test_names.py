"""Names and labels lead nowhere: no address of a site, no line end, nothing that does not show."""

import json

import pytest
from django import forms
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models

from audit.plain_text import check_name, has_link, problem_of_name, with_spaces, without_links
from booking.dashboard.forms import hours
from booking.exchange.documents import title_of
from booking.pages.forms import conversation, patients, questionnaire
from booking.takeover.patient_file import read_table
from partners import forms as partner_forms
from partners.api.serializers import IdentityIn
from partners.models import Credential, Partner
from practitioners.domain.directory_import.lines import BadLine, LineReader
from practitioners.models import Practice, Practitioner, Resource, VisitReason
from tests.support.directory_lines import LABELS, line

LINKS = [
    "evil.example", "www.evil", "http://x", "HTTPS://EVIL.EXAMPLE/a?b=c", "http:\\\\evil", "t.co",
    "zoe@evil.fr", "Zoé (evil.com)", "«evil.com»", "_evil.com_", "evil.com.", "evil.co.uk",
    "Zoé evil。com", "ｅｖｉｌ．ｃｏｍ", "пример.рф", "例え.みんな", "राम.भारत", "xn--e1aybc.xn--p1ai",
    "1.2.3.4", "ftp://x", "javascript:alert(1)", "mailto:zoe", "bit.ly/x", "EVIL.PARIS", "x\u00b7evil.com",
]  # fmt: skip
HIDDEN = [
    "a\nb", "a\rb", "a\r\nBcc: x", "a\tb", "a\x0bb", "a\x1bb", "a\x7fb", "a\x85b", "a\u2028b",
    "a\u202eb", "a\u2066b", "a\u200bb", "a\u200eb", "a\ufeffb", "a\u00adb", "a\U000e0041b", "a\ue000b",
]  # fmt: skip
NAMES = [
    "Zoé", "Jean-Paul", "O'Connor", "D’Arc", "M. Dupont", "J.-P. Martin", "J.P. Martin",
    "Dr.Martin", "St.Denis", "Müller-Lüdenscheidt", "李 小龙", "राम", "علی‌رضا", "H.I.V.", "P.M.I.",
    "Consultation 14.30", "S.C.P. Roux & Cie", "n° 3/4", "24h/24", "Suivi : 6 mois", "C++ (2.5 mg)",
    "E.H.P.A.D. Les Lilas", "Cabinet du 12 bis", "Quatrefages…", "Zoé, Léa et Luc",
]  # fmt: skip
# Fields that hold no words of a person for others: codes, and what is built from other columns.
NOT_WORDS = {"search_name", "name_en"}


@pytest.mark.parametrize("text", [*LINKS, *HIDDEN])
def test_no_name_leads_anywhere(text):
    assert problem_of_name(text)
    with pytest.raises(ValidationError):
        check_name(text)


@pytest.mark.parametrize("text", NAMES)
def test_usual_names_are_names(text):
    assert not problem_of_name(text)
    assert without_links(text) == text
    assert with_spaces(text) == text


@pytest.mark.parametrize("text", [*LINKS, *HIDDEN])
def test_what_is_quoted_leads_nowhere(text):
    for around in ("{}", "Bonjour {}, merci", "({})", "a\n{}\nb", '"{}"', "{0} {0}"):
        written = without_links(around.format(text))
        assert not has_link(written)
        assert not set(written) & set("\r\x1b\x7f\u202e\u200b\u2028")
    assert not has_link(with_spaces(text)) or "@" in text or "javascript" in text or "to:" in text


def test_what_is_quoted_is_read_as_it_was_written():
    said = "Le 3.5 à 14.30 : 12 rue X\n\tM. Dupont, http://a.fr/b et c@d.fr"
    assert without_links(said) == (
        "Le 3.5 à 14.30 : 12 rue X\n\tM. Dupont, http[:]//a[.]fr/b et c@d[.]fr"
    )
    assert with_spaces("CAB.MED du Port") == "CAB. MED du Port"


def test_a_long_text_takes_no_time(benchmark_s=2.0):
    import time

    began = time.monotonic()
    for part in ("a.b", "a", "-_.", "http:", "a@", ".", "xn--", "é.", "//:"):
        without_links(part * 50_000)
    assert time.monotonic() - began < benchmark_s


def project_models():
    return [
        model
        for model in apps.get_models()
        if model._meta.app_label in ("audit", "practitioners", "booking", "partners")
    ]


def named_like(name):
    return name.endswith(("name", "label", "topic")) or name in ("title", "town", "address")


def test_every_name_and_label_of_a_model_is_checked():
    """Whatever is added later: a short text that names somebody or something."""
    left = [
        f"{model._meta.label}.{field.name}"
        for model in project_models()
        for field in model._meta.local_fields
        if type(field) is models.CharField
        and named_like(field.name)
        and field.name not in NOT_WORDS
        and check_name not in field.validators
    ]
    # Of the reference data that comes with the code, and django-otp's, which only code fills in.
    assert set(left) == {
        "practitioners.Commune.name", "practitioners.Specialty.name",
        "booking.CodeApp.name", "booking.RecoverySheet.name",
    }  # fmt: skip


def all_forms(kind=forms.BaseForm):
    for each in kind.__subclasses__():
        if each.__module__.startswith(("booking", "partners", "practitioners", "audit")):
            yield each
        yield from all_forms(each)


def validators_of_model(form, name):
    """What the model of a form asks of a field, which the form asks as well."""
    model = form._meta.model if issubclass(form, forms.ModelForm) else None
    return model._meta.get_field(name).validators if model else []


def test_every_name_and_label_of_a_form_is_checked():
    left = {
        f"{form.__name__}.{name}"
        for form in all_forms()
        for name, field in getattr(form, "base_fields", {}).items()
        if type(field) is forms.CharField
        and named_like(name)
        and check_name not in [*field.validators, *validators_of_model(form, name)]
    }
    assert left == set()


FORMS = [
    (patients.IdentityForm, "first_name"), (patients.IdentityForm, "last_name"),
    (patients.OwnIdentityForm, "last_name"), (patients.PersonForm, "first_name"),
    (patients.RelativeForm, "first_name"), (patients.CallerForm, "first_name"),
    (patients.CallerForm, "last_name"), (hours.AbsenceForm, "label"),
    (hours.WeekTemplateForm, "name"), (hours.SubstituteForm, "name"),
    (questionnaire.QuestionForm, "text"), (conversation.BeginForm, "topic"),
    (partner_forms.FeedForm, "label"), (partner_forms.ImportForm, "label"),
    (partner_forms.VendorForm, "name"), (partner_forms.CredentialForm, "label"),
]  # fmt: skip


@pytest.mark.parametrize("text", ["Zoé evil.example", "Zoé\u202e", "Zoé\nBcc: x", "http://x"])
@pytest.mark.parametrize(("form", "name"), FORMS)
def test_forms_refuse_them_and_say_why(form, name, text):
    field = form.base_fields[name]
    with pytest.raises(ValidationError) as refused:
        field.clean(text)
    (why,) = refused.value.messages
    assert "adresse de site" in why or "invisibles" in why
    assert field.clean(" Zoé Roux ") == "Zoé Roux"


def test_the_choices_of_a_question_are_labels():
    data = {"text": "Où ?", "kind": "choice", "options": "à Tours\nhttp://evil.example"}
    form = questionnaire.QuestionForm(data)
    assert not form.is_valid()
    assert "options" in form.errors


@pytest.mark.parametrize("text", ["evil.example", "Zoé\u202e", "Zoé\nBcc: x", "http://x"])
@pytest.mark.parametrize(
    ("model", "name"), [
        (Practice, "name"), (Practice, "address"), (Practice, "town"),
        (Practitioner, "first_name"), (Practitioner, "last_name"), (Practitioner, "title"),
        (VisitReason, "name"), (Resource, "name"), (Partner, "name"), (Credential, "label"),
    ],
)  # fmt: skip
def test_dashboard_and_administration_refuse_them(model, name, text):
    with pytest.raises(ValidationError):
        model._meta.get_field(name).clean(text, None)


@pytest.mark.parametrize("text", ["evil.example", "Zoé\u202e", "Zoé\nBcc: x", "http://x", "a\tb"])
def test_the_partner_api_refuses_them(text):
    for name in ("first_name", "last_name"):
        given = {"first_name": "Zoé", "last_name": "Roux"} | {name: text}
        body = IdentityIn(data=json.loads(json.dumps(given)))
        assert not body.is_valid()
        assert "control characters or a web address" in str(body.errors[name][0])
    assert IdentityIn(data={"first_name": "Zoé", "last_name": "Roux"}).is_valid()


@pytest.mark.parametrize("text", ["evil.example", "Zoé\u202e", "Zoé\x1b[2J", "http://x", "a@b.fr"])
def test_an_import_of_patients_refuses_the_line(text):
    file = f"Nom;Prénom;Date de naissance\n{text};Zoé;31/12/1980\nRoux;{text};31/12/1980\nRoux;Zoé;31/12/1980\n"
    first, second, good = read_table(file).lines()
    assert good.identity is not None
    for bad in (first, second):
        assert bad.identity is None
        assert "dans le nom" in str(bad.problem)


@pytest.mark.parametrize("text", ["evil.example", "http://x", "WWW.EVIL.COM"])
@pytest.mark.parametrize("column", ["last_name", "first_name"])
def test_the_directory_refuses_people_named_like_sites(text, column):
    reader = LineReader("|".join(LABELS) + "|")
    with pytest.raises(BadLine, match="address of a site"):
        reader.activity(line(**{column: text}))
    with pytest.raises(BadLine, match="control characters"):
        reader.activity(line(**{column: "ZOÉ\u202e"}))


def test_the_directory_writes_places_so_that_they_lead_nowhere():
    reader = LineReader("|".join(LABELS) + "|")
    names = ("CAB.MED DU MAIL", "WWW.EVIL.COM", "HTTPS://EVIL.COM/A", "evil.example")
    for name in names:
        found = reader.activity(line(company=name, town=name, postcode="")).workplace
        assert found is not None
        assert not has_link(found.name)
        assert not has_link(found.town)
    with pytest.raises(BadLine, match="control characters"):
        reader.activity(line(company="CABINET\u202e"))


@pytest.mark.parametrize("name", ["evil.example.pdf", "a\u202efdp.exe.pdf", "http://x.com/a.pdf"])
def test_a_document_is_named_so_that_it_leads_nowhere(name):
    title = title_of(name, "application/pdf")
    assert title.endswith(".pdf")
    assert not problem_of_name(title)
