"""Each text that people read has its English, and the compiled catalogue is in step."""

import ast
import gettext
import re

import pytest
from babel.messages.pofile import read_po
from django.template import engines
from django.template.base import TextNode, VariableNode
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.test import Client
from django.utils import translation
from django.utils.translation import ngettext
from django_otp_webauthn.exceptions import OTPWebAuthnApiError

from doctolib.environment import PROJECT_DIR

ROOT = PROJECT_DIR
CATALOGUE = ROOT / "locale/en/LC_MESSAGES"
FUNCTIONS = {"_": 0, "gettext": 0, "gettext_lazy": 0, "pgettext_lazy": 1, "ngettext": 0}


def compiled(language="en"):
    with (ROOT / f"locale/{language}/LC_MESSAGES/django.mo").open("rb") as file:
        return gettext.GNUTranslations(file)._catalog


def in_code():
    for app in ("audit", "practitioners", "booking", "partners", "doctolib"):
        for file in (ROOT / app).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if not isinstance(node, ast.Call):
                    continue
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                at = FUNCTIONS.get(name)
                if at is None or len(node.args) <= at:
                    continue
                if isinstance(node.args[at], ast.Constant):
                    context = f"{node.args[0].value}\x04" if at else ""
                    yield context + node.args[at].value, file


def in_templates():
    for file in (ROOT / "templates").rglob("*.*"):
        template = engines["django"].from_string(file.read_text()).template
        for node in template.nodelist.get_nodes_by_type(TranslateNode):
            yield str(node.filter_expression.var.literal), file
        for node in template.nodelist.get_nodes_by_type(BlockTranslateNode):
            yield node.render_token_list(node.singular)[0], file
        for node in template.nodelist.get_nodes_by_type(VariableNode):
            for _function, arguments in node.filter_expression.filters:
                for is_variable, value in arguments:
                    if not is_variable and f'_("{value}")' in node.token.contents:
                        yield str(value), file


def test_every_text_has_its_english():
    known = compiled()
    texts = {*in_code(), *in_templates()}
    assert len(texts) > 500
    without = sorted(
        f"{file.relative_to(ROOT)}: {text}"
        for text, file in texts
        if text not in known and (text, 0) not in known
    )
    assert without == []


def test_the_compiled_catalogue_is_in_step_with_its_source():
    with (CATALOGUE / "django.po").open("rb") as file:
        source = read_po(file, locale="en")
    wanted = {}
    for message in source:
        if not message.id:
            continue
        assert message.string, message.id
        assert not message.fuzzy
        context = f"{message.context}\x04" if message.context else ""
        if isinstance(message.id, tuple):
            for n, text in enumerate(message.string):
                wanted[context + message.id[0], n] = text
        else:
            wanted[context + message.id] = message.string
    found = {key: text for key, text in compiled().items() if key}
    assert found == wanted


def test_the_same_question_has_the_same_english():
    """Whether one has been here before is asked on results, practitioners' pages and in between."""
    asked = {text for text, _file in in_templates() if text.startswith("Êtes-vous déjà suivi")}
    assert len(asked) > 1
    assert {compiled()[text] for text in asked} == {"Have you seen this practitioner before?"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "language", "word"),
    [("en-GB", "en", "Search"), ("de", "fr", "Rechercher"), ("fr-CA", "fr", "Rechercher")],
)
def test_the_home_page_speaks_the_readers_language_or_french(asked, language, word):
    page = Client(headers={"Accept-Language": asked}).get("/").content.decode()
    assert f'<html lang="{language}">' in page
    assert word in page


def test_french_has_its_no_break_spaces():
    """Before a colon, a semicolon, a question or exclamation mark, and inside of guillemets."""
    texts = {text for text, _file in (*in_code(), *in_templates())}
    loose = re.compile(r" [:;?!»](?=[\s\"'<)]|$)|«(?!\u00a0)")
    assert sorted(text for text in texts if loose.search(text)) == []


