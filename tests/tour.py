"""Takes the pictures of docs/tour from the running demo: `make run` in one shell, `make tour` in
another.

Everything in them is invented: they are the demo's own people.
"""

import argparse
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from django_otp.oath import totp
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import DESKTOP, FAKE_MEDIA, PHONE, QUIET
from tests.browser.install import find_chromium

HERE = Path(__file__).resolve().parent.parent / "docs/tour"
# Printed by `make run` for everybody (doctolib/demo/accounts.py).
DOMAIN, PASSWORD = "demo.doctolib.example", "demonstration-2026"


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One picture: who looks, at which address or by which link, and what to say of it.

    `path` may name {practice}, the demo practice's id; `links` are followed from there, each by
    its name; `more` is added to the address to which they lead.
    """

    name: str
    who: str
    path: str
    says: str
    links: tuple[str, ...] = ()
    more: str = ""


STOPS = [
    Stop(name="home", who="", path="/", says="Search, in any French commune, typos allowed"),
    Stop(
        name="results", who="", path="/recherche/?quoi=médecin+généraliste&ou=Tours",
        says="The next free slots stand in the results",
    ),
    Stop(
        name="practitioner", who="", path="/recherche/?quoi=médecin+généraliste&ou=Tours",
        links=("Dr ",), says="A practitioner's page: reason, week, waiting list",
    ),
    Stop(
        name="family", who="", path="/recherche/?quoi=médecin+généraliste&ou=Tours",
        links=("Dr ",), more="personnes=2", says="Slots in a row, for several people of an account",
    ),
    Stop(name="appointments", who="patient", path="/rendez-vous/", says="One's appointments"),
    Stop(
        name="appointment", who="patient", path="/rendez-vous/", links=("Voir",),
        says="An appointment: move, cancel, calendar, questionnaire, waiting list",
    ),
    Stop(
        name="video", who="patient", path="/rendez-vous/",
        links=("Voir", "Aller à la téléconsultation"),
        says="A visit by video: camera and microphone are tried before one enters",
    ),
    Stop(
        name="documents", who="patient", path="/documents/",
        says="Documents, given to practices and had from them",
    ),
    Stop(
        name="reads", who="patient", path="/compte/lectures/",
        says="Who has read my data: each reading with its author, its reason and its proof",
    ),
    Stop(name="my-data", who="patient", path="/compte/donnees/", says="Everything that is held"),
    Stop(name="account", who="patient", path="/compte/", says="The account, two taps from all"),
    Stop(name="passkeys", who="patient", path="/compte/cles/", says="Signing in without a password"),
    Stop(name="agenda", who="praticien", path="/cabinet/{practice}/", says="The agenda"),
    Stop(
        name="month", who="praticien", path="/cabinet/{practice}/?vue=mois",
        says="A month of counts, which opens no identity",
    ),
    Stop(
        name="absence", who="praticien", path="/cabinet/{practice}/absences/",
        says="An absence, which proposes where its appointments could go",
    ),
    Stop(
        name="hours", who="praticien", path="/cabinet/{practice}/horaires/",
        says="Opening hours, visit reasons, absences, usual weeks, substitutes",
    ),
    Stop(
        name="usual-weeks", who="praticien", path="/cabinet/{practice}/horaires/",
        links=("Semaines types", "Semaine de vacances"),
        says="A usual week opens others, added to what is there or instead",
    ),
    Stop(
        name="rooms", who="praticien", path="/cabinet/{practice}/salles/",
        links=("Salle d’échographie",), says="A room: when it is in use, and never twice",
    ),
    Stop(
        name="substitutes", who="praticien", path="/cabinet/{practice}/horaires/",
        links=("Remplaçants",), says="Who stands in for whom, and patients read it",
    ),
    Stop(
        name="imports", who="praticien", path="/cabinet/{practice}/imports/",
        says="Patients and appointments taken over from another software",
    ),
    Stop(
        name="waiting-list", who="praticien", path="/cabinet/{practice}/attente/",
        says="The waiting list, which offers what becomes free by itself",
    ),
    Stop(
        name="statistics", who="praticien", path="/cabinet/{practice}/statistiques/",
        says="Statistics, for which no identity is opened",
    ),
    Stop(
        name="software", who="praticien", path="/cabinet/{practice}/logiciels/",
        says="Which software reaches what, and the bound on what it may open",
    ),
    Stop(
        name="practice-record", who="praticien", path="/cabinet/{practice}/registre/",
        says="The practice's own record",
    ),
    Stop(
        name="vendor", who="editeur", path="/editeur/", links=("MonAgenda",),
        says="A vendor's pages: keys, webhooks, calls, refusals",
    ),
    Stop(name="incidents", who="admin", path="/equipe/incidents/", says="The register of incidents"),
    Stop(name="record", who="", path="/registre/", says="The public record, and how to check it"),
]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://localhost:8000", help="where the demo runs")
    url = parser.parse_args().url.rstrip("/")
    HERE.mkdir(exist_ok=True)
    for former in HERE.glob("*.jpg"):
        former.unlink()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=find_chromium(), args=[*QUIET, *FAKE_MEDIA]
        )
        pages = {who: entered(chromium, url, who) for who in dict.fromkeys(s.who for s in STOPS)}
        practice = practice_of(pages["praticien"], url)
        for number, stop in enumerate(STOPS, 1):
            take(pages[stop.who], url + stop.path.format(practice=practice), stop, number)
        chromium.close()
    lines = [
        "# A tour", "",
        "Taken from the running demo by `make tour`; everybody in it is invented.", "",
    ]  # fmt: skip
    for number, stop in enumerate(STOPS, 1):
        name = f"{number:02}-{stop.name}"
        lines += [
            f"## {stop.says}", "",
            f"![{stop.says}, on a desktop]({name}.jpg)",
            f"![{stop.says}, on a phone]({name}-phone.jpg)", "",
        ]  # fmt: skip
    (HERE / "README.md").write_text("\n".join(lines))
    print(f"{2 * len(STOPS)} pictures in docs/tour")


def entered(chromium: Browser, url: str, who: str) -> Page:
    """A page, signed in as one of the demo's people, with the second factor where there is one."""
    page = chromium.new_context(
        locale="fr-FR", timezone_id="Europe/Paris", viewport=DESKTOP
    ).new_page()
    if not who:
        return page
    email = f"{who}@{DOMAIN}"
    page.goto(f"{url}/connexion/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url(re.compile("/(rendez-vous|connexion/code)/"))
    if "/code/" in page.url:
        key = hashlib.sha1(email.encode(), usedforsecurity=False).digest()
        page.get_by_label("Code à 6 chiffres").fill(f"{totp(key):06}")
        page.locator("main button").first.click()
        page.wait_for_url(re.compile("/rendez-vous/"))
    return page


def practice_of(page: Page, url: str) -> str:
    page.goto(url)
    page.get_by_role("link", name="Mon cabinet").click()
    page.wait_for_url(re.compile("/cabinet/"))
    return re.search(r"/cabinet/([0-9a-f-]{36})/", page.url)[1]


def take(page: Page, address: str, stop: Stop, number: int) -> None:
    page.set_viewport_size(DESKTOP)
    page.goto(address)
    for link in stop.links:
        page.locator("main").get_by_role("link", name=link).first.click()
        page.wait_for_load_state("networkidle")
    if stop.more:
        page.goto(f"{page.url}{'&' if '?' in page.url else '?'}{stop.more}")
    for size, suffix in ((DESKTOP, ""), (PHONE, "-phone")):
        page.set_viewport_size(size)
        page.wait_for_timeout(200)
        path = HERE / f"{number:02}-{stop.name}{suffix}.jpg"
        page.screenshot(path=path, type="jpeg", quality=60)


if __name__ == "__main__":
    main()
