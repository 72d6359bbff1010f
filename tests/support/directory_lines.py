"""Lines of the national directory's extract."""

LABELS = [
    "Type d'identifiant PP", "Identifiant PP", "Identification nationale PP",
    "Code civilité d'exercice", "Libellé civilité d'exercice", "Code civilité",
    "Libellé civilité", "Nom d'exercice", "Prénom d'exercice", "Code profession",
    "Libellé profession", "Code catégorie professionnelle", "Libellé catégorie professionnelle",
    "Code type savoir-faire", "Libellé type savoir-faire", "Code savoir-faire",
    "Libellé savoir-faire", "Code mode exercice", "Libellé mode exercice", "Numéro SIRET site",
    "Numéro SIREN site", "Numéro FINESS site", "Numéro FINESS établissement juridique",
    "Identifiant technique de la structure", "Raison sociale site", "Enseigne commerciale site",
    "Complément destinataire (coord. structure)",
    "Complément point géographique (coord. structure)", "Numéro Voie (coord. structure)",
    "Indice répétition voie (coord. structure)", "Code type de voie (coord. structure)",
    "Libellé type de voie (coord. structure)", "Libellé Voie (coord. structure)",
    "Mention distribution (coord. structure)", "Bureau cedex (coord. structure)",
    "Code postal (coord. structure)", "Code commune (coord. structure)",
    "Libellé commune (coord. structure)", "Code pays (coord. structure)",
    "Libellé pays (coord. structure)", "Téléphone (coord. structure)",
    "Téléphone 2 (coord. structure)", "Télécopie (coord. structure)",
    "Adresse e-mail (coord. structure)", "Code Département (structure)",
    "Libellé Département (structure)", "Ancien identifiant de la structure",
    "Autorité d'enregistrement", "Code secteur d'activité", "Libellé secteur d'activité",
    "Code section tableau pharmaciens", "Libellé section tableau pharmaciens",
]  # fmt: skip


USUAL = {
    "Identification nationale PP": "810000000001",
    "Libellé civilité d'exercice": "Docteur",
    "Nom d'exercice": "DUPONT-MOREAU",
    "Prénom d'exercice": "ÉLISE",
    "Code profession": "10",
    "Libellé profession": "Médecin",
    "Code type savoir-faire": "S",
    "Code savoir-faire": "SM54",
    "Libellé savoir-faire": "Médecine générale",
    "Identifiant technique de la structure": "R10100000000001",
    "Raison sociale site": "CABINET DU MAIL",
    "Numéro Voie (coord. structure)": "12",
    "Libellé type de voie (coord. structure)": "Rue",
    "Libellé Voie (coord. structure)": "DES LILAS",
    "Bureau cedex (coord. structure)": "37000 TOURS",
    "Code postal (coord. structure)": "37000",
    "Code commune (coord. structure)": "37261",
    "Libellé commune (coord. structure)": "Tours",
    "Téléphone (coord. structure)": "0247000001",
}


def line(labels=LABELS, **changed):
    values = USUAL | {_label(key): value for key, value in changed.items()}
    return "|".join(values.get(label, "") for label in labels) + "|"


def _label(key):
    short = {
        "who": "Identification nationale PP", "last_name": "Nom d'exercice",
        "first_name": "Prénom d'exercice", "number": "Numéro Voie (coord. structure)",
        "postcode": "Code postal (coord. structure)", "town": "Libellé commune (coord. structure)",
        "commune": "Code commune (coord. structure)", "cedex": "Bureau cedex (coord. structure)",
        "country": "Code pays (coord. structure)",
        "place": "Identifiant technique de la structure",
        "kind": "Code type savoir-faire", "skill": "Code savoir-faire",
        "skill_label": "Libellé savoir-faire", "company": "Raison sociale site",
        "profession": "Code profession", "profession_label": "Libellé profession",
    }  # fmt: skip
    return short[key]
