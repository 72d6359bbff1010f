from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id


class State(models.TextChoices):
    """Where an incident stands; the order is that of design and of this list."""

    DETECTED = "detected", _("détecté")
    CONTAINED = "contained", _("contenu")
    ASSESSED = "assessed", _("évalué")
    NOTIFIED = "notified", _("notifié")
    CLOSED = "closed", _("clos")


class Incident(models.Model):
    """A breach of personal data, or what looked like one (GDPR articles 4(12), 33 and 34)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # What people call it; counted from 1, without gaps being promised.
    number = models.PositiveIntegerField(_("numéro"), unique=True)
    state = models.CharField(
        _("état"), max_length=10, choices=State.choices, default=State.DETECTED
    )
    # A drill: nobody outside is told.
    is_training = models.BooleanField(_("exercice"), default=False)
    # Sending to practices and patients waits.
    is_paused = models.BooleanField(_("envois suspendus"), default=False)
    is_false_alarm = models.BooleanField(_("fausse alerte"), default=False)
    # Since when the source may have been in wrong hands.
    began_at = models.DateTimeField(_("début"))
    # From when the 72 hours of article 33(1) run.
    detected_at = models.DateTimeField(_("détecté le"))
    contained_at = models.DateTimeField(_("contenu le"), null=True, blank=True)
    assessed_at = models.DateTimeField(null=True, blank=True)
    notified_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # By ENISA's method; see audit/incidents/severity.py. Empty until somebody has assessed it.
    assessment = models.JSONField(default=dict, blank=True)
    # What a person has added to the authority's form; see audit/incidents/authority.py.
    answers = models.JSONField(default=dict, blank=True)
    filed_at = models.DateTimeField(_("notifié à l’autorité le"), null=True, blank=True)
    # What made the watch stop it: code, weight, what was found and what is usual.
    signs = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.number}"


class IncidentSource(models.Model):
    """A holder through which an incident happened, and which of its openings belong to it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="sources")
    kind = models.CharField(max_length=20)
    holder_id = models.UUIDField()
    # The holders that one thief may have together, such as a partner's credentials.
    group_id = models.UUIDField(null=True)
    began_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    let_in_at = models.DateTimeField(null=True)
    # Networks, keys and tokens that were not the holder's own; all empty: everything is suspect.
    networks = models.JSONField(default=list)
    keys = models.JSONField(default=list)
    tokens = models.JSONField(default=list)
    # Of these, what weighed nothing was the holder's own work.
    odd_alone = models.BooleanField(default=False, db_default=False)

    class Meta:
        verbose_name = _("source d’incident")
        verbose_name_plural = _("sources d’incident")
        constraints = [
            models.UniqueConstraint(fields=["incident", "holder_id"], name="one_source_a_holder")
        ]
        indexes = [models.Index(fields=["holder_id"], name="source_by_holder")]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.holder_id}"


class IncidentStep(models.Model):
    """What somebody did or decided about an incident, and their words for it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="steps")
    at = models.DateTimeField()
    # An account of the team; empty where the platform itself acted.
    author_id = models.UUIDField(null=True)
    action = models.CharField(max_length=40)
    text = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = _("étape d’incident")
        verbose_name_plural = _("étapes d’incident")
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.action} {self.at:%Y-%m-%d %H:%M}"


class ApprovalOf(models.TextChoices):
    """What takes two people."""

    FALSE_ALARM = "false-alarm", _("rétablir : fausse alerte")
    RELEASE = "release", _("rétablir avec de nouvelles clés")
    PRACTICES = "practices", _("notifier les cabinets")
    PATIENTS = "patients", _("informer les patients")
    CLOSE = "close", _("clore l’incident")


class Approval(models.Model):
    """Somebody asks for what takes two people, and somebody else approves or refuses."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="approvals")
    of = models.CharField(max_length=12, choices=ApprovalOf.choices)
    reason = models.TextField(blank=True, default="")
    asked_by = models.UUIDField()
    asked_at = models.DateTimeField()
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    is_approved = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("approbation")
        verbose_name_plural = _("approbations")
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "of"],
                condition=models.Q(decided_at__isnull=True),
                name="one_open_approval",
            ),
            models.CheckConstraint(
                condition=models.Q(decided_by__isnull=True)
                | models.Q(is_approved=False)
                | ~models.Q(decided_by=models.F("asked_by")),
                name="two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.of} {self.asked_at:%Y-%m-%d %H:%M}"


class Delegation(models.Model):
    """A practice, as controller, lets the platform tell its patients for it (article 34)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="delegations")
    practice_id = models.UUIDField()
    given_by = models.UUIDField()
    given_at = models.DateTimeField()

    class Meta:
        verbose_name = _("délégation")
        verbose_name_plural = _("délégations")
        constraints = [
            models.UniqueConstraint(fields=["incident", "practice_id"], name="one_delegation")
        ]

    def __str__(self) -> str:
        return f"{self.practice_id} {self.given_at:%Y-%m-%d}"
