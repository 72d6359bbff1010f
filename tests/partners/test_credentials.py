"""Staff register software, change its keys and suspend it; each act is on the record."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from joserfc.jwk import ECKey

from audit.models import Entry
from partners.models import AccessToken, Credential, Grant, Partner
from tests.factories import make_agenda
from tests.partners.software import KEY, ask, assertion

pytestmark = pytest.mark.django_db
NEW = ECKey.generate_key("P-384", {"kid": "new"})


@pytest.fixture
def key_file(tmp_path):
    def write(content):
        file = tmp_path / "key.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(file)

    return write


def run(*arguments):
    out = io.StringIO()
    call_command("partner", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def credential(key_file):
    said = run("add", "AgendaPlus", "Poste 1", key_file(KEY.as_dict(private=False)))
    credential = Credential.objects.get()
    assert str(credential.pk) in said
    Grant.objects.create(
        credential=credential, practice=make_agenda().practice, scopes=["agendas:read"]
    )
    return credential


def actions(credential):
    return list(
        Entry.objects.filter(object_id=credential.pk)
        .order_by("at", "id")
        .values_list("action", flat=True)
    )


def test_a_registered_credential_gets_tokens(credential):
    assert credential.partner.name == "AgendaPlus"
    assert ask(assertion(credential)).status_code == 200
    assert actions(credential) == ["credential-registered"]


def test_a_known_partner_is_not_made_twice(credential, key_file):
    run("add", "AgendaPlus", "Poste 2", key_file(NEW.as_dict(private=False)))
    assert Partner.objects.count() == 1
    assert Credential.objects.count() == 2


def test_keys_are_rotated(credential, key_file):
    run("add-key", str(credential.pk), key_file(NEW.as_dict(private=False)))
    ask(assertion(credential))
    assert "Key one and all tokens" in run("revoke-key", str(credential.pk), "one")
    assert not AccessToken.objects.exists()
    assert ask(assertion(credential)).json()["error"] == "invalid_client"
    assert ask(assertion(credential, key=NEW, alg="ES384")).status_code == 200
    assert actions(credential)[1:] == ["credential-key-added", "credential-key-revoked"]
    with pytest.raises(CommandError, match="no key 'one' in use"):
        run("revoke-key", str(credential.pk), "one")


def test_a_credential_is_suspended_and_let_in_again(credential):
    assert run("suspend", str(credential.pk)) == "Suspended.\n"
    assert "already" in run("suspend", str(credential.pk))
    assert ask(assertion(credential)).status_code == 401
    assert run("let-in", str(credential.pk)) == "The suspension has ended.\n"
    assert "not suspended" in run("let-in", str(credential.pk))
    assert ask(assertion(credential)).status_code == 200
    assert actions(credential)[1:] == ["credential-suspended", "credential-let-in"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (KEY.as_dict(private=True), "la seule clé publique"), ("{", "cannot be read"), ("[]", "not a JWK"),
        ({"kty": "EC"}, "pas une JWK"),
    ],
)  # fmt: skip
def test_a_key_that_cannot_be_used_registers_nothing(key_file, content, words):
    with pytest.raises(CommandError, match=words):
        run("add", "AgendaPlus", "Poste", key_file(content))
    assert not Partner.objects.exists()


@pytest.mark.parametrize("text", ["nothing", "01a00000-0000-7000-8000-00000000ffff"])
def test_an_unknown_credential_is_named(text):
    with pytest.raises(CommandError, match=text):
        run("suspend", text)
