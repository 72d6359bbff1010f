"""Days, telephone numbers and addresses as people read and touch them, on every page and mail."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.template import Context, Template
from django.utils import translation

from practitioners.domain.date_words import in_words
from practitioners.domain.telephone import for_calling, for_reading
from practitioners.models import Practice
from practitioners.templatetags import doctolib

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
DAYS = [date(2028, 1, 1) + timedelta(days=n) for n in range(366)]
SHORT_FR = [
    "janv.",
    "févr.",
    "mars",
    "avr.",
    "mai",
    "juin",
    "juil.",
    "août",
    "sept.",
    "oct.",
    "nov.",
    "déc.",
]
LONG_FR = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
WEEK_FR = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"]
SHORT_EN = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@pytest.mark.parametrize("day", DAYS)
def test_every_day_of_a_year_in_french(day):
    number = "1er" if day.day == 1 else str(day.day)
    weekday, month = WEEK_FR[day.weekday()], LONG_FR[day.month - 1]
    assert in_words(day, "l j F Y") == f"{weekday} {number} {month} 2028"
    assert in_words(day, "D j b") == f"{weekday[:3]}. {number} {SHORT_FR[day.month - 1]}"
    assert in_words(day, "j") == str(day.day)


@pytest.mark.parametrize("day", DAYS)
def test_every_day_of_a_year_in_english(day):
    with translation.override("en"):
        assert in_words(day, "l j F Y") == f"{day:%A} {day.day} {day:%B} 2028"
        assert in_words(day, "D j b") == f"{day:%a} {day.day} {SHORT_EN[day.month - 1]}"


def test_the_examples():
    assert in_words(date(2026, 12, 1), "j F") == "1er décembre"
    assert in_words(date(2026, 11, 27), "D j b") == "ven. 27 nov."
    with translation.override("en"):
        assert in_words(date(2026, 12, 1), "j F") == "1 December"
        assert in_words(date(2026, 11, 27), "D j b") == "Fri 27 Nov"


def test_the_filters_show_the_practices_day():
    """Still 30 November in Martinique, 1 December in Paris already."""
    at = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    assert doctolib.day(at, Practice(time_zone="Europe/Paris")) == "mardi 1er décembre 2026"
    martinique = Practice(time_zone="America/Martinique")
    assert doctolib.day(at, martinique) == "lundi 30 novembre 2026"
    assert doctolib.short_day(at, martinique) == "lun. 30 nov."
    shown = Template('{{ at|in_words:"j F Y, H:i" }}').render(Context({"at": at}))
    assert shown == "1er décembre 2026, 00:30"


def test_no_sentence_ends_in_a_short_day():
    """A short month has its own full stop: "14 janv."."""
    pattern = r"(\w+)=[^ %]*\|short_day[^%]*%\}[^%]*\{\{ \1 \}\}\."
    found = [file.name for file in TEMPLATES.rglob("*.*") if re.search(pattern, file.read_text())]
    assert not found


def test_no_template_leaves_a_month_to_the_framework():
    """Django has "1 décembre", "ven 27 nov" and "Fri 27 nov"."""
    found = [
        f"{file.relative_to(TEMPLATES)}: {match}"
        for file in TEMPLATES.rglob("*.*")
        for match in re.findall(r"\|date:[\"'][^\"']*[FbMDlNSE][^\"']*[\"']", file.read_text())
    ]
    assert not found


def test_no_code_leaves_a_month_to_the_framework():
    """Neither Django's names of days and months nor the C library's: `date_words` has them."""
    by_name = re.compile(
        r"""(?:date_format|dateformat\.format|time_format)\([^)]*["'][^"']*[FbMDlNSE][^"']*["']"""
        r"""|(?:strftime\(\s*["']|\{[^{}]*:)[^"'{}]*%-?[aAbB]"""
    )
    root = TEMPLATES.parent
    found = [
        f"{file.relative_to(root)}: {match}"
        for app in ("audit", "practitioners", "booking", "partners", "doctolib")
        for file in (root / app).rglob("*.py")
        for match in by_name.findall(file.read_text())
    ]
    assert not found


