"""Who may do what at a practice: one table, for views, admin, API and templates alike."""

from typing import cast

import rules

from practitioners.models import Membership
from practitioners.models.staff import Role

# permission: the roles that have it
TABLE = {
    "booking.view_agenda": {Role.OWNER, Role.PRACTITIONER, Role.SECRETARY},
    "booking.change_appointments": {Role.OWNER, Role.PRACTITIONER, Role.SECRETARY},
    "booking.join_video": {Role.OWNER, Role.PRACTITIONER},
    "booking.view_patients": {Role.OWNER, Role.PRACTITIONER, Role.SECRETARY},
    "booking.change_absences": {Role.OWNER, Role.PRACTITIONER, Role.SECRETARY},
    "booking.change_openings": {Role.OWNER, Role.PRACTITIONER},
    "booking.change_reasons": {Role.OWNER, Role.PRACTITIONER},
    "booking.merge_patients": {Role.OWNER, Role.PRACTITIONER},
    "booking.import_patients": {Role.OWNER},
    "booking.view_record": {Role.OWNER},
    "booking.change_members": {Role.OWNER},
    "booking.change_practice": {Role.OWNER},
    "booking.change_grants": {Role.OWNER},
    "booking.change_feeds": {Role.OWNER, Role.PRACTITIONER},
}


def _has_role(roles: set[Role]) -> "rules.predicates.Predicate":
    @rules.predicate
    def holds(user: object, membership: Membership | None) -> bool:
        return membership is not None and membership.role in roles

    return cast("rules.predicates.Predicate", holds)


for permission, roles in TABLE.items():
    rules.add_perm(permission, _has_role(roles))


def permissions_of(membership: Membership) -> dict[str, bool]:
    """Return what a member may do, by the permission's name without its app, for templates."""
    return {name.partition(".")[2]: membership.role in roles for name, roles in TABLE.items()}
