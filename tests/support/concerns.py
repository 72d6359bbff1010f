"""A reading on the record, which a patient may ask about."""

from audit.models import Entry
from audit.record.entries import Actor, ActorKind, Channel
from audit.vault.reveal import Purpose, reveal


def read(patient, practice, account, channel=Channel.DASHBOARD):
    actor = Actor(kind=ActorKind.ACCOUNT, channel=channel, id=account.pk, practice_id=practice.pk)
    with reveal([(patient, ("last_name", "phone"))], actor=actor, purpose=Purpose.CARE):
        pass
    return Entry.objects.filter(action="reveal", actor_id=account.pk).latest("at")
