"""The authority's form: the contents of GDPR article 33(3), in the order of the CNIL's teleservice.

Filled from the facts: the record, the watch, the notices. A person completes what no record
knows (DRAFTED), and files it. The first filing is the initial notification, later ones complete it.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.incidents import incidents
from audit.incidents.exposure import Exposure, exposure_of
from audit.incidents.post import post
from audit.incidents.severity import Level, Severity
from audit.incidents.words import in_words
from audit.models import Incident, NoticeKind, NoticeState
from audit.watch import holders
from audit.watch.holders import Kind

if TYPE_CHECKING:
    from fpdf import FPDF

# Columns by their short names, in the form's words.
DATA_NAMES = {
    "first_name": gettext_lazy("prénom"),
    "last_name": gettext_lazy("nom"),
    "sex": gettext_lazy("sexe"),
    "birth_date": gettext_lazy("date de naissance"),
    "phone": gettext_lazy("téléphone"),
    "email": gettext_lazy("e-mail"),
    "note": gettext_lazy("mot pour le cabinet"),
    "practice_note": gettext_lazy("note du cabinet"),
    "text": gettext_lazy("message"),
    "topic": gettext_lazy("objet d’un message"),
    "answers": gettext_lazy("réponses au questionnaire"),
    "visits": gettext_lazy("praticiens, motifs et dates des rendez-vous"),
}
LEVEL_NAMES = {
    Level.LOW: gettext_lazy("faible"),
    Level.MEDIUM: gettext_lazy("moyenne"),
    Level.HIGH: gettext_lazy("élevée"),
    Level.VERY_HIGH: gettext_lazy("très élevée"),
}
# What a person completes: its name and what it is called.
DRAFTED = {
    "contact": gettext_lazy("Point de contact ou délégué à la protection des données"),
    "origin": gettext_lazy("Origine et cause"),
    "before": gettext_lazy("Mesures en place avant la violation"),
    "consequences": gettext_lazy("Conséquences probables"),
    "measures": gettext_lazy("Mesures prises ou proposées"),
    "late": gettext_lazy("Raison du retard, passé 72 heures"),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One answer of the form."""

    key: str
    label: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the form."""

    title: str
    rows: list[Row]


def data_names(fields: list[str]) -> list[str]:
    """Opened columns in words, each once."""
    short = [name.rpartition(".")[2] for name in fields]
    return [str(DATA_NAMES.get(name, name)) for name in dict.fromkeys(short)]


def drafts(incident: Incident) -> dict[str, str]:
    """What the form says where nobody has said anything yet."""
    return {
        "contact": settings.DEFAULT_FROM_EMAIL,
        "origin": _(
            "Lectures par le compte d’un membre d’un cabinet, par un tiers qui s’en est emparé ou"
            " par ce membre lui-même, sans que son travail l’explique."
        )
        if is_of_people(incident)
        else _(
            "Lectures par le compte d’un membre de notre équipe, par un tiers qui s’en est emparé"
            " ou par ce membre lui-même, sans demande qui l’explique."
        )
        if is_of_the_team(incident)
        else _(
            "Accès par un tiers non autorisé au moyen d’un accès partenaire (clé d’un logiciel"
            " de cabinet)."
        ),
        "before": _(
            "Données scellées par patient ; chaque lecture inscrite dans un registre infalsifiable"
            " avant qu’elle n’ait lieu ; plafond de lectures par cabinet ; surveillance en continu."
        ),
        "consequences": _(
            "Perte de confidentialité : prise de contact non sollicitée, hameçonnage, révélation"
            " d’un suivi par un professionnel de santé."
        ),
        "measures": _(
            "Accès suspendu dans la requête même, jetons sans effet partout aussitôt ; liste exacte"
            " des personnes établie par le registre ; cabinets informés."
        ),
        "late": "",
    }


def answers(incident: Incident) -> dict[str, str]:
    """Each of DRAFTED as it stands."""
    return drafts(incident) | {name: text for name, text in incident.answers.items() if text}


def form(incident: Incident, *, exposure: Exposure, now: datetime) -> list[Section]:
    """The form as it stands, in the reader's language."""
    given = answers(incident)
    told = _told(incident)
    severity = Severity.read(incident.assessment)
    return [
        _notification(incident),
        _organizations(exposure, given),
        _breach(incident, exposure, given, now=now),
        _data(exposure),
        _section(
            _("5. Les personnes"),
            categories=(_("Catégories"), _("Patients, dont des mineurs le cas échéant")),
            people=(_("Nombre exact, d’après le registre"), len(exposure.subjects)),
            practices=(_("Cabinets"), len(exposure.practices)),
        ),
        _section(_("6. Les mesures d’avant"), before=(str(DRAFTED["before"]), given["before"])),
        _section(
            _("7. Les conséquences"),
            consequences=(str(DRAFTED["consequences"]), given["consequences"]),
            severity=(_("Gravité (ENISA 2013)"), severity_words(severity)),
        ),
        _section(
            _("8. Les mesures prises"), measures=(str(DRAFTED["measures"]), given["measures"])
        ),
        _section(
            _("9. L’information des personnes et des cabinets"),
            controllers_told=(_("Cabinets notifiés (article 33(2))"), told[NoticeKind.CONTROLLER]),
            patients_told=(_("Avis aux patients (article 34)"), told[NoticeKind.PATIENT]),
        ),
        _section(
            _("10. Au-delà des frontières"),
            borders=(_("Traitement transfrontalier"), _("non")),
        ),
    ]


def _section(title: str, **rows: tuple[str, object]) -> Section:
    """A section of rows, each given by its key as a label and a value."""
    made = [Row(key=key, label=label, value=str(value)) for key, (label, value) in rows.items()]
    return Section(title=title, rows=made)