@pytest.mark.parametrize(
    ("text", "read", "called"),
    [
        ("02 47 00 00 01", "02 47 00 00 01", "tel:+33247000001"),
        ("0247000001", "02 47 00 00 01", "tel:+33247000001"),
        ("+33 6 12 34 56 78", "06 12 34 56 78", "tel:+33612345678"),
        ("0692 12 34 56", "+262 692 12 34 56", "tel:+262692123456"),
        ("+41 79 123 45 67", "+41 79 123 45 67", "tel:+41791234567"),
        ("+33639980001", "06 39 98 00 01", "tel:+33639980001"),
        # Well formed, of a range that the library does not know.
        ("0596 12 34 56", "+596 596 12 34 56", "tel:+596596123456"),
        ("0639 12 34 56", "+262 639 12 34 56", "tel:+262639123456"),
        ("0709 12 34 56", "07 09 12 34 56", "tel:+33709123456"),
        ("0508 41 23 45", "+508 41 23 45", "tel:+508412345"),
        ("+687 27 41 21", "+687 27.41.21", "tel:+687274121"),
        ("02.47.00.00.01", "02 47 00 00 01", "tel:+33247000001"),
        ("+33 (0)2 47 00 00 01", "02 47 00 00 01", "tel:+33247000001"),
        # Numbers that exist within a country alone.
        ("112", "112", "tel:112"),
        ("3114", "3114", "tel:3114"),
        ("116 117", "116 117", "tel:116117"),
        ("36 24", "36 24", "tel:3624"),
        ("15", "15", "tel:15"),
        # No number.
        ("au secrétariat", "au secrétariat", ""),
        ("1", "1", ""),
        ("", "", ""),
    ],
)
def test_a_number_is_read_at_home_and_called_from_anywhere(text, read, called):
    assert for_reading(text) == read
    assert for_calling(text) == called


def render(source, **context):
    return Template(source).render(Context(context))


def test_a_number_is_a_link_that_calls_it():
    shown = render("{% phone_link number %}", number="0247000001")
    assert shown == '<a class="tel" href="tel:+33247000001">02 47 00 00 01</a>'
    assert render("{% phone_link number default='—' %}", number="") == "—"
    assert render("{% phone_link number %}", number="<b>") == "&lt;b&gt;"
    # In the middle of a sentence.
    address = "ada.martin@exemple.fr"
    shown = render("{{ address|breaks_well }}", address=address)
    assert shown == "ada<wbr>.martin@<wbr>exemple<wbr>.fr"
    assert render("{{ address|breaks_well }}", address="<b>") == "&lt;b&gt;"
    assert render("{{ number|phone_link }}", number="15") == '<a class="tel" href="tel:15">15</a>'


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("Urgence : appelez le 15 ou le 112.", ["15", "112"]),
        ("Not for an emergency: call 15 or 112.", ["15", "112"]),
        ("Composez le 15, le 18 ou le 114", ["15", "18", "114"]),
        ("Souffrance : le 3114 répond jour et nuit", ["3114"]),
        ("Violences : 3919. Médecin de garde : 116 117.", ["3919", "116117"]),
        ("Appelez le 36 24 la nuit", ["3624"]),
        ("Secrétariat au 02 47 00 00 01, poste 12", ["+33247000001"]),
        ("02.47.00.00.01 / 06 12 34 56 78", ["+33247000001", "+33612345678"]),
        ("Réunion : 0262 12 34 56 ou +262 692 12 34 56", ["+262262123456", "+262692123456"]),
        ("Guyane 0594 30 12 34, Nouméa +687 27 41 21.", ["+594594301234", "+687274121"]),
        ("Numéro vert 0 800 123 456 (gratuit)", ["+33800123456"]),
        ("(02 47 00 00 01)", ["+33247000001"]),
        ("+33 (0)2 47 00 00 01", ["+33247000001"]),
        # Days, hours, prices, codes, identities: nothing to call.
        ("Le 15 décembre à 9 h, arrivez 15 min avant", []),
        ("Appelez avant le 15 pour le 18", []),
        ("Appelez 15 min avant", []),
        ("Code 3114A, bâtiment 112, 17 rue du 11 Novembre, 37000 Tours", []),
        ("30 €, SIRET 123 456 789 00012, RPPS 10101234567", []),
        ("Né le 02/05/2019, le 2026-11-27 10:15", []),
        ("2 85 05 78 006 084 36", []),
        ("v0612345678x", []),
        ("", []),
    ],
)
def test_the_numbers_in_a_text_are_links_that_call_them(text, called):
    shown = doctolib.with_phones(text)
    assert re.findall(r'href="tel:([^"]+)"', shown) == called
    assert re.sub(r"<[^>]+>", "", shown) == text


def test_a_text_with_numbers_is_escaped_around_them():
    shown = render("{{ words|with_phones|linebreaks }}", words="<b>02 47 00 00 01</b>\n& 15")
    assert shown == (
        '<p>&lt;b&gt;<a class="tel" href="tel:+33247000001">02 47 00 00 01</a>&lt;/b&gt;<br>'
        "&amp; 15</p>"
    )
    assert render("{{ words|with_phones }}", words=None) == ""
    # What stands where a practice's one number is expected.
    assert "tel:+33247000001" in render("{% phone_link n %}", n="0247000001 poste 12")


