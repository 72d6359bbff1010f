"""Clients of the partner API, with and without a credential."""

import uuid

from django.test import Client
from django.utils import timezone

from partners.domain import scopes, tokens

NOBODY = uuid.UUID(int=7)


def client(credential, *wanted):
    token = tokens.issue(
        credential=credential, scopes=wanted or scopes.SCOPES, thumbprint="", now=timezone.now()
    )
    return Client(headers={"Authorization": f"Bearer {token}"})
