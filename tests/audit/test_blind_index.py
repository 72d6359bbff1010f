import pytest

from audit.vault.blind_index import SHORT, blind_index, normalise_email, normalise_name


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Lefèvre-D'Œil", "lefevre d oeil"),
        ("  DUPONT ", "dupont"),
        ("O’Brien", "o brien"),
        ("Müller", "muller"),
        ("Mu\u0308ller", "muller"),
        ("Strauß", "strauss"),
        ("ﬁn", "fin"),
        ("—", ""),
    ],
)
def test_names_are_folded(given, expected):
    assert normalise_name(given) == expected


@pytest.mark.parametrize("given", ["Zoe@Exemple.FR", " zoe@exemple.fr ", "ｚｏｅ@exemple.fr"])
def test_addresses_are_folded(given):
    assert normalise_email(given) == "zoe@exemple.fr"


def test_each_purpose_has_a_key_of_its_own(settings):
    one = blind_index("patient.last_name", "martin")
    assert one == blind_index("patient.last_name", "martin")
    assert one != blind_index("patient.first_name", "martin")
    settings.VAULT_INDEX_KEY = "another key"
    assert one != blind_index("patient.last_name", "martin")


def test_nothing_has_no_index():
    assert blind_index("patient.phone", "") is None


@pytest.mark.parametrize("purpose", sorted(SHORT))
def test_what_need_not_be_unique_is_cut_short(purpose):
    """Among the texts of a country many share each digest, so one alone confirms no guess."""
    assert len(blind_index(purpose, "quatrefages")) == SHORT[purpose] <= 3
    sharing = {blind_index(purpose, str(n)) for n in range(20_000)}
    assert len(sharing) < 20_000


def test_what_must_be_unique_is_not():
    assert len(blind_index("account.email", "zoe@exemple.fr")) == 16
