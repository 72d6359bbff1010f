"""What people type into "where", and the place that it means: a table of facts on real communes."""

import pytest

from practitioners.domain.places import look_up, suggest_places

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_communes")]

# What is typed, and the label of the place that it means.
EXACT = [
    ("Tours", "Tours (37000)"),
    ("tours", "Tours (37000)"),
    ("TOURS (37000)", "Tours (37000)"),
    ("37000", "Tours (37000)"),
    ("37000 Tours", "Tours (37000)"),
    ("Tours 37", "Tours (37000)"),
    ("Tours Indre-et-Loire", "Tours (37000)"),
    ("Tours, Indre et Loire", "Tours (37000)"),
    ("Tours Centre-Val de Loire", "Tours (37000)"),
    ("à Tours", "Tours (37000)"),
    ("près de Tours", "Tours (37000)"),
    ("near Tours", "Tours (37000)"),
    # Arrondissements
    ("Paris", "Paris (75)"),
    ("Paris 12", "Paris 12e (75012)"),
    ("Paris 12e", "Paris 12e (75012)"),
    ("Paris 12ème", "Paris 12e (75012)"),
    ("Paris 12 ème", "Paris 12e (75012)"),
    ("Paris 12ème arrondissement", "Paris 12e (75012)"),
    ("Paris XII", "Paris 12e (75012)"),
    ("Paris XIIe", "Paris 12e (75012)"),
    ("Paris, 12th arrondissement", "Paris 12e (75012)"),
    ("Paris douzième", "Paris 12e (75012)"),
    ("75012", "Paris 12e (75012)"),
    ("75 012", "Paris 12e (75012)"),
    ("F-75012 Paris", "Paris 12e (75012)"),
    ("75012 Paris", "Paris 12e (75012)"),
    ("Paris 75012", "Paris 12e (75012)"),
    ("Paris (75012)", "Paris 12e (75012)"),
    ("12e arrondissement de Paris", "Paris 12e (75012)"),
    ("12ème arrondissement", "Paris 12e (75012)"),
    ("paris12", "Paris 12e (75012)"),
    ("Paris 15", "Paris 15e (75015)"),
    ("Paris 1er", "Paris 1er (75001)"),
    ("Paris 1", "Paris 1er (75001)"),
    ("Paris 01", "Paris 1er (75001)"),
    ("Paris premier", "Paris 1er (75001)"),
    ("75116", "Paris 16e (75016)"),
    ("Paris 75", "Paris (75)"),
    ("75", "Paris (75)"),
    ("Lyon 03", "Lyon 3e (69003)"),
    ("Lyon 3", "Lyon 3e (69003)"),
    ("Lyon IX", "Lyon 9e (69009)"),
    ("lyon 7ème", "Lyon 7e (69007)"),
    ("69003", "Lyon 3e (69003)"),
    ("Lyon 69", "Lyon (69)"),
    ("Lyon cedex 03", "Lyon 3e (69003)"),
    ("Marseille 08", "Marseille 8e (13008)"),
    ("Marseille 8ème", "Marseille 8e (13008)"),
    ("Marseille 13e", "Marseille 13e (13013)"),
    ("13008 Marseille", "Marseille 8e (13008)"),
    # Departments
    ("2A", "Corse-du-Sud (2A)"),
    ("2b", "Haute-Corse (2B)"),
    ("2 A", "Corse-du-Sud (2A)"),
    ("Corse du Sud", "Corse-du-Sud (2A)"),
    ("92", "Hauts-de-Seine (92)"),
    ("le 92", "Hauts-de-Seine (92)"),
    ("dans le 92", "Hauts-de-Seine (92)"),
    ("département 92", "Hauts-de-Seine (92)"),
    ("Hauts-de-Seine", "Hauts-de-Seine (92)"),
    ("hauts de seine", "Hauts-de-Seine (92)"),
    ("Hauts-de-Seine (92)", "Hauts-de-Seine (92)"),
    ("département des Hauts-de-Seine", "Hauts-de-Seine (92)"),
    ("Indre et Loire", "Indre-et-Loire (37)"),
    ("Indre-et-Loire", "Indre-et-Loire (37)"),
    ("Indre", "Indre (36)"),
    ("Indre 44", "Indre (44610)"),
    ("01", "Ain (01)"),
    ("971", "Guadeloupe (971)"),
    ("974", "La Réunion (974)"),
    ("Réunion", "La Réunion (974)"),
    ("La Réunion", "La Réunion (974)"),
    ("Martinique", "Martinique (972)"),
    ("Seine St Denis", "Seine-Saint-Denis (93)"),
    ("Côtes d’Armor", "Côtes-d'Armor (22)"),
    ("Bouches du Rhone", "Bouches-du-Rhône (13)"),
    ("Val de Marne", "Val-de-Marne (94)"),
    ("Pas de Calais", "Pas-de-Calais (62)"),
    ("Vienne", "Vienne (86)"),
    ("Vienne 38", "Vienne (38200)"),
    ("Vienne Isère", "Vienne (38200)"),
    # Regions
    ("Bretagne", "Bretagne (région)"),
    ("région Bretagne", "Bretagne (région)"),
    ("Bretagne (région)", "Bretagne (région)"),
    ("Brittany", "Brittany (région)"),
    ("Île-de-France", "Île-de-France (région)"),
    ("ile de france", "Île-de-France (région)"),
    ("IDF", "IDF (région)"),
    ("PACA", "PACA (région)"),
    ("Grand Est", "Grand Est (région)"),
    ("Nouvelle Aquitaine", "Nouvelle-Aquitaine (région)"),
    ("Corse", "Corse (région)"),
    ("Alsace", "Alsace (région)"),
    # Short forms and small words
    ("st etienne", "Saint-Étienne (42000)"),
    ("St-Etienne", "Saint-Étienne (42000)"),
    ("Saint Etienne", "Saint-Étienne (42000)"),
    ("Ste Geneviève des Bois", "Sainte-Geneviève-des-Bois (91700)"),
    ("Chalon s/ Saône", "Chalon-sur-Saône (71100)"),
    ("Chalon/Saone", "Chalon-sur-Saône (71100)"),
    ("Fontenay ss Bois", "Fontenay-sous-Bois (94120)"),
    ("Fontenay s/s bois", "Fontenay-sous-Bois (94120)"),
    ("Villeneuve d Ascq", "Villeneuve-d'Ascq (59491)"),
    ("L Hay les Roses", "L'Haÿ-les-Roses (94240)"),
    ("Havre", "Le Havre (76600)"),
    ("la rochelle", "La Rochelle (17000)"),
    ("Mt de Marsan", "Mont-de-Marsan (40000)"),
    ("saint andre les lille", "Saint-André-lez-Lille (59350)"),
    # A town with its department, region or postcode
    ("Bruz", "Bruz (35170)"),
    ("Bruz 35", "Bruz (35170)"),
    ("Bruz (35)", "Bruz (35170)"),
    ("35 Bruz", "Bruz (35170)"),
    ("Bruz 35170", "Bruz (35170)"),
    ("Bruz Ille et Vilaine", "Bruz (35170)"),
    ("Bruz Bretagne", "Bruz (35170)"),
    ("Rennes cedex 7", "Rennes (35000)"),
    ("35042 Rennes cedex", "Rennes (35000)"),
    ("Saint-Denis 93", "Saint-Denis (93200)"),
    ("Saint-Denis 974", "Saint-Denis (97400)"),
    ("Saint-Denis La Réunion", "Saint-Denis (97400)"),
    ("St Denis Seine St Denis", "Saint-Denis (93200)"),
    ("Valence 26", "Valence (26000)"),
    ("Rennes 35200", "Rennes (35200)"),
    # The largest of the same name, or of the same first word
    ("Aix", "Aix-en-Provence (13080)"),
    ("Aix 19", "Aix (19200)"),
    ("Aix les Bains", "Aix-les-Bains (73100)"),
    ("Clermont", "Clermont-Ferrand (63000)"),
    ("Boulogne", "Boulogne-Billancourt (92100)"),
    ("Châlons", "Châlons-en-Champagne (51000)"),
    ("Villefranche sur Saone", "Villefranche-sur-Saône (69400)"),
    ("Évry", "Évry-Courcouronnes (91000)"),
    # Addresses
    ("12 rue de Rivoli Paris", "Paris (75)"),
    ("12 rue de Rivoli, 75004 Paris", "Paris 4e (75004)"),
    ("rue de Rivoli 75004 Paris", "Paris 4e (75004)"),
    ("rue de Rivoli 75004", "Paris 4e (75004)"),
    ("12 bis rue de Rivoli Paris 4e", "Paris 4e (75004)"),
    ("Paris, 12 rue de Rivoli", "Paris (75)"),
    ("5 av de Toulouse Montpellier", "Montpellier (34000)"),
    ("place de Bretagne, Rennes", "Rennes (35000)"),
    ("8 place de la Mairie Bruz", "Bruz (35170)"),
    ("3 bd St Michel 35170 Bruz", "Bruz (35170)"),
    ("14 rue de Lyon, Marseille", "Marseille (13)"),
    ("1 chemin du Port, St Denis 974", "Saint-Denis (97400)"),
    # Names that stand for a part of a town of today
    ("Lomme", "Lomme (59)"),
    ("Rue", "Rue (80120)"),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "label"), EXACT)