# Texts that people write, in which a number may stand.
FREE_TEXT = re.compile(
    r"\{\{ *[\w.]*\b(?:instructions|access_info|presentation|words|answer|note)\b(?![\w.])[^}]*\}\}"
)


def test_every_text_that_people_write_links_its_numbers():
    raw = []
    for file in TEMPLATES.rglob("*.html"):
        if file.parent.name == "audit":
            # A checkpoint is a note too, in the sense of the record.
            continue
        page = re.sub(r"<textarea.*?</textarea>", "", file.read_text(), flags=re.DOTALL)
        raw += [
            f"{file.name}: {each}"
            for each in FREE_TEXT.findall(page)
            if "|with_phones" not in each and "|phone_link" not in each
        ]
    assert not raw


def test_an_address_is_a_link_that_opens_a_map():
    practice = Practice(address="12 rue de l’Église & Cie", postcode="37000", town="Tours")
    shown = render("{% map_link practice %}", practice=practice)
    assert 'href="https://www.openstreetmap.org/search?query=12+rue+de+l%E2%80%99' in shown
    assert 'rel="noopener noreferrer"' in shown
    assert "12 rue de l’Église &amp; Cie, 37000 Tours" in shown
    assert "nouvel onglet" in shown
    # A mail has no style that hides it.
    assert "nouvel onglet" not in render("{% map_link practice in_mail=True %}", practice=practice)
    assert render("{% map_link practice %}", practice=Practice()) == ""
    assert Practice(town="Tours").full_address == "Tours"


# A plain text has no links; the numbers in it are written for people.
RAW_PHONE = re.compile(r"\{\{[^}]*\.phone\b[^}]*\}\}|blocktranslate with [^%]*\.phone\b[^ %]*")
RAW_ADDRESS = re.compile(r"\{\{[^}]*practice\.(?:address|full_address)\b[^}]*\}\}")


def test_every_page_and_mail_links_numbers_and_addresses():
    raw = []
    for file in TEMPLATES.rglob("*.html"):
        text = file.read_text()
        phones = [each for each in RAW_PHONE.findall(text) if "|phone_link" not in each]
        raw += [f"{file.name}: {each}" for each in phones]
        raw += [f"{file.name}: {each}" for each in RAW_ADDRESS.findall(text)]
    assert not raw
    for file in TEMPLATES.rglob("*.txt"):
        for each in RAW_PHONE.findall(file.read_text()):
            assert "|phone" in each, f"{file.name}: {each}"


def test_a_video_visit_is_a_teleconsultation_everywhere():
    """A "visite" is made at somebody's home; what people book is a rendez-vous."""
    root = TEMPLATES.parent
    catalogue = (root / "locale/en/LC_MESSAGES/django.po").read_text()
    msgids = re.findall(r'^msgid "(.*)"$', catalogue, re.MULTILINE)
    assert not [m for m in msgids if re.search(r"\bvisites?\b", m) and "à domicile" not in m]
    assert not [m for m in msgids if re.search(r"par vidéo", m, re.IGNORECASE)]
    msgstrs = re.findall(r'^msgstr "(.*)"$', catalogue, re.MULTILINE)
    assert not [m for m in msgstrs if re.search(r"video visit|visits? by video", m, re.IGNORECASE)]


@pytest.mark.parametrize(
    ("seconds", "said"), [(30, "0:30"), (15, "0:15"), (3605, "60:05"), (0, "0:00"), (-9, "0:00")]
)
def test_what_is_left_is_counted_as_the_page_is_made(seconds, said, now):
    """Without scripts nothing counts on: half a minute must not stand there for ever."""
    with time_machine.travel(now, tick=False):
        assert doctolib.time_left(now + timedelta(seconds=seconds)) == said


def test_what_counts_down_begins_with_minutes_and_seconds():
    """The framework says "0 minutes" for all of the last one."""
    counters = [
        each
        for file in sorted(TEMPLATES.rglob("*.html"))
        for each in re.findall(r'class="timer"[^>]*data-until="\{\{[^}]*\}\}".*', file.read_text())
    ]
    assert len(counters) > 3
    assert not [each for each in counters if "|time_left }}</span>" not in each]
    found = [file.name for file in TEMPLATES.rglob("*.*") if "|timeuntil" in file.read_text()]
    assert not found
