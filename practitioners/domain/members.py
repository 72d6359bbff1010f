"""Members of a practice."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.record import entries
from audit.record.entries import Actor
from practitioners.models import Membership, Role


class LastOwner(Exception):
    """A practice keeps at least one owner."""

    text = _("Un cabinet garde au moins un responsable.")


@transaction.atomic
def remove(*, membership: Membership, actor: Actor) -> None:
    """Take a member's access away at once; on the record. Raises LastOwner."""
    owners = list(
        Membership.objects.select_for_update()
        .filter(practice_id=membership.practice_id, role=Role.OWNER)
        .order_by("pk")
    )
    if membership.role == Role.OWNER and len(owners) == 1:
        raise LastOwner
    account_id, membership_id = membership.account_id, membership.pk
    membership.delete()
    entries.write(
        "member-removed",
        actor=actor,
        subjects=[account_id],
        practice_id=membership.practice_id,
        object_id=membership_id,
    )