def _notification(incident: Incident) -> Section:
    return _section(
        _("1. La notification"),
        kind=(_("Type"), _("complémentaire") if incident.filed_at else _("initiale")),
        reference=(_("Référence"), incident.number),
        law=(_("Fondement"), _("RGPD, article 33")),
    )


def _organizations(exposure: Exposure, given: dict[str, str]) -> Section:
    return _section(
        _("2. Les organismes"),
        processor=(_("Sous-traitant"), "Doctolib"),
        controllers=(
            _("Responsables du traitement"),
            ", ".join(sorted(post().practice_names(exposure.practices).values())) or "—",
        ),
        contact=(str(DRAFTED["contact"]), given["contact"]),
    )


def _breach(
    incident: Incident, exposure: Exposure, given: dict[str, str], *, now: datetime
) -> Section:
    late = now > incidents.deadline(incident) if incident.filed_at is None else bool(given["late"])
    return _section(
        _("3. La violation"),
        began=(_("Début"), _when(exposure.first_at or incident.began_at)),
        ended=(_("Fin"), _when(incident.contained_at)),
        known=(_("Prise de connaissance"), _when(incident.detected_at)),
        found=(
            _("Comment elle a été découverte"),
            " ".join([_("Par la surveillance automatique."), *in_words(incident.signs)]),
        ),
        late=(
            str(DRAFTED["late"]),
            given["late"] or (_("à indiquer") if late else _("sans objet")),
        ),
        nature=(_("Nature"), _("Perte de confidentialité")),
        through=(_("Par"), ", ".join(source_names(incident))),
        origin=(str(DRAFTED["origin"]), given["origin"]),
    )


def _data(exposure: Exposure) -> Section:
    return _section(
        _("4. Les données"),
        data=(_("Données lues"), ", ".join(data_names(exposure.fields)) or "—"),
        sensitive=(
            _("Données sensibles"),
            _("Rendez-vous avec un professionnel de santé (article 9)"),
        ),
        records=(_("Nombre d’enregistrements"), exposure.entries),
    )


def as_json(incident: Incident, *, now: datetime) -> dict[str, Any]:
    """The form for programs: section by section, by key."""
    exposure = exposure_of(incident, now=now)
    return {
        "incident": incident.number,
        "made_at": now.isoformat(),
        "sections": [
            {
                "title": section.title,
                "answers": {row.key: row.value for row in section.rows},
            }
            for section in form(incident, exposure=exposure, now=now)
        ],
    }


# Helvetica, which every reader has, knows Windows' Latin letters alone.
_IN_LATIN = str.maketrans(
    {"’": "'", "…": "...", "–": "-", "—": "-", "œ": "oe", "€": "EUR", "\u202f": " "}
)


def as_pdf(incident: Incident, *, now: datetime) -> bytes:
    """The form on paper."""
    # With what it knows of typefaces it takes every process a second to read in.
    from fpdf import FPDF

    pdf = FPDF(format="A4")
    pdf.set_auto_page_break(auto=True, margin=18)
    title = _("Notification d’une violation de données n° %(number)s") % {"number": incident.number}
    pdf.set_title(_latin(title))
    pdf.set_lang("fr")
    pdf.add_page()
    pdf.set_font("Helvetica", "B", 16)
    _write(pdf, title, height=9)
    pdf.set_font("Helvetica", "", 9)
    _write(pdf, _("Établie le %(at)s d’après le registre.") % {"at": _when(now)}, height=5)
    exposure = exposure_of(incident, now=now)
    for section in form(incident, exposure=exposure, now=now):
        pdf.ln(3)
        pdf.set_font("Helvetica", "B", 12)
        _write(pdf, section.title, height=7)
        for row in section.rows:
            pdf.set_font("Helvetica", "B", 9)
            _write(pdf, row.label, height=5)
            pdf.set_font("Helvetica", "", 10)
            _write(pdf, row.value or "-", height=5)
    return bytes(pdf.output())


def _write(pdf: "FPDF", text: str, *, height: float) -> None:
    pdf.multi_cell(0, height, _latin(text), new_x="LMARGIN", new_y="NEXT")


def _latin(text: str) -> str:
    return text.translate(_IN_LATIN).encode("latin-1", "replace").decode("latin-1")


def severity_words(severity: Severity | None) -> str:
    """The score, the level and the flags in words."""
    if severity is None:
        return _("pas encore évaluée")
    words = f"{severity.score:g} ({LEVEL_NAMES[severity.level]})"
    if severity.is_of_many:
        words += " · " + _("plus de 100 personnes")
    if severity.is_unintelligible:
        words += " · " + _("données inintelligibles")
    return words


def source_names(incident: Incident) -> list[str]:
    """What people call the sources."""
    named = {
        name
        for source in incident.sources.all()
        for name in holders.names(source.kind, [source.holder_id]).values()
    }
    return sorted(named)


def is_of_people(incident: Incident) -> bool:
    """Whether it happened through the account of one of a practice's people."""
    return incident.sources.filter(kind=Kind.ACCOUNT).exists()


def is_of_the_team(incident: Incident) -> bool:
    """Whether it happened through the account of one of our own team."""
    return incident.sources.filter(kind=Kind.STAFF).exists()


def reachable(incident: Incident, *, exposure: Exposure) -> int:
    """How many practices the sources could have asked for and did not."""
    reached = {
        pk
        for source in incident.sources.all()
        for pk in holders.practices(source.kind, [source.holder_id])
    }
    return len(reached - set(exposure.practices))


def _told(incident: Incident) -> Counter[str]:
    sent = incident.notices.filter(state=NoticeState.SENT)
    return Counter(sent.values_list("kind", flat=True))


def _when(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%d/%m/%Y %H:%M:%S}" if at else "—"
