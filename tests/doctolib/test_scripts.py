"""The scripts of pages: modules that find each other under hashed names, and helpers defined once."""

import graphlib
import json
import posixpath
import re

import pytest
from django.core.management import call_command
from django.template import engines

from doctolib.environment import PROJECT_DIR
from practitioners.page_scripts import NoSuchScript, imported_by

SCRIPTS = PROJECT_DIR / "static/js"
# It stands in pages of other sites, which have one classic script of ours (practitioners/views/widget.py).
CLASSIC = {"widget.js"}
IMPORT = re.compile(r"""import\s*(?:\{([^}]*)\}\s*from\s*)?["']([^"']+)["'];""")
EXPORT = re.compile(r"^export (?:async )?(?:const|let|function|class) (\w+)", re.MULTILINE)
HASHED = re.compile(r"\.[0-9a-f]{12}\.js$")
INCLUSION_TAGS = {"favourite": "booking/_favourite.html"}
# Each of these is written in one file; the others import from it.
ONE_PLACE = {
    "csrfmiddlewaretoken": "lib/page.js",
    "X-CSRFToken": "lib/page.js",
    'classList.add("js")': "lib/page.js",
    "padStart": "lib/page.js",
    "application/json": "lib/http.js",
    "DOMParser": "lib/http.js",
    "sessionStorage": "lib/page.js",
    "getUserMedia": "video/devices.js",
    "new RTCPeerConnection": "video/peer.js",
}


def sources():
    """Return every script without its comments, by its name under static/js."""
    found = {path.relative_to(SCRIPTS).as_posix(): path for path in SCRIPTS.rglob("*.js")}
    return {
        name: re.sub(r"(?m)(^|\s)//.*$", "", path.read_text())
        for name, path in sorted(found.items())
    }


def imports_of(name, source):
    """Return what a module imports: (names, target), the target relative to static/js."""
    for names, target in IMPORT.findall(source):
        assert target.startswith("."), (name, target)
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
        yield [each.split(" as ")[0].strip() for each in names.split(",") if each.strip()], path


def functions_of(source):
    """Return the functions of a script, (name, what it does), whatever spaces they are written with."""
    begins = r"(?:function (\w+)\([^)]*\) |const (\w+) = (?:async )?(?:\([^)]*\)|\w+) => )"
    for found in re.finditer(begins, source):
        name, end, depth = found[1] or found[2], found.end(), 0
        while end < len(source):
            depth += (source[end] in "{([") - (source[end] in "})]")
            end += 1
            if not depth and (source[end - 1] == "}" or source[end - 1] == ";"):
                break
        yield name, re.sub(r"\s+", "", source[found.end() : end])


def said_twice(found):
    """Return the functions that two files define alike."""
    places = {}
    for name, source in found.items():
        for function, body in functions_of(source):
            # One call has not become a helper.
            if len(body) > 40:
                places.setdefault(body, []).append(f"{name}: {function}")
    return [each for each in places.values() if len(each) > 1]


def test_no_helper_is_defined_twice():
    found = sources()
    assert len(found) > 20
    assert said_twice(found) == []
    for words, place in ONE_PLACE.items():
        assert [name for name, source in found.items() if words in source] == [place], words
    # What the check would find.
    again = found["lib/page.js"].replace("\n", "\n  ")
    assert said_twice({**found, "agenda.js": found["agenda.js"] + again})


def test_every_import_is_exported_and_every_export_imported():
    found = sources()
    exported = {(name, each) for name, source in found.items() for each in EXPORT.findall(source)}
    imported = {
        (target, each)
        for name, source in found.items()
        for names, target in imports_of(name, source)
        for each in names
    }
    assert len(imported) > 50
    assert imported == exported


def test_imports_go_in_no_circle():
    """A hashed name is made of a file's content, which has the hashed names of its imports."""
    found = {
        name: {target for _names, target in imports_of(name, source)}
        for name, source in sources().items()
    }
    graphlib.TopologicalSorter(found).prepare()
    for name, targets in found.items():
        assert {f"js/{each}" for each in targets} <= set(imported_by(f"js/{name}"))