def test_a_place_is_what_was_written(typed, label):
    found = look_up(typed)
    assert found.place is not None, found
    assert (found.place.label, found.exact, found.unread) == (label, True, "")


# What is typed, what is taken for it, and said to be: a typo, first letters, some of the words.
CLOSE = [
    ("Renes", "Rennes (35000)"),
    ("Toulous", "Toulouse (31000)"),
    ("morlais", "Morlaix (29600)"),
    ("St-Étiene", "Saint-Étienne (42000)"),
    ("Bordaux", "Bordeaux (33000)"),
    ("Monpellier", "Montpellier (34000)"),
    ("Grenobel", "Grenoble (38000)"),
    ("Chalon Saone", "Chalon-sur-Saône (71100)"),
    ("Haut-de-Seine", "Hauts-de-Seine (92)"),
    ("Paris Montparnasse", "Paris (75)"),
    ("Lyon Part-Dieu", "Lyon (69)"),
    ("Bruz 99", "Bruz (35170)"),
    ("Paris 21", "Paris (75)"),
]


@pytest.mark.parametrize(("typed", "label"), CLOSE)
def test_a_close_name_is_taken_only_with_a_word_about_it(typed, label):
    found = look_up(typed)
    assert found.place is not None, found
    assert found.place.label == label
    assert not found.exact or found.unread


