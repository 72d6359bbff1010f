"""One walk: people who do, in any order, what their pages offer; and what must hold after each step.

A walk knows no addresses but the home page, signing in and the links of mails. Everything else it
finds on the pages that it receives, so a new page is walked as soon as another one leads to it.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import time_machine
from django.utils import timezone

from booking.models import Appointment, Conversation, Document, Patient, Reply, Wait
from doctolib.celery import app
from doctolib.development.mail_sink import read_mail
from practitioners.models import VisitReason
from tests.walks.browsing import Heard, browse
from tests.walks.errands import Ways
from tests.walks.filling import Mood, fill
from tests.walks.names import followable, form_name, name_of
from tests.walks.pages import Form, Page
from tests.walks.world import Person, World

# What a page may cost, whatever it shows: the dearest of a walk needs about half of it.
STATEMENTS_AT_MOST = 100
# What a form may cost that writes some dozen rows, each on the record: openings of many weeks, or a
# whole practice to try the interface with.
STATEMENTS_OF_MANY = 1000
MAKES_MANY = ("booking:copy-week", "booking:week-template", "partners:make-sandbox")
STEP_S = 20
REDIRECTS_AT_MOST = 6
# Forms of every page's frame: who walks goes on working, and signs out or turns to English at times.
SELDOM_CHOSEN = {
    "booking:sign-out": 8, "set_language": 8, "audit:about": 4, "audit:checkpoint": 4,
    "practitioners:search": 2, "practitioners:home": 2, "booking:sign-in": 2,
}  # fmt: skip
# Tasks of the scheduler that ask somebody else's servers.
ELSEWHERE = {"partners.read_calendars"}


@dataclass(kw_only=True)
class Walk:
    """The state of one walk. Each public method is one step, and checks what it led to."""

    world: World
    mail_directory: Path
    clock: time_machine.Traveller
    # What all walks of the run have learned together.
    ways: Ways = field(default_factory=Ways)
    step: int = 0
    story: list[str] = field(default_factory=list)
    visited: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    statements: Counter[str] = field(default_factory=Counter)
    read_mails: set[str] = field(default_factory=set)
    # What was found, by what and where, with the story up to there.
    faults: dict[str, str] = field(default_factory=dict)

    # Steps

    def go_home(self, person: Person) -> None:
        """Open the home page."""
        if person.is_signed_in:
            person.is_astray = False
        self._get(person, "/", offered=True, says="opens the home page")

    def follow(self, person: Person, chance: Random) -> None:
        """Follow a link of the page on the screen; rather one that was followed seldom."""
        links = [] if person.page is None else followable(person.page.links)
        if not links:
            return self.go_home(person)
        # Members and vendors are mostly at work.
        at_work = [each for each in links if person.work and each.startswith(person.work)]
        if at_work and chance.random() < 0.7:
            links = at_work
        address = self._seldom(links, chance)
        self._get(person, address, offered=self._is_fresh(person), says="follows")
        return None

    def submit(self, person: Person, mood: Mood, chance: Random, *, times: int = 1) -> None:
        """Fill in a form of the page on the screen and send it, once or twice."""
        form = self._form(person, chance)
        if form is None:
            return self.follow(person, chance)
        offered = self._is_fresh(person) and mood is Mood.FITTING
        given = fill(form, mood=mood, typed=person.typed(), chance=chance)
        name, value, text = chance.choice(form.buttons)
        if name:
            given[name] = value
        session = person.session
        self._send(person, form, given, offered=offered, says=f"[{text}] {mood.value}")
        # Signing in and out changes what the same form means, and uploads are not compared.
        if times > 1 and person.session == session and not form.encoding.startswith("multipart"):
            self._send_again(person, form, given, text)
        return None

    def _send_again(self, person: Person, form: Form, given: dict[str, object], text: str) -> None:
        """Send the same form a second time: it makes nothing more, and leads to the same page."""
        first, before = person.page, _rows()
        self._send(person, form, given, offered=False, says=f"[{text}] again")
        if made := _rows() - before:
            self._fault(person, f"a form sent again made {dict(made)}", at=form_name(form))
        if first.redirects and (first.status, first.path) != (person.page.status, person.page.path):
            words = f"a form sent again led to {person.page.status} instead of {first.status}"
            self._fault(person, words, at=form_name(form))

    def wander(self, person: Person, chance: Random, *, steps: int = 4) -> None:
        """Look around: mostly follow links, often fill in what is there, at times go back."""
        for _step in range(steps):
            kind = chance.random()
            if kind < 0.5:
                self.follow(person, chance)
            elif kind < 0.85:
                self.submit(person, Mood.FITTING, chance)
            elif kind < 0.93:
                self.submit(person, chance.choice([Mood.EMPTY, Mood.WRONG]), chance)
            else:
                self.go_back(person)

    def go_back(self, person: Person) -> None:
        """The back button: the page before is on the screen again, as it was."""
        if len(person.pages) > 1:
            person.pages.pop()
            person.loaded_in = -1
            self._note(person, f"goes back to {person.page.address if person.page else ''}")

    def sign_in(self, person: Person) -> None:
        """Sign in by the form, with the code if it is asked for; look around if that is done.

        By the page's own link where it has one: a booking's leads on to that booking.
        """
        if person.is_signed_in:
            return self.wander(person, Random(self.step))
        links = person.page.links if person.page is not None else ()
        ways = [each for each in links if name_of(each) == "booking:sign-in"]
        address = ways[-1] if ways else "/connexion/"
        self._get(person, address, offered=True, says="goes to sign in")
        for wanted in (("email", "password"), ("code",)):
            page = person.page
            form = next((each for each in page.forms if each.has(*wanted)), None) if page else None
            if form is None:
                return None
            given = fill(form, mood=Mood.FITTING, typed=person.typed(), chance=Random(0))
            self._send(person, form, given, offered=True, says=f"gives {' and '.join(wanted)}")
        return None

    def book(self, person: Person, chance: Random) -> None:
        """Search, choose a practitioner and a slot, sign in if asked to, confirm; think again."""
        self.go_home(person)
        self._press(person, chance, "practitioners:search")
        links = [
            each for each in person.page.links if name_of(each) == "practitioners:practitioner"
        ]
        if not links:
            return
        self._get(person, chance.choice(links), offered=True, says="chooses")
        self._press(person, chance, "booking:hold")
        if not person.is_signed_in:
            self.sign_in(person)
        self._press(person, chance, "booking:confirm", "booking:confirm-together")
        changes = [
            each
            for each in person.page.links
            if name_of(each) in {"booking:move", "booking:cancel"}
        ]
        if changes:
            self._get(person, self._seldom(changes, chance), offered=True, says="thinks again")

    def errand(self, person: Person, chance: Random) -> None:
        """Go by the shortest known way to what was seldom done in this run, and do it there."""
        # Most of what there is to do is behind signing in.
        if not person.is_signed_in and person.own_account() and chance.random() < 0.8:
            self.sign_in(person)
        way = self.ways.choose(person.kind, chance)
        self.go_home(person)
        for name in way:
            page = person.page
            links = [each for each in followable(page.links) if name_of(each) == name]
            if links:
                self._get(person, chance.choice(links), offered=True, says="goes on to")
            elif any(name_of(each.action) == name for each in page.forms):
                self._press(person, chance, name)
            else:
                return
        self.submit(person, Mood.FITTING, chance)

    def open_mail(self, person: Person, chance: Random) -> None:
        """Open a link of a mail that came to the person's address."""
        self.tasks()
        links = [
            (name, link)
            for name, to, link in self._mail_links()
            if to == person.email and name not in self.read_mails
        ]
        if not links:
            return self.go_home(person)
        name, link = chance.choice(links)
        self.read_mails.add(name)
        self._get(person, link, offered=False, says="opens the link of a mail")
        return None

    def open_address_of(self, person: Person, other: Person, chance: Random) -> None:
        """Open an address that somebody else had on the screen."""
        addresses = [each.address for each in other.pages if each.status == 200]
        if addresses:
            address = chance.choice(addresses)
            self._get(person, address, offered=False, says=f"opens an address of {other.name}")
            # Signing in leads there, sooner or later, and there it may be closed to this person.
            person.is_astray = "next=" in person.page.address

    def wait(self, minutes: int) -> None:
        """Let time pass, and the scheduler do its work: holds, links and sessions run out."""
        self.clock.shift(timedelta(minutes=minutes))
        self.story.append(f"  {minutes} minutes pass")
        for person in self.world.people:
            person.loaded_in = -1
        self.tasks()

    def software(self, chance: Random) -> None:
        """The first practice's software reads what changed, books a free slot, cancels it again."""
        reasons = list(self.world.agendas[0].visit_reasons.filter(active=True).order_by("name"))
        self._ask_software("GET", "changes")
        for reason in reasons[:1] and [chance.choice(reasons)]:
            found = self._ask_software("GET", f"visit-reasons/{reason.pk}/slots")
            slots = found.get("slots", []) if found else []
            if slots:
                self._book_by_software(reason, chance.choice(slots)["starts_at"], chance)
        self.step += 1

    def _book_by_software(self, reason: VisitReason, starts_at: str, chance: Random) -> None:
        body = {
            "visit_reason": str(reason.pk), "starts_at": starts_at,
            "new_patient": {
                "first_name": "Ada", "last_name": "Logiciel", "birth_date": "1979-05-04", "sex": "F",
            },
        }  # fmt: skip
        made = self._ask_software("POST", "appointments", body)
        if made and chance.random() < 0.5:
            self._ask_software("POST", f"appointments/{made['id']}/cancel", {})

    def tasks(self) -> None:
        """Do what the scheduler would have asked the workers to do."""
        app.loader.import_default_modules()
        for entry in app.conf.beat_schedule.values():
            if entry["task"] not in ELSEWHERE:
                app.tasks[entry["task"]].apply(throw=True)

    # What a step does

    def _get(self, person: Person, address: str, *, offered: bool, says: str) -> None:
        self._load(person, "get", address, {}, offered=offered, says=f"{says} {address}")

    def _press(self, person: Person, chance: Random, *names: str) -> None:
        """Send the form of the page that leads to one of these views, if it has one."""
        forms = [each for each in person.page.forms if name_of(each.action) in names]
        if forms:
            form = chance.choice(forms)
            given = fill(form, mood=Mood.FITTING, typed=person.typed(), chance=chance)
            name, value, text = chance.choice(form.buttons)
            if name:
                given[name] = value
            self._send(person, form, given, offered=True, says=f"[{text}]")

    def _send(
        self, person: Person, form: Form, given: dict[str, object], *, offered: bool, says: str
    ) -> None:
        self.sent[form_name(form)] += 1
        words = f"{form.method} {form.action} {says}"
        self._load(
            person, form.method, form.action, given, offered=offered, says=words,
            encoding=form.encoding,
        )  # fmt: skip

    def _load(
        self, person: Person, method: str, address: str, given: dict[str, object], *,
        offered: bool, says: str, encoding: str = "",
    ) -> None:  # fmt: skip
        self.step += 1
        self.clock.shift(timedelta(seconds=STEP_S))
        self._note(person, says)
        heard = Heard()
        with heard:
            page = browse(person.client, method, address, given, encoding)
        self.visited[name_of(address)] += 1
        self.story[-1] += f" -> {page.status} {page.address}"
        person.pages.append(page)
        person.loaded_in = self.step
        self.ways.learn(person.kind, page, asked=name_of(address), name_of=name_of)
        many = method == "post" and name_of(address) in MAKES_MANY
        at_most = STATEMENTS_OF_MANY if many else STATEMENTS_AT_MOST
        self._check(person, page, heard, offered=offered, at_most=at_most)

    def _check(
        self, person: Person, page: Page, heard: "Heard", *, offered: bool, at_most: int
    ) -> None:
        name = name_of(page.address)
        self.statements[name] = max(self.statements[name], heard.statements)
        found = []
        if heard.problems or page.status >= 500:
            found.append("\n".join([f"status {page.status}", *heard.problems]))
        if offered and page.status in (400, 403, 404, 405) and not person.is_astray:
            found.append(f"what the page offered led to {page.status}")
        if heard.statements > at_most:
            found.append(f"more than {at_most} statements")
        if page.redirects > REDIRECTS_AT_MOST:
            found.append(f"more than {REDIRECTS_AT_MOST} redirects")
        if page.is_html and page.text.strip() and not page.has_way_forward:
            found.append(f"no way forward ({page.status})")
        for other in self.world.people:
            if self._is_leak(person, other, page):
                found.append(f"shows what is {other.name}'s")
        for words in found:
            self._fault(person, words, at=name)

    def _is_leak(self, person: Person, other: Person, page: Page) -> bool:
        """Whether a page shows the last name of somebody who is neither oneself nor one's patient."""
        is_secret = other.last_name in ("Quatrefages", "Ottavioli", "Trémouille")
        if not is_secret or person.practices or other.last_name == person.last_name:
            return False
        typed_it = any(other.last_name in each for each in (page.address,))
        return other.last_name in page.text and not typed_it

    def _fault(self, person: Person, words: str, *, at: str = "") -> None:
        """Keep a fault with the story that led to it; the walk goes on and finds others."""
        sign = words if len(words) < 200 else words.strip().splitlines()[-1][:300]
        story = "\n".join(self.story[-40:])
        self.faults.setdefault(f"{at}: {sign}", f"{person.name}: {words}\nafter:\n{story}")

    def _note(self, person: Person, words: str) -> None:
        self.story.append(f"  {self.step} {timezone.now():%d %H:%M:%S} {person.name} {words}")

    def _is_fresh(self, person: Person) -> bool:
        return person.loaded_in == self.step

    def _seldom(self, addresses: list[str], chance: Random) -> str:
        """One of the addresses, rather of a view that was seldom asked."""
        if chance.random() < 0.85:
            seldom = min(self._times(each) for each in addresses)
            addresses = [each for each in addresses if self._times(each) == seldom]
        return chance.choice(addresses)

    def _form(self, person: Person, chance: Random) -> Form | None:
        """A form of the page on the screen, rather one that was seldom sent."""
        forms = [] if person.page is None else person.page.forms
        forms = [each for each in forms if each.action and followable([each.action])]
        if not forms:
            return None
        if chance.random() < 0.85:
            seldom = min(self._times_sent(each) for each in forms)
            forms = [each for each in forms if self._times_sent(each) == seldom]
        return chance.choice(forms)

    def _times(self, address: str) -> int:
        name = name_of(address)
        return self.visited[name] * SELDOM_CHOSEN.get(name, 1)

    def _times_sent(self, form: Form) -> int:
        times = self.sent[form_name(form)]
        return self._times(form.action) + 3 * times * SELDOM_CHOSEN.get(name_of(form.action), 1)

    def _ask_software(self, method: str, path: str, body: object = None) -> dict[str, Any] | None:
        heard = Heard()
        with heard:
            answer = self.world.software.send(method, path, body)
        self.story.append(f"  the software asks {method} {path} -> {answer.status_code}")
        if heard.problems or answer.status_code >= 500:
            words = "\n".join([f"status {answer.status_code}", *heard.problems])
            self._fault(self.world.people[0], words, at=f"software {method}")
        return answer.json() if answer.status_code in (200, 201) and answer.content else None

    def _mail_links(self) -> list[tuple[str, str, str]]:
        found = []
        for file in sorted(self.mail_directory.glob("*.eml")):
            mail = read_mail(file)
            text = mail.get_body(("plain",))
            for link in re.findall(
                r"http://localhost:8000(/\S*)", text.get_content() if text else ""
            ):
                found.append((file.stem, str(mail["To"]), link))
        return found


MADE_ONCE = (Appointment, Conversation, Document, Patient, Reply, Wait)


def _rows() -> Counter[str]:
    """How many there are of what a form sent twice must not make twice."""
    return Counter({each.__name__: each._base_manager.count() for each in MADE_ONCE})