def test_scripts_are_small_modules_that_say_what_they_are_for():
    for name in sources():
        text = (SCRIPTS / name).read_text()
        assert text.startswith("// "), name
        assert len(text.splitlines()) <= 250, name
        # Modules are strict, and what they define is their own.
        assert ('"use strict"' in text) == (name in CLASSIC), name
        assert "document.currentScript" not in text or name in CLASSIC
        assert not re.search(r"\b(?:window|globalThis)\.\w+ = ", text), name


def test_pages_load_their_scripts_by_the_one_tag():
    found = {
        path.relative_to(PROJECT_DIR).as_posix(): path.read_text()
        for path in (PROJECT_DIR / "templates").rglob("*.html")
    }
    assert [name for name, text in found.items() if re.search(r"static ['\"]js/", text)] == []
    named = {
        each for text in found.values() for each in re.findall(r'{% script "([^"]+)" %}', text)
    }
    own = {name for name in sources() if "/" not in name}
    assert named == own - CLASSIC


def parts_of(name, found):
    """Return the template and all that it extends or includes, by a name or by an inclusion tag."""
    text = found.get(name, "")  # a library's own has none of ours
    parts = re.findall(r'{% (?:include|extends) "([^"]+)"', text)
    parts += [part for tag, part in INCLUSION_TAGS.items() if f"{{% {tag} " in text]
    return {name}.union(*(parts_of(part, found) for part in parts))


def test_htmx_is_on_the_pages_that_have_its_attributes_and_on_no_other():
    root = PROJECT_DIR / "templates"
    found = {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*.html")}
    pages = {name: parts_of(name, found) for name, text in found.items() if "{% extends" in text}
    with_htmx = {name for name, parts in pages.items() if "_htmx.html" in parts}
    attribute = re.compile(r"\shx-\w+=")
    assert with_htmx == {
        name
        for name, parts in pages.items()
        if any(attribute.search(found.get(each, "")) for each in parts)
    }
    assert len(with_htmx) > 4


@pytest.fixture
def collected(settings, tmp_path):
    """Our own static files as production serves them, with their names in the manifest."""
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "doctolib.static_files.ModulesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    return json.loads((tmp_path / "staticfiles.json").read_text())["paths"]


def test_modules_import_each_other_by_their_hashed_names(collected, tmp_path):
    scripts = {name: hashed for name, hashed in collected.items() if name.startswith("js/")}
    assert len(scripts) == len(sources())
    seen = 0
    for name, hashed in scripts.items():
        assert HASHED.search(hashed)
        text = (tmp_path / hashed).read_text()
        wanted = [target for _names, target in imports_of(name, (tmp_path / name).read_text())]
        given = [target for _names, target in imports_of(hashed, text)]
        assert given == [collected[each] for each in wanted], name
        assert all((tmp_path / each).is_file() for each in given), name
        seen += len(given)
    assert seen > 20
    # The page names the same files.
    tags = engines["django"].from_string('{% script "agenda.js" %}').render()
    files = re.findall(r'(?:href|src)="/static/([^"]+)"', tags)
    everything = [*imported_by("js/agenda.js"), "js/agenda.js"]
    assert files == [collected[each] for each in everything]


def test_a_page_names_all_that_its_script_imports_and_nothing_that_is_not_there():
    tags = engines["django"].from_string('{% script "video.js" %}').render()
    assert tags.endswith('<script type="module" src="/static/js/video.js"></script>')
    preloaded = re.findall(r'<link rel="modulepreload" href="/static/js/([^"]+)">', tags)
    assert len(preloaded) == len(set(preloaded))
    assert {"lib/http.js", "lib/page.js", "video/peer.js"} < set(preloaded)
    with pytest.raises(NoSuchScript):
        engines["django"].from_string('{% script "none.js" %}').render()
