"""What people type of themselves and of others: names, days, telephone numbers, codes, prices."""

import uuid
from datetime import date

from django import forms
from django.core.exceptions import TooManyFieldsSent, ValidationError
from django.http import QueryDict

from audit import plain_text, spreadsheet
from audit.vault import blind_index
from audit.views import typed
from booking.appointments import questionnaire
from booking.dashboard.forms import new_visit
from booking.dashboard.forms.hours import EurosField
from booking.models import CodeApp
from booking.models.factors import recovery_digest
from booking.models.patient import Sex
from booking.outbox import quiet_hours, sms
from booking.pages.forms.dashboard import PracticeForm
from booking.pages.forms.patients import CallerForm, IdentityForm
from booking.patients import patients, sought
from partners.forms import JwkField
from practitioners.domain import telephone
from practitioners.domain.directory import asides, text
from practitioners.domain.directory.places import place_text
from practitioners.models import Practice
from tests.fuzz.registry import refuses, target

TODAY = date(2026, 11, 24)
DAYS = ("31/12/1980", "31.12.80", "1980-12-31", "31 12 1980", "29/02/1980")
DAY_WORDS = ("/", ".", "-", " ", "31", "12", "00", "1980", "29", "02", "\u0661\u0662", "\u00bd")
NUMBERS = (
    "06 12 34 56 78",
    "+33 (0)6 12 34 56 78",
    "0262 12 34 56",
    "00447700900123",
    "3624",
    "+590690000000",
)
NUMBER_WORDS = (
    "+",
    "00",
    "0",
    "(0)",
    " ",
    ".",
    "-",
    ";ext=7",
    "tel:",
    ";phone-context=",
    "262",
    "\uff10",
    "p",
)


@target(
    "booking.patients.patients.parse_birth_date", "booking.patients.patients._parts_of_day",
    samples=DAYS, words=DAY_WORDS,
)  # fmt: skip
def birth_date(written):
    born = patients.parse_birth_date(written, today=TODAY)
    if born is not None:
        assert patients.parse_birth_date(born.isoformat(), today=TODAY) == born
        assert not patients.has_short_year(written) or date(1926, 1, 1) <= born <= TODAY


@target("booking.patients.patients.parse_day_to_come", samples=DAYS, words=DAY_WORDS)
def day_to_come(written):
    day = patients.parse_day_to_come(written)
    assert day is None or patients.parse_day_to_come(day.isoformat()) == day


@target(
    "practitioners.domain.telephone.read_number", "practitioners.domain.telephone._possible",
    "booking.outbox.quiet_hours.zone_of_number",
    samples=NUMBERS, words=NUMBER_WORDS,
)  # fmt: skip
def phone_number(written):
    telephone.for_reading(written)
    href = telephone.for_calling(written)
    assert href == "" or (href.startswith("tel:") and href.isascii() and " " not in href)
    with refuses(patients.InvalidPhone):
        number = patients.normalise_phone(written)
        assert number == "" or (number[0] == "+" and number[1:].isdecimal() and number.isascii())
        assert patients.normalise_phone(number) == number
        assert isinstance(quiet_hours.zone_of_number(number), str)


@target(
    "practitioners.domain.telephone.numbers_in",
    samples=("Appelez le 15 ou le 01 45 67 89 10.", "Composez le 3114, puis 0 800 123 456"),
    words=("Appelez le ", "15", " ou ", "0 8", "+33", "3114", "116 117", "(0)", " "),
)  # fmt: skip
def numbers_of_a_text(written):
    until = 0
    for begin, end, href in telephone.numbers_in(written):
        assert until <= begin < end <= len(written) and href.startswith("tel:")
        until = end


@target("booking.outbox.quiet_hours.zone_of_number", samples=NUMBERS, words=NUMBER_WORDS)
def zone_of_any_number(written):
    assert isinstance(quiet_hours.zone_of_number(written), str)


@target(
    "booking.patients.sought.read_sought", "booking.patients.sought._days_in",
    "booking.patients.sought._days_of", "booking.patients.sought._digits",
    samples=("Durand 19/10/93", "née le 1er mars 1980 Le Goff", "zoe@exemple.fr", "06 12 34 56 78", "19930310 rey"),
    words=(*DAY_WORDS, *NUMBER_WORDS, "né le ", "premier ", "mars", "@", "ddn ", "Mme "),
)  # fmt: skip
def patient_sought(written):
    asked = sought.read_sought(written)
    assert all(sought.EARLIEST <= day.year <= sought.LATEST for day in asked.days)
    assert all(each.startswith("+") and each[1:].isdecimal() for each in asked.phones)
    assert len(asked.email) <= 4 * sought.LONGEST
    texts = {
        "last_name": written,
        "first_name": "",
        "birth_date": "1980-12-31",
        "phone": "",
        "email": "",
    }
    assert sought.is_sought(asked, texts=texts) in (True, False)


