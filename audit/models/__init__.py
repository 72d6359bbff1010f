from audit.models.entry import Entry
from audit.models.subject_key import SubjectKey
from audit.models.tree import Checkpoint, Cosignature, Leaf, Subtree

__all__ = ["Checkpoint", "Cosignature", "Entry", "Leaf", "SubjectKey", "Subtree"]
