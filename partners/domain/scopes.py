"""The scopes that a grant can contain."""

AGENDAS_READ = "agendas:read"
AGENDAS_WRITE = "agendas:write"
SLOTS_READ = "slots:read"
APPOINTMENTS_READ = "appointments:read"
APPOINTMENTS_WRITE = "appointments:write"
PATIENTS_REVEAL = "patients:reveal"

SCOPES = (
    AGENDAS_READ,
    AGENDAS_WRITE,
    SLOTS_READ,
    APPOINTMENTS_READ,
    APPOINTMENTS_WRITE,
    PATIENTS_REVEAL,
)
# These open identities: a token that somebody copied must be of no use with them.
IDENTITY_SCOPES = frozenset({PATIENTS_REVEAL})