@target(
    samples=("Lefèvre-D'Œil", "ÎLE DE LA RÉUNION", "Straße ﬁ"),
    words=("'", "-", "œ", "\u0301", "ß", "ﬁ", "Å"),
)
def folded_name(written):
    name = blind_index.normalise_name(written)
    assert blind_index.normalise_name(name) == name
    assert name == name.strip() and all(c == " " or (c.isascii() and c.isalnum()) for c in name)
    email = blind_index.normalise_email(written)
    assert not written.isascii() or blind_index.normalise_email(email) == email
    assert (blind_index.blind_index("patient.last_name", name) is None) == (not name)


LINKS = (
    "www.exemple.fr",
    "https://exemple.fr/",
    "CAB.MED",
    "Zoé d'Arc",
    "a@b.fr",
    "javascript:x",
    "1.2.3.4",
)
LINK_WORDS = (
    ".",
    "\u3002",
    "\uff0e",
    "://",
    ":",
    "/",
    "@",
    "www",
    "fr",
    "xn--",
    "mailto:",
    "-",
    "_",
    "\u200b",
)


@target(
    "audit.plain_text.has_link", "audit.plain_text.problem_of_name", "audit.plain_text._is_domain",
    samples=LINKS, words=LINK_WORDS,
)  # fmt: skip
def name_without_links(written):
    """What is let through as a name opens nothing, and what mails quote opens nothing."""
    assert not plain_text.has_link(plain_text.without_links(written))
    assert not plain_text.has_link(plain_text.with_spaces(written))
    with refuses(ValidationError):
        plain_text.check_name(written)
        assert not plain_text.has_link(written) and "\n" not in written and "\r" not in written


@target(
    "audit.spreadsheet.harmless", samples=("=1+1", "'\x1f+3", "-2+3", "+33612345678", " @SUM(A1)", "Zoé"),
    words=("=", "+", "-", "@", "|", "'", '"', "\t", "\r", "\n", "\u2028", "\uff1d", "%"),
)  # fmt: skip
def cell_of_a_table(written):
    cell = spreadsheet.harmless(written)
    assert len(cell.splitlines()) <= 1
    assert not cell.lstrip(" \t'\"\ufeff").startswith(("=", "@", "|", "%")) or cell.startswith("'")
    assert spreadsheet.as_typed(cell) == spreadsheet._LINE_ENDS.sub(" ", written)
    spreadsheet.line_of([written, written]).encode()


@target(
    "booking.dashboard.forms.hours.EurosField.to_python", samples=("25", "25,50", "25.50 €", "12 euros"),
    words=(",", ".", "€", "euros", " ", "0", "\u0661", "-"),
)  # fmt: skip
def price(written):
    field = EurosField()
    with refuses(ValidationError):
        cents = field.clean(written)
        assert cents is None or (
            0 <= cents < 10_000_000 and field.clean(field.prepare_value(cents)) == cents
        )


@target("booking.models.factors.recovery_digest", samples=("abcd-efgh-ijkl-mnop", "ABCD EFGH 2345 6723", "0l8b-oooo"),
        words=("-", " ", "0", "1", "8", "\u2010", "=", "ſ", "ß"))  # fmt: skip
def recovery_code(written):
    digest = recovery_digest(uuid.UUID(int=7), written)
    assert digest is None or len(digest) == blind_index.INDEX_BYTES
    # However it is typed, it is the same code.
    if digest is not None and written.isascii():
        assert recovery_digest(uuid.UUID(int=7), f" {written.upper()} ") == digest


@target(
    "booking.models.factors.CodeApp.verify_token",
    samples=("123456", "000000"),
    words=("\u0661", " ", "-", "+"),
)
def code_of_an_app(written):
    """Nothing but six digits reaches the seed; this one's seal is broken, so none is taken."""
    app = CodeApp(user_id=uuid.UUID(int=7), sealed_seed=b"broken")
    app.__dict__["seed_was_asked"] = False
    if not (len(written) == 6 and written.isdecimal()):
        assert app.verify_token(written) is False


@target(
    "booking.appointments.questionnaire.is_none_of_these", samples=("Aucun de ceux-ci", "None of these", "Non"),
    words=("aucun", "non", " "),
)  # fmt: skip
def answer_to_a_question(written):
    assert questionnaire.is_none_of_these(written) in (True, False)


