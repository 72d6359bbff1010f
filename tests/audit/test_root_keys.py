"""Root keys from the settings or a file, and the data keys that they wrap."""

import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from audit.models import SubjectKey
from audit.vault import erase, keys
from audit.vault.providers import KeyUnavailable, NotHere, provider
from audit.vault.providers.local import FileKeyProvider, SettingsKeyProvider, root_key_id
from tests.audit import key_services
from tests.factories import practice_actor

ONE, OTHER = root_key_id("one"), root_key_id("other")


def test_a_root_key_is_named_as_before():
    assert (ONE, OTHER) == ("ea8afb9ec3c4a5db", "270b16b8dea724ec")


def test_the_first_of_the_settings_keys_wraps_and_all_open():
    both = SettingsKeyProvider(["one", "other", "one"])
    assert both.current_key_id() == ONE
    key_id, wrapped = both.wrap(b"k" * 32)
    assert key_id == ONE
    assert SettingsKeyProvider(["other", "one"]).unwrap(ONE, wrapped) == b"k" * 32
    with pytest.raises(KeyUnavailable, match=f"^Root key {ONE} is not configured.$"):
        SettingsKeyProvider(["other"]).unwrap(ONE, wrapped)
    # Said to be another's, or changed.
    for named, given in ((OTHER, wrapped), (ONE, wrapped[:-1]), (ONE, b"")):
        with pytest.raises(KeyUnavailable, match=f"^Root key {named} does not open this data key"):
            both.unwrap(named, given)


def test_without_a_root_key_nothing_begins():
    with pytest.raises(KeyUnavailable, match=r"^No root key is configured.$"):
        SettingsKeyProvider([])


def test_keys_of_the_settings_are_changed_there():
    given = SettingsKeyProvider(["one", "other"])
    with pytest.raises(NotHere, match=r"^Root keys come from DOCTOLIB_ROOT_KEYS: put a new one fi"):
        given.introduce()
    with pytest.raises(NotHere, match=r"^Root keys come from DOCTOLIB_ROOT_KEYS: take the old one"):
        given.retire(OTHER)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "deep" / "down" / "root-keys"


def test_the_file_takes_the_place_of_the_settings_at_the_first_rotation(file):
    given = FileKeyProvider(file, ["one"])
    assert (given.current_key_id(), file.exists()) == (ONE, False)
    new = given.introduce()
    lines = file.read_text().splitlines()
    assert [root_key_id(line) for line in lines] == [new, ONE]
    assert len(lines[0]) >= 43
    assert given.introduce() != new
    assert len(file.read_text().splitlines()) == 3


def test_lines_without_a_key_are_none(file):
    file.parent.mkdir(parents=True)
    file.write_text("\n  other \n\n\tone\r\n\n")
    given = FileKeyProvider(file, ["a third"])
    assert given.current_key_id() == OTHER
    given.retire(ONE)
    assert file.read_text() == "other\n"


def test_the_current_root_key_and_the_last_stay(file):
    file.parent.mkdir(parents=True)
    for text in ("other\none\n", "other\n"):
        file.write_text(text)
        given = FileKeyProvider(file, ["one"])
        with pytest.raises(KeyUnavailable, match=r"^The current root key cannot be retired.$"):
            given.retire(OTHER)
        assert file.read_text() == text


def test_another_process_sees_each_change_of_the_file(file):
    mine, theirs = (FileKeyProvider(file, ["one"]) for _ in range(2))
    key_id, wrapped = mine.wrap(b"k" * 32)
    new = theirs.introduce()
    assert mine.current_key_id() == new
    assert theirs.unwrap(key_id, wrapped) == mine.unwrap(key_id, wrapped) == b"k" * 32
    theirs.retire(ONE)
    for each in (mine, theirs):
        with pytest.raises(KeyUnavailable, match="is not configured"):
            each.unwrap(key_id, wrapped)
    file.unlink()
    assert mine.current_key_id() == theirs.current_key_id() == ONE


def test_a_file_that_cannot_be_read_is_no_reason_to_use_other_keys(tmp_path):
    with pytest.raises(KeyUnavailable, match=f"^The root keys in {tmp_path} cannot be read.$"):
        FileKeyProvider(tmp_path, ["one"])


