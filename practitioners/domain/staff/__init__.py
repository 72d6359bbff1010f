"""A practice's staff: members, invitations and substitutes."""
