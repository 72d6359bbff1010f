"""What a grant may allow."""

AGENDAS_READ = "agendas:read"
SLOTS_READ = "slots:read"
APPOINTMENTS_READ = "appointments:read"
PATIENTS_REVEAL = "patients:reveal"

SCOPES = (AGENDAS_READ, SLOTS_READ, APPOINTMENTS_READ, PATIENTS_REVEAL)
# These open identities: a token that somebody copied must be of no use with them.
IDENTITY_SCOPES = frozenset({PATIENTS_REVEAL})
