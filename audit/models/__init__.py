from audit.models.entry import Entry
from audit.models.subject_key import SubjectKey

__all__ = ["Entry", "SubjectKey"]
