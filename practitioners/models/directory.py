import zoneinfo

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.plain_text import check_name
from practitioners.models.folded import FoldedName


def department_of(code: str) -> str:
    """The department of a commune's INSEE code or of a postcode: "37", "974"."""
    return code[:3] if code.startswith("97") else code[:2]


def default_reminder_hours() -> list[int]:
    """When patients are reminded unless the practice says otherwise: hours before the visit."""
    return [48, 2]


class Specialty(models.Model):
    """A profession or specialty, under its code in the national directory."""

    code = models.CharField(primary_key=True, max_length=8)
    name = models.CharField(_("spécialité"), max_length=120)
    name_en = models.CharField(max_length=120, blank=True)
    search_name = models.CharField(max_length=400)
    is_profession = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("spécialité")
        verbose_name_plural = _("spécialités")
        indexes = [
            GinIndex(fields=["search_name"], name="specialty_trgm", opclasses=["gin_trgm_ops"])
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """The name in the reader's language."""
        return self.name_en if get_language() == "en" and self.name_en else self.name


class Practice(models.Model):
    """The establishment where patients are seen; the controller of its patients' data."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    external_id = models.CharField(max_length=80, unique=True, null=True, blank=True)
    name = models.CharField(_("nom"), max_length=160, validators=[check_name])
    search_name = models.CharField(max_length=160)
    address = models.CharField(_("adresse"), max_length=200, blank=True, validators=[check_name])
    postcode = models.CharField(_("code postal"), max_length=12, blank=True)
    town = models.CharField(_("commune"), max_length=80, blank=True, validators=[check_name])
    commune = models.ForeignKey(
        "practitioners.Commune", null=True, blank=True, on_delete=models.PROTECT
    )
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    time_zone = models.CharField(_("fuseau horaire"), max_length=40, default="Europe/Paris")
    phone = models.CharField(_("téléphone"), max_length=24, blank=True)
    access_info = models.TextField(_("accès"), blank=True)
    step_free = models.BooleanField(_("accès sans marche"), default=False)
    instructions = models.TextField(_("consignes aux patients"), blank=True)
    reminder_hours = ArrayField(
        models.PositiveSmallIntegerField(),
        default=default_reminder_hours,
        blank=True,
        verbose_name=_("rappels (heures avant)"),
    )
    reminds_by_sms = models.BooleanField(_("rappels par SMS"), default=True)
    no_shows_at_most = models.PositiveSmallIntegerField(
        _("absences en un an après lesquelles on ne prend plus rendez-vous en ligne (0 : jamais)"),
        default=0, db_default=0, validators=[MaxValueValidator(20)],
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("cabinet")
        verbose_name_plural = _("cabinets")
        indexes = [
            GinIndex(fields=["search_name"], name="practice_trgm", opclasses=["gin_trgm_ops"]),
            GinIndex(SearchVector("search_name", config="simple"), name="practice_words"),
            models.Index(fields=["latitude", "longitude"], name="practice_position"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The zone in which every time of this practice is computed and shown."""
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def full_address(self) -> str:
        """Street, postcode and town in one line, without what is not known of them."""
        town = " ".join(part for part in (self.postcode, self.town) if part)
        return ", ".join(part for part in (self.address, town) if part)

    @property
    def department(self) -> str:
        """The department's code, by which public holidays are known."""
        return department_of(self.commune_id or self.postcode)


class Sector(models.TextChoices):
    """How a practitioner's fees relate to the statutory ones."""

    ONE = "1", _("Secteur 1")
    TWO = "2", _("Secteur 2")
    TWO_CAPPED = "2O", _("Secteur 2 avec OPTAM")
    UNREGULATED = "3", _("Non conventionné")
    NONE = "", _("Sans objet")


class Practitioner(models.Model):
    """A health professional of the public directory."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    national_id = models.CharField(max_length=20, unique=True, null=True, blank=True)
    title = models.CharField(
        _("civilité d’exercice"), max_length=20, blank=True, validators=[check_name]
    )
    first_name = models.CharField(_("prénom"), max_length=80, validators=[check_name])
    last_name = models.CharField(_("nom"), max_length=80, validators=[check_name])
    search_name = models.CharField(max_length=170)
    specialties = models.ManyToManyField(Specialty, verbose_name=_("spécialités"))
    languages = ArrayField(models.CharField(max_length=2), default=list)
    sector = models.CharField(
        _("secteur"), max_length=2, choices=Sector.choices, blank=True, default=Sector.NONE
    )
    presentation = models.TextField(_("présentation"), blank=True)
    practices = models.ManyToManyField(Practice, through="practitioners.Agenda")

    class Meta:
        verbose_name = pgettext_lazy("person", "praticien")
        verbose_name_plural = _("praticiens")
        indexes = [
            GinIndex(fields=["search_name"], name="practitioner_trgm", opclasses=["gin_trgm_ops"]),
            GinIndex(SearchVector("search_name", config="simple"), name="practitioner_words"),
            models.Index(
                OpClass(FoldedName("last_name"), name="text_pattern_ops"),
                name="practitioner_surname",
            ),
        ]

    def __str__(self) -> str:
        return " ".join(part for part in (self.title, self.first_name, self.last_name) if part)


LANGUAGE_NAMES = {
    "fr": _("français"),
    "en": _("anglais"),
    "es": _("espagnol"),
    "de": _("allemand"),
    "it": _("italien"),
    "pt": _("portugais"),
    "ar": _("arabe"),
}
