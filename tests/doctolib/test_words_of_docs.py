"""Public English is understood on first reading, and the glossary names what the code has.

The warning sign is a sentence whose subject is a clause: "What is not in service is needed by
nobody." instead of "Resources out of service are ignored."
"""

import ast
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.test import Client

from doctolib.environment import PROJECT_DIR
from partners.api import document, problems
from partners.fhir import capabilities, mapping

# A question may begin so; a sentence that ends with a full stop may not.
CLAUSE = re.compile(
    r"(?:^|(?<=[.!?:;] )|(?<=\n))(?:Who|Whom|What|Whatever)\b[^.?!:|\n]*[.!](?=\s|$)"
    r"|(?<=[:;] )who [a-z]+ [^.?!:,|\n]*[.!](?=\s|$)"
)
WHOEVER = re.compile(r"\bwhom?(?:so)?ever\b", re.IGNORECASE)
RIDDLE = re.compile(
    r"\bnobody(?: (?:in|of|at|with|among) [\w' ]{1,30}?)? that\b|\bnone that\b", re.IGNORECASE
)

# Sentences that the patterns find although they are plain English: each with its reason.
ALLOWED: dict[str, str] = {}
DOCUMENTS = [
    *(PROJECT_DIR / name for name in ("README.md", "SECURITY.md", "CHANGELOG.md")),
    *sorted((PROJECT_DIR / "docs").rglob("*.md")),
]


def found_in(text: str) -> list[str]:
    """The sentences of a text that show the warning sign."""
    hits = [match.group() for match in CLAUSE.finditer(text)]
    hits += [text[max(0, m.start() - 30) : m.end() + 40] for m in WHOEVER.finditer(text)]
    hits += [match.group() for match in RIDDLE.finditer(text)]
    return [" ".join(hit.split()) for hit in hits if " ".join(hit.split()) not in ALLOWED]


def prose_of(file: Path) -> str:
    """A page as running text: no code blocks, no marks, a line for each paragraph, item and cell."""
    text = re.sub(r"```.*?```", "", file.read_text(), flags=re.DOTALL)
    text = re.sub(r"[*`]", "", text)
    text = re.sub(r"^(?:- |\d+\. |#+ |\|)", "\n", text, flags=re.MULTILINE)
    text = text.replace("|", "\n")
    paragraphs = re.split(r"\n\s*\n|\n(?=\n)", text)
    return "\n".join(" ".join(each.split()) for each in paragraphs)


@pytest.mark.parametrize(
    "text",
    [
        "What is not in service is needed by nobody.",
        "It is kept. Whoever was erased has no key.",
        "JSON alone: whoever wants XML gets 406.",
        "Who runs the platform checks more than that.",
        "There is nobody in this practice that knows.",
        "JSON alone: who wants XML gets 406.",
    ],
)
def test_the_warning_sign_is_noticed(text):
    assert found_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "Resources out of service are ignored.",
        "What happened?",
        "Who may book is decided by one rule? No.",
        "The people who work here are members.",
        "What you will read",
    ],
)
def test_plain_sentences_and_questions_are_not(text):
    assert found_in(text) == []


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(PROJECT_DIR)))
def test_documents(file):
    assert found_in(prose_of(file)) == []


def test_pages_in_english():
    with (PROJECT_DIR / "locale/en/LC_MESSAGES/django.po").open("rb") as file:
        catalogue = read_po(file, locale="en")
    texts = [
        text
        for message in catalogue
        if message.id
        for text in (message.string if isinstance(message.string, tuple) else (message.string,))
    ]
    assert len(texts) > 2000
    assert [(text, found_in(text)) for text in texts if found_in(text)] == []


def strings_of(node):
    """Every text of a JSON document."""
    if isinstance(node, dict):
        return [text for each in node.values() for text in strings_of(each)]
    if isinstance(node, list):
        return [text for each in node for text in strings_of(each)]
    return [node] if isinstance(node, str) else []


def test_the_description_of_the_api():
    texts = strings_of(Client().get("/api/v1/openapi.json").json())
    assert len(texts) > 500
    assert [hit for text in texts for hit in found_in(text)] == []


def test_errors_and_warnings_of_the_api():
    texts = [*problems.TITLES.values(), *document.WHY.values(), *mapping.WARNING_TEXTS.values()]
    texts += problems.DETAILS.values()
    texts += strings_of(capabilities.statement())
    for folder in ("partners/api", "partners/fhir", "partners/domain"):
        for file in sorted((PROJECT_DIR / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Raise):
                    texts += [
                        each.value
                        for each in ast.walk(node)
                        if isinstance(each, ast.Constant) and isinstance(each.value, str)
                    ]
    assert len(texts) > 150
    assert [hit for text in texts for hit in found_in(text)] == []
