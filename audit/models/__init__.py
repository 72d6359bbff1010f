from audit.models.entry import Entry
from audit.models.incident import (
    Approval,
    ApprovalOf,
    Delegation,
    Incident,
    IncidentSource,
    IncidentStep,
    State,
)
from audit.models.notice import Notice, NoticeKind, NoticeState
from audit.models.subject_key import SubjectKey
from audit.models.tree import Checkpoint, Cosignature, Leaf, Sealer, Subtree
from audit.models.watch import Canary, Watched

__all__ = [
    "Approval",
    "ApprovalOf",
    "Canary",
    "Checkpoint",
    "Cosignature",
    "Delegation",
    "Entry",
    "Incident",
    "IncidentSource",
    "IncidentStep",
    "Leaf",
    "Notice",
    "NoticeKind",
    "NoticeState",
    "Sealer",
    "State",
    "SubjectKey",
    "Subtree",
    "Watched",
]
