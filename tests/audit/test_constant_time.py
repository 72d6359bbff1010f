"""What must not be guessed byte by byte is compared as a whole."""

import ast

from doctolib.environment import PROJECT_DIR

APPS = ("audit", "practitioners", "booking", "partners", "doctolib")
# What gives a code, a digest or a signature that somebody might try to make.
MAKERS = {
    "authentication_code", "row_code", "code_of", "leaf_hash", "_mark", "_seal", "_code", "digest",
    "hexdigest", "recovery_digest", "secret_of", "digest_of",
}  # fmt: skip


def plain_comparisons(text):
    """The lines on which such a value is compared by == or !=."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Compare)
        and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops)
        and any(_is_made(each) for each in (node.left, *node.comparators))
    ]


def _is_made(node):
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in MAKERS


def test_no_code_is_compared_in_a_time_that_tells():
    found, files = [], 0
    for app in APPS:
        for file in sorted((PROJECT_DIR / app).rglob("*.py")):
            files += 1
            lines = plain_comparisons(file.read_text())
            found += [f"{file.relative_to(PROJECT_DIR)}:{line}" for line in lines]
    assert files > 300
    assert found == []


def test_the_search_finds_what_is_planted():
    assert plain_comparisons("if content.authentication_code(x) != bytes(mac): pass") == [1]
    assert plain_comparisons("ok = hashlib.sha256(x).hexdigest() == given") == [1]
    assert plain_comparisons("ok = hmac.compare_digest(code_of(x), given)") == []
