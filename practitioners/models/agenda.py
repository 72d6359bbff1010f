from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.plain_text import check_name
from practitioners.models.directory import Practice, Practitioner
from practitioners.models.folded import FoldedName


class Agenda(models.Model):
    """One practitioner at one practice."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    practitioner = models.ForeignKey(Practitioner, on_delete=models.PROTECT)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT)
    active = models.BooleanField(_("réservable en ligne"), default=True)
    listed = models.BooleanField(_("dans l’annuaire"), default=True)
    accepts_new_patients = models.BooleanField(_("accepte de nouveaux patients"), default=True)
    waiting_list = models.BooleanField(
        _("tient une liste d’attente"), default=True, db_default=True
    )
    takes_messages = models.BooleanField(
        _("les patients peuvent écrire"), default=False, db_default=False
    )
    overbooks_at_most = models.PositiveSmallIntegerField(
        _("rendez-vous que le cabinet peut ajouter sur du temps pris (0 : aucun)"),
        default=0, db_default=0, validators=[MaxValueValidator(3)],
    )  # fmt: skip
    open_on_holidays = models.BooleanField(_("ouvert les jours fériés"), default=False)

    class Meta:
        verbose_name = _("agenda")
        verbose_name_plural = _("agendas")
        constraints = [
            models.UniqueConstraint(
                fields=["practitioner", "practice"], name="one_agenda_per_practice"
            )
        ]

    def __str__(self) -> str:
        return f"{self.practitioner} · {self.practice}"


class PatientKind(models.TextChoices):
    """Which patients may book a visit reason."""

    ANY = "any", _("tous les patients")
    NEW = "new", _("nouveaux patients seulement")
    KNOWN = "known", _("patients déjà suivis seulement")


class VisitReason(models.Model):
    """What is booked ("motif de consultation"): duration, buffers and rules. Times in minutes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agenda = models.ForeignKey(Agenda, on_delete=models.CASCADE, related_name="visit_reasons")
    name = models.CharField(_("motif"), max_length=120, validators=[check_name])
    duration_minutes = models.PositiveSmallIntegerField(
        _("durée (min)"), validators=[MinValueValidator(5), MaxValueValidator(480)]
    )
    buffer_before_minutes = models.PositiveSmallIntegerField(
        _("temps avant (min)"), default=0, validators=[MaxValueValidator(120)]
    )
    buffer_after_minutes = models.PositiveSmallIntegerField(
        _("temps après (min)"), default=0, validators=[MaxValueValidator(120)]
    )
    colour = models.CharField(_("couleur"), max_length=12, default="blue")
    minimum_notice_minutes = models.PositiveIntegerField(_("délai minimal (min)"), default=60)
    horizon_days = models.PositiveSmallIntegerField(
        _("ouvert à l’avance (jours)"),
        default=60,
        validators=[MinValueValidator(1), MaxValueValidator(730)],
    )
    cancel_deadline_hours = models.PositiveSmallIntegerField(
        _("annulation possible jusqu’à (heures avant)"), default=24
    )
    patient_kind = models.CharField(
        _("patients"), max_length=5, choices=PatientKind.choices, default=PatientKind.ANY
    )
    series_at_most = models.PositiveSmallIntegerField(
        _("séances qu’un patient peut prendre d’un coup"), default=1, db_default=1,
        validators=[MinValueValidator(1), MaxValueValidator(30)],
    )  # fmt: skip
    # Ids of the practice's resources, of each of which a visit needs one piece. Read with the
    # reason, so that a reason which needs nothing costs no query.
    needs = ArrayField(models.UUIDField(), default=list, db_default=[], blank=True)
    # The visit that follows this one at once, with another practitioner of the practice.
    then = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        verbose_name=_("suivi de"),
    )  # fmt: skip
    then_within_minutes = models.PositiveSmallIntegerField(
        _("attente entre les deux, au plus (min)"), default=30, db_default=30,
        validators=[MaxValueValidator(480)],
    )  # fmt: skip
    teleconsultation = models.BooleanField(_("téléconsultation"), default=False)
    price_cents = models.PositiveIntegerField(_("tarif (centimes)"), null=True, blank=True)
    instructions = models.TextField(_("consignes"), blank=True)
    active = models.BooleanField(_("proposé en ligne"), default=True)

    class Meta:
        verbose_name = _("motif de consultation")
        verbose_name_plural = _("motifs de consultation")
        ordering = ["name", "id"]
        indexes = [
            GinIndex(SearchVector(FoldedName("name"), config="simple"), name="visit_reason_words")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(duration_minutes__gte=5), name="visit_reason_duration"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def price_euros(self) -> float | None:
        return None if self.price_cents is None else self.price_cents / 100


class QuestionKind(models.TextChoices):
    """How a question is answered."""

    LINE = "line", _("une ligne")
    TEXT = "text", _("un texte")
    YES_NO = "yes_no", _("oui ou non")
    CHOICE = "choice", _("un choix")
    SEVERAL = "several", _("plusieurs choix")


class Question(models.Model):
    """What a practice wants to know before a visit. The answers are sealed (booking)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    visit_reason = models.ForeignKey(
        VisitReason, on_delete=models.CASCADE, related_name="questions"
    )
    position = models.PositiveSmallIntegerField()
    text = models.CharField(_("question"), max_length=200, validators=[check_name])
    kind = models.CharField(
        _("réponse"), max_length=7, choices=QuestionKind.choices, default=QuestionKind.LINE
    )
    options = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    required = models.BooleanField(_("obligatoire"), default=False)

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.text


class Opening(models.Model):
    """Bookable time of an agenda, in the practice's wall clock, recurring every n weeks.

    A consultation opening (`slot_minutes` null) is the practitioner's own time: one patient at
    once, cut into slots by the visit reason's duration. A session (`slot_minutes` set) has
    numbered seats: `capacity` patients at each of its fixed slots, as on a vaccination morning.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agenda = models.ForeignKey(Agenda, on_delete=models.CASCADE, related_name="openings")
    number = models.PositiveSmallIntegerField()
    starts_on = models.DateField(_("à partir du"))
    until_date = models.DateField(_("jusqu’au (exclu)"), null=True, blank=True)
    every_weeks = models.PositiveSmallIntegerField(
        _("toutes les n semaines (0 : une fois)"), default=1
    )
    from_time = models.TimeField(_("de"))
    until_time = models.TimeField(_("à"))
    capacity = models.PositiveSmallIntegerField(
        _("capacité"), default=1, validators=[MinValueValidator(1), MaxValueValidator(999)]
    )
    slot_minutes = models.PositiveSmallIntegerField(
        _("durée des créneaux (min)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(480)],
    )
    visit_reasons = models.ManyToManyField(
        VisitReason, related_name="openings", verbose_name=_("motifs")
    )

    class Meta:
        verbose_name = _("ouverture")
        verbose_name_plural = _("ouvertures")
        constraints = [
            models.UniqueConstraint(fields=["agenda", "number"], name="opening_number"),
            models.CheckConstraint(
                condition=Q(until_time__gt=F("from_time")), name="opening_times"
            ),
            models.CheckConstraint(
                condition=Q(until_date__isnull=True) | Q(until_date__gt=F("starts_on")),
                name="opening_dates",
            ),
            models.CheckConstraint(
                condition=Q(slot_minutes__isnull=False) | Q(capacity=1),
                name="opening_capacity_needs_slots",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} {self.from_time:%H:%M}-{self.until_time:%H:%M}"


class OpeningTemplate(models.Model):
    """A week of openings that an agenda can be given again: what a usual week looks like.

    `lines` is what practitioners/domain/scheduling/hours/week_templates.py writes and reads.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agenda = models.ForeignKey(Agenda, on_delete=models.CASCADE, related_name="opening_templates")
    name = models.CharField(_("nom"), max_length=80, validators=[check_name])
    lines = models.JSONField()

    class Meta:
        verbose_name = _("semaine type")
        verbose_name_plural = _("semaines types")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["agenda", "name"], name="opening_template_once")
        ]

    def __str__(self) -> str:
        return self.name


class Absence(models.Model):
    """Closed time of an agenda: holidays, a blocked hour. In UTC, upper bound exclusive."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agenda = models.ForeignKey(Agenda, on_delete=models.CASCADE, related_name="absences")
    starts_at = models.DateTimeField(_("début"))
    until = models.DateTimeField(_("fin"))
    label = models.CharField(_("libellé"), max_length=80, blank=True, validators=[check_name])
    # The external calendar that says so; it is kept in step with that calendar, and not by hand.
    imported_from = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        indexes = [
            models.Index(fields=["agenda", "starts_at"], name="absence_by_agenda"),
            models.Index(
                fields=["imported_from", "starts_at"],
                name="absence_by_import",
                condition=Q(imported_from__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=F("starts_at")), name="absence_period")
        ]

    def __str__(self) -> str:
        return f"{self.label or 'absence'} {self.starts_at:%Y-%m-%d %H:%M}"
