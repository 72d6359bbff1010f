"""Partner software: credentials and what practices grant them."""

from django.utils import timezone

from partners.domain import keys
from partners.domain.scopes import SCOPES
from partners.models import Credential, Grant, Partner


def make_credential(name="Logiciel", *, key=None, is_verified=True):
    """A credential of a new partner, with a public key if one is given."""
    partner = Partner.objects.create(name=name, verified_at=timezone.now() if is_verified else None)
    credential = Credential.objects.create(partner=partner, label="Poste")
    if key is not None:
        keys.register_key(credential=credential, jwk=key.as_dict(private=False))
    return credential


def make_grant(credential, *agendas, scopes=SCOPES, fields=()):
    """What the agendas' practice grants a credential: every scope unless said otherwise."""
    grant = Grant.objects.create(
        credential=credential, practice=agendas[0].practice, scopes=list(scopes), fields=list(fields)
    )  # fmt: skip
    grant.agendas.set(agendas)
    return grant
