"""The documents are true where a machine can tell."""

import ast
import re

from doctolib.environment import PROJECT_DIR

NAMED = re.compile(r"(tests/[\w/]+\.py)::(\w+)")


def test_each_test_that_the_features_name_is_there():
    text = (PROJECT_DIR / "docs/features.md").read_text()
    named = NAMED.findall(text)
    assert len(named) > 50
    missing = []
    for file, name in named:
        path = PROJECT_DIR / file
        tree = ast.parse(path.read_text()) if path.exists() else ast.Module(body=[])
        if not any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body):
            missing.append(f"{file}::{name}")
    assert missing == []


def test_each_feature_names_a_test_or_says_that_it_is_not_built():
    rows = [
        line.split("|")[1:-1]
        for line in (PROJECT_DIR / "docs/features.md").read_text().splitlines()
        if line.startswith("| ") and not line.startswith("| feature")
    ]
    assert len(rows) > 40
    assert [
        feature for feature, proof in rows if not (NAMED.search(proof) or "not built yet" in proof)
    ] == []


def test_links_between_documents_lead_somewhere():
    broken = []
    files = [
        PROJECT_DIR / "README.md",
        PROJECT_DIR / "CONTRIBUTING.md",
        *sorted((PROJECT_DIR / "docs").rglob("*.md")),
    ]
    for file in files:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", file.read_text()):
            if "://" not in target and not (file.parent / target).exists():
                broken.append(f"{file.relative_to(PROJECT_DIR)}: {target}")
    assert broken == []
