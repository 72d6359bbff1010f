from audit.models.entry import Entry
from audit.models.incident import Incident, IncidentSource, State
from audit.models.notice import Notice, NoticeKind, NoticeState
from audit.models.subject_key import SubjectKey
from audit.models.tree import Checkpoint, Cosignature, Leaf, Subtree
from audit.models.watch import Watched

__all__ = [
    "Checkpoint",
    "Cosignature",
    "Entry",
    "Incident",
    "IncidentSource",
    "Leaf",
    "Notice",
    "NoticeKind",
    "NoticeState",
    "State",
    "SubjectKey",
    "Subtree",
    "Watched",
]