def test_french_counts_as_french_does():
    """Nothing is singular: 0 jour. The plurals that English has, French has, in its own words."""
    with (CATALOGUE / "django.po").open("rb") as file:
        plurals = [each.id for each in read_po(file) if isinstance(each.id, tuple)]
    assert len(plurals) > 10
    french = compiled("fr")
    for one, many in plurals:
        assert (french.get((one, 0)), french.get((one, 1))) == (one, many), one
    with translation.override("fr"):
        for n, words in (
            (0, "0 plage ajoutée."),
            (1, "1 plage ajoutée."),
            (2, "2 plages ajoutées."),
        ):
            said = ngettext("%(n)d plage ajoutée.", "%(n)d plages ajoutées.", n) % {"n": n}
            assert said == words


def outside_of_texts():
    """What stands in the templates outside of any translated text."""
    for file in sorted((ROOT / "templates").rglob("*.*")):
        if "development" in file.parts or file.suffix == ".js":
            continue
        template = engines["django"].from_string(file.read_text()).template
        for node in template.nodelist.get_nodes_by_type(TextNode):
            yield file.name, node.s


def test_no_template_has_french_typography_outside_of_its_texts():
    """What is not translated stands in English pages as it is: a colon is `{% colon %}`."""
    wrong = re.compile(r"[\u00a0\u202f ][:;?!»](?=\s|$)|[«»]")
    found = [(name, text.strip()) for name, text in outside_of_texts() if wrong.search(text)]
    assert not found


def test_no_english_text_has_french_typography():
    with (CATALOGUE / "django.po").open("rb") as file:
        texts = [
            each
            for message in read_po(file, locale="en")
            for each in ([message.string] if isinstance(message.string, str) else message.string)
        ]
    assert len(texts) > 1000
    assert not [text for text in texts if re.search(r"[\u00a0\u202f ][:;?!](?=\s|$)|[«»]", text)]


def outside_of_gettext(tree):
    """The strings of a module, and those that are parts of others, less what is translated."""
    texts = (ast.Call, ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    left_out = set()
    for node in ast.walk(tree):
        if not isinstance(node, texts):
            continue
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            inner = [*node.args, *(each.value for each in node.keywords)]
            left_out |= {id(each) for each in inner} if name in FUNCTIONS else set()
        elif node.body and isinstance(node.body[0], ast.Expr):
            left_out.add(id(node.body[0].value))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield from (
                each.value
                for each in node.values
                if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )
        elif isinstance(node, ast.Constant) and id(node) not in left_out:
            yield from [node.value] if isinstance(node.value, str) else []


def test_no_code_has_french_typography_outside_of_its_texts():
    """A message that is built of parts says `labelled(part, rest)`, a script its `data-colon`."""
    apps = ("audit", "practitioners", "booking", "partners", "doctolib")
    wrong = re.compile(r"^[ ]?[\u00a0\u202f][:;?!»]|[«»]\s*$|^\s*[«»]|^ [:;?!] ")
    parts = [
        (file.name, text)
        for app in apps
        for file in sorted((ROOT / app).rglob("*.py"))
        # An SMS has an alphabet of its own, with what stands for other signs.
        if not {"migrations", "demo", "drill", "sms.py"} & set(file.parts)
        for text in outside_of_gettext(ast.parse(file.read_text()))
    ]
    assert len(parts) > 1000
    assert [each for each in parts if wrong.search(each[1])] == []
    for file in sorted((ROOT / "static/js").rglob("*.js")):
        code = re.sub(r"^\s*//.*$", "", file.read_text(), flags=re.MULTILINE)
        assert not re.search(r"\\u00a0|\\u202f|[\u00a0\u202f«»]", code), file.name


@pytest.mark.parametrize(("language", "label"), [("fr", "Annuler\u00a0: x"), ("en", "Annuler: x")])
def test_a_label_ends_in_the_colon_of_its_language(language, label):
    with translation.override(language):
        shown = engines["django"].from_string("Annuler{% colon %}x").render({})
    assert shown == label


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_the_library_of_passkeys_refuses_is_said_in_our_words(language):
    """Its sentences reach the sign-in page as they are."""
    kinds = {OTPWebAuthnApiError, *OTPWebAuthnApiError.__subclasses__()}
    theirs = {kind for kind in kinds if kind.__module__ == OTPWebAuthnApiError.__module__}
    assert len(theirs) > 5
    for kind in theirs:
        with translation.override(None):
            source = str(kind.default_detail)
        with translation.override(language):
            assert str(kind.default_detail) != source