@target(
    "booking.outbox.sms.in_gsm",
    samples=("à bientôt, l’équipe « Œil »", "août"),
    words=("\u0301", "œ", "…"),
)
def text_message(written):
    assert isinstance(sms.in_gsm(written), str)


def _form(written):
    """A form as it is sent; one of too many fields is refused before it is read."""
    given = QueryDict(mutable=True)
    with refuses(TooManyFieldsSent):
        given = QueryDict(written)
    return given


@target(
    "audit.views.typed.typed", "booking.dashboard.forms.new_visit.read_choice",
    samples=("patient=new&last_name=Durand", "motif=x&jour=2026-11-24&password=secret", "decide=new&fiche="),
    words=("&", "=", "patient=", "decide=", "fiche=", "connue=", "%C3%A9", "%FF", "creneau=", "@", "+"),
    longest=20_000,
)  # fmt: skip
def sent_form(written):
    """Fields of a form: the words that are shown again hold no secret, and a choice is one."""
    given = _form(written)
    secret = {value for name, values in given.lists() for value in values if "password" in name}
    others = {value for name, values in given.lists() for value in values if "password" not in name}
    assert not (set(typed.typed(given)) & (secret - {o.strip() for o in others} - others))
    choice = new_visit.read_choice(given)
    assert choice.patient_id is None or isinstance(choice.patient_id, uuid.UUID)
    form, changed = new_visit.aligned(given, [])
    assert form is not None and changed is False


@target(
    "booking.pages.forms.dashboard.PracticeForm.clean_phone",
    samples=("first_name=Zo%C3%A9&last_name=Durand&birth_date=1980-12-31&phone=0612345678&sex=F&email=a%40b.fr",),
    words=("&", "=", "birth_date=", "31/12/1980", "phone=", "last_name=", "%00", "%0A", "single_name=on"),
    longest=20_000,
)  # fmt: skip
def identity_form(written):
    given = _form(written)
    for form in (IdentityForm(given), CallerForm(given)):
        if form.is_valid():
            identity = form.identity()
            assert identity.sex in Sex.values
            assert patients.texts_of(identity)["last_name"]
            assert patients.indexes_of(identity)
    form = PracticeForm(given, instance=Practice())
    form.cleaned_data = {"phone": given.get("phone", "")}
    with refuses(ValidationError):
        assert isinstance(form.clean_phone(), str)


@target(
    "partners.forms.JwkField.clean", samples=('{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}', "[]", "7"),
    words=('"kty"', '"RSA"', '"n"', "NaN", "{", "}", "[", ":", ","),
)  # fmt: skip
def typed_key(written):
    with refuses(forms.ValidationError):
        assert isinstance(JwkField().clean(written), dict)


PLACES = ("75015 Paris", "Marseille (13)", "St-Étienne", "Chalon s/ Saône", "12 bis rue de la Paix 69003 Lyon",
          "Paris XIe", "9-3", "2A", "97 4", "à 10 km de Lille", "F-67000 Strasbourg cedex 2")  # fmt: skip
PLACE_WORDS = ("s/", "/s", "st ", "rue ", "12", "bis", "75", "001", "cedex", "(13)", "XI", "e", "er", "km ", "2a",
               "arrondissement ", "departement ", "bp 12", "f", "\u0661")  # fmt: skip


@target(
    "practitioners.domain.directory.places.place_text.read", "practitioners.domain.directory.places.place_text.place_tokens",
    "practitioners.domain.directory.places.place_text._digits", "practitioners.domain.directory.places.place_text._is_postcode",
    "practitioners.domain.directory.places.place_text._without_house_numbers",
    samples=PLACES, words=PLACE_WORDS,
)  # fmt: skip
def place(written):
    found = place_text.read(written, cities=frozenset({"paris", "lyon", "marseille"}))
    assert all(word and " " not in word for word in found.words)
    assert found.number is None or 0 <= found.number <= 99
    assert len(found.postcode) <= 5 and len(found.department) <= 3


@target(samples=("cardiologue parlant arabe", "gynéco femme secteur 1 près de moi"),
        words=("parlant ", "secteur ", "1", "près de moi", "nouveaux patients", " en "))  # fmt: skip
def wish_beside_a_search(written):
    found = asides.without_asides(written)
    assert all(isinstance(word, str) for word in found.words)


@target(samples=("vaccin|vagin", "philippe|filip"), words=("|", "ph", "qu", "y"), longest=200)
def nearly_the_same_word(written):
    one, _bar, other = written[:200].partition("|")
    assert text.distance(one, other) == text.distance(other, one) <= max(len(one), len(other))
    assert text.likeness(one, one) == 0 and text.likeness(one, other) in (None, *range(401))