@pytest.mark.parametrize(
    "typed",
    ["Zzzzville", "Xqwzk", "99999", "99", "Londres", "Genève", "Bruxelles", "Barcelone", "New York",
     "rue de Lyon", "Berlin", "00000", "Mont Blanc", "qqqqqq", "%", "'", "x", "98", "96"],
)  # fmt: skip
def test_what_is_no_place_is_never_replaced(typed):
    assert look_up(typed).place is None


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("Zzzzville", ""), ("Vilé", "Villé (67220)"), ("Barcelone", "Barcelonne (26120)"),
     ("Bisz", ""), ("Rivoly", ""), ("35999", "Rennes (35000)")],
)  # fmt: skip
def test_the_nearest_names_of_an_unknown_place_are_offered(typed, offered):
    labels = [place.label for place in look_up(typed).similar]
    assert not offered or offered in labels


@pytest.mark.parametrize(
    ("typed", "first", "also"),
    [
        ("aix", "Aix-en-Provence (13080)", "Aix (19200)"),
        ("tou", "Toulouse (31000)", "Tours (37000)"),
        ("Paris 1", "Paris 1er (75001)", "Paris 12e (75012)"),
        ("paris 12", "Paris 12e (75012)", ""),
        ("92", "Hauts-de-Seine (92)", ""),
        ("bretagne", "Bretagne (région)", ""),
        ("breta", "Bretagne (région)", ""),
        ("vienne", "Vienne (86)", "Vienne (38200)"),
        ("saint denis", "Saint-Denis (97400)", "Saint-Denis (93200)"),
        ("st etie", "Saint-Étienne (42000)", ""),
        ("3700", "Tours (37000)", ""),
    ],
)
def test_suggestions_follow_the_same_rules(typed, first, also):
    labels = [place.label for place in suggest_places(typed)]
    assert not first or labels[0] == first
    assert not also or also in labels
    assert len(labels) == len(set(labels)) <= 8


@pytest.mark.parametrize("typed", [typed for typed, _ in EXACT])
def test_what_a_suggestion_writes_is_understood_as_that_place(typed):
    place = look_up(typed).place
    for again in (look_up(place.label), look_up(place.label, code=place.code)):
        assert (again.place.label, again.place.departments) == (place.label, place.departments)
        assert again.place.postcodes == place.postcodes or again.place.commune == place.commune
        assert (again.exact, again.unread) == (True, "")
