"""Catalogues are compiled where they are missing or older than their source, and only there."""

import gettext
import os
import shutil

import pytest

from doctolib.catalogues import LOCALE, compile_stale


@pytest.fixture
def locale(tmp_path):
    folder = tmp_path / "locale/en/LC_MESSAGES"
    folder.mkdir(parents=True)
    shutil.copy(LOCALE / "en/LC_MESSAGES/django.po", folder)
    return tmp_path / "locale"


def test_what_is_missing_or_stale_is_made(locale):
    [made] = compile_stale(locale)
    with made.open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Mes rendez-vous") == "My appointments"
    assert compile_stale(locale) == []
    later = made.stat().st_mtime_ns + 10**9
    os.utime(made.with_suffix(".po"), ns=(later, later))
    assert compile_stale(locale) == [made]
    assert {each.name for each in made.parent.iterdir()} == {"django.po", "django.mo"}


def test_a_source_that_cannot_be_read_leaves_the_former_one(locale):
    [made] = compile_stale(locale)
    former = made.read_bytes()
    source = made.with_suffix(".po")
    source.write_bytes(b'msgid "\xff"\nmsgstr ""\n')
    later = made.stat().st_mtime_ns + 10**9
    os.utime(source, ns=(later, later))
    with pytest.raises(UnicodeDecodeError):
        compile_stale(locale)
    assert made.read_bytes() == former
