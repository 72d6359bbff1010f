import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit.ids import read_id
from audit.incidents import incidents
from audit.record.entries import Channel, system_actor
from partners.domain import credentials, keys
from partners.models import Credential


class Command(BaseCommand):
    help = "Register partner software and its public keys, suspend it, or end a suspension."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        adding = actions.add_parser("add", help="register a credential with its first public key")
        adding.add_argument("name", help="the vendor's or product's name, as patients will see it")
        adding.add_argument("label", help="the name of the installation")
        adding.add_argument("key", type=Path, help="file with a public key as a JWK")
        another = actions.add_parser("add-key", help="register another public key")
        another.add_argument("credential")
        another.add_argument("key", type=Path)
        revoking = actions.add_parser("revoke-key", help="revoke a key and all tokens")
        revoking.add_argument("credential")
        revoking.add_argument("kid")
        for name, text in (
            ("suspend", "suspend the credential immediately"),
            ("let-in", "end a suspension"),
        ):
            actions.add_parser(name, help=text).add_argument("credential")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            said = self._carry_out(action, options)
        except keys.UnusableKey as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(said)

    def _carry_out(self, action: str, options: dict[str, Any]) -> str:
        actor, now = system_actor(Channel.SHELL), timezone.now()
        if action == "add":
            made = credentials.register(
                partner_name=options["name"], label=options["label"],
                jwk=_read_key(options["key"]), actor=actor,
            )  # fmt: skip
            return f"Credential {made.pk}: give this id to the vendor and to the practices."
        credential = _find(options["credential"])
        if action == "add-key":
            key = credentials.add_key(
                credential=credential, jwk=_read_key(options["key"]), actor=actor
            )
            return f"Key {key.kid} is registered."
        if action == "revoke-key":
            if not credentials.revoke_key(
                credential=credential, kid=options["kid"], actor=actor, now=now
            ):
                raise CommandError(f"The credential has no key {options['kid']!r} in use.")
            return f"Key {options['kid']} and all tokens of the credential are revoked."
        if action == "suspend":
            changed = credentials.suspend(credential=credential, actor=actor, now=now)
            return "Suspended." if changed else "It was already suspended."
        incident = incidents.open_of(credential.pk)
        if incident is not None:
            raise CommandError(
                f"The watch stopped it: two people must release it in incident {incident.number}."
            )
        changed = credentials.let_in(credential=credential, actor=actor)
        return "The suspension has ended." if changed else "It was not suspended."


def _find(text: str) -> Credential:
    pk = read_id(text)
    found = Credential.objects.filter(pk=pk).first() if pk else None
    if found is None:
        raise CommandError(f"There is no credential {text}.")
    return found


def _read_key(file: Path) -> dict[str, Any]:
    try:
        key = json.loads(file.read_text())
    except (OSError, ValueError, RecursionError) as problem:
        raise CommandError(f"{file} cannot be read as JSON: {problem}") from None
    if not isinstance(key, dict):
        raise CommandError(f"{file} is not a JWK.")
    return key