def test_the_settings_say_whose_keys_are_used(settings, tmp_path):
    settings.VAULT_ROOT_KEYS, settings.VAULT_ROOT_KEYS_FILE = ["one"], ""
    assert provider().current_key_id() == ONE
    assert provider() is provider()
    settings.VAULT_ROOT_KEYS = ["other", "one"]
    assert provider().current_key_id() == OTHER
    file = tmp_path / "keys"
    file.write_text("one\n")
    settings.VAULT_ROOT_KEYS_FILE = str(file)
    assert provider().current_key_id() == ONE
    assert provider() is provider()
    settings.VAULT_ROOT_KEYS_FILE = Path(tmp_path / "none")
    assert provider().current_key_id() == OTHER


pytestmark = pytest.mark.django_db


@pytest.fixture
def service(settings):
    """Root keys in a service that counts how often it is asked."""
    keys.forget_unwrapped()
    with key_services.serve(key_services.transit) as (service, url):
        settings.VAULT_PROVIDER, settings.VAULT_URL = "transit", url
        settings.VAULT_TOKEN, settings.VAULT_KEY = key_services.TOKEN, "doctolib"
        yield service
    keys.forget_unwrapped()


def asked(service, act):
    before = service.calls
    act()
    return service.calls - before


def test_data_keys_come_in_one_query_without_those_that_are_gone(django_assert_num_queries):
    one, other, gone = (uuid.uuid4() for _ in range(3))
    made = {subject: keys.ensure_data_key(subject) for subject in (one, other)}
    assert made[one] != made[other] and len(made[one]) == 32
    with django_assert_num_queries(1):
        assert keys.data_keys([one, other, gone, one]) == made
    assert keys.data_keys(iter([one])) == {one: made[one]}
    row = SubjectKey.objects.get(pk=one)
    assert row.root_key_id == provider().current_key_id()
    assert timezone.now() - row.created_at < timedelta(minutes=1)


def test_a_key_is_unwrapped_once(service):
    subject = uuid.uuid4()
    keys.ensure_data_key(subject)
    keys.forget_unwrapped()
    assert asked(service, lambda: keys.data_keys([subject])) == 1
    assert asked(service, lambda: keys.data_keys([subject])) == 0
    keys.forget_unwrapped()
    assert asked(service, lambda: keys.data_keys([subject])) == 1


def test_a_key_that_is_wrapped_anew_is_unwrapped_anew(service):
    subject = uuid.uuid4()
    key = keys.ensure_data_key(subject)
    keys.data_keys([subject])
    SubjectKey.objects.filter(pk=subject).update(wrapped=provider().wrap(key)[1])
    assert asked(service, lambda: keys.data_keys([subject])) == 1
    # Another's wrapped key in its place is another key, whatever was unwrapped before.
    stranger = uuid.uuid4()
    other = keys.ensure_data_key(stranger)
    SubjectKey.objects.filter(pk=subject).update(
        wrapped=SubjectKey.objects.get(pk=stranger).wrapped
    )
    assert keys.data_keys([subject]) == {subject: other}


def test_of_two_who_seal_first_at_once_the_first_key_stands(monkeypatch):
    subject = uuid.uuid4()
    first, first_key = keys.new_data_key(subject)
    make = keys.new_data_key

    def meanwhile(subject_id):
        first.save(force_insert=True)
        return make(subject_id)

    monkeypatch.setattr(keys, "new_data_key", meanwhile)
    assert keys.ensure_data_key(subject) == first_key
    assert SubjectKey.objects.filter(pk=subject).count() == 1


@pytest.mark.parametrize("act", ["erase", "restore"])
def test_what_was_unwrapped_is_forgotten_with_what_is_erased(
    act, service, django_capture_on_commit_callbacks
):
    """From the memory of this process, too, and once it is certain alone."""
    gone, staying = uuid.uuid4(), uuid.uuid4()
    for subject in (gone, staying):
        keys.ensure_data_key(subject)
    keys.data_keys([gone, staying])
    backup = list(erase.backup_lines())
    with django_capture_on_commit_callbacks() as callbacks:
        if act == "erase":
            assert erase.erase(subject_ids=iter([gone]), actor=practice_actor()) == 1
        else:
            assert erase.restore(backup) >= 2
        assert asked(service, lambda: keys.data_keys([staying])) == 0
    for callback in callbacks:
        callback()
    assert asked(service, lambda: keys.data_keys([staying])) == 1
