"""A visit by video between two real Chromium with fake cameras, and who is kept out of it."""

import os
import shutil
import subprocess
import time
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from audit.models import Entry
from booking.models import VideoVisit
from booking.models.appointment import Channel
from booking.video import video
from doctolib.servers import free_port
from practitioners.models import Practice
from tests.browser.conftest import FAKE_MEDIA, QUIET, check_page, wait_for_port
from tests.browser.install import find_chromium
from tests.clock import offset_s
from tests.factories import make_account, make_agenda, make_member, make_patient, make_reason
from tests.support.booked import booked
from tests.support.browser_sessions import signed_in

pytestmark = pytest.mark.django_db(transaction=True)
FRAMES = """
    () => [...document.querySelectorAll("[data-others] video")]
        .map((video) => video.videoWidth && video.getVideoPlaybackQuality().totalVideoFrames)
"""
FIRST_ONE_HANGS = """
    const work = RTCPeerConnection.prototype.setRemoteDescription;
    let first = null;
    RTCPeerConnection.prototype.setRemoteDescription = function (description) {
      first ??= this;
      return this === first ? new Promise(() => {}) : work.call(this, description);
    };
"""


@pytest.fixture
def visit():
    """A visit by video that begins now, with its practitioner and its patient."""
    agenda = make_agenda()
    Practice.objects.update(phone="02 47 00 00 01")
    reason = make_reason(agenda, teleconsultation=True, name="Téléconsultation")
    account = make_account()
    at = timezone.now().replace(second=0, microsecond=0)
    row = booked(
        reason, at - timedelta(days=1), starts_at=at, patient=make_patient(account),
        channel=Channel.PRACTICE, anywhere=True,
    )  # fmt: skip
    row.account = account
    row.member = make_member(agenda.practice, role="owner", practitioner=agenda.practitioner)
    return row


@pytest.fixture
def two_browsers(browser):
    """Two Chromium processes with a camera each; gives a function that opens a page in one."""
    launch = browser.browser_type.launch
    made = [launch(executable_path=find_chromium(), args=[*QUIET, *FAKE_MEDIA]) for _n in range(2)]
    problems = []

    def page_in(number):
        context = made[number].new_context(
            locale="fr-FR", viewport={"width": 1280, "height": 900},
            permissions=["camera", "microphone"],
        )  # fmt: skip
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        return page

    yield page_in
    for each in made:
        each.close()
    assert problems == []


def at_the_practice(page, live_server, visit):
    signed_in(page, live_server, visit.member.account)
    page.goto(f"{live_server.url}/cabinet/{visit.practice_id}/rendez-vous/{visit.pk}/video/")
    return page


def at_home(page, live_server, visit):
    signed_in(page, live_server, visit.account)
    page.goto(f"{live_server.url}/rendez-vous/{visit.pk}/video/")
    return page


def meet(*pages):
    """Wait until each page shows everybody else, with a moving picture."""
    for page in pages:
        others = page.locator("[data-others] video")
        said = page.locator("[data-status]").text_content()
        expect(others, f"the page says: {said}").to_have_count(len(pages) - 1)
    together(*pages)


def together(*pages):
    """Wait until each page shows a moving picture of each other person."""
    for page in pages:
        seen = wait_for_frames(page, lambda frames: frames and all(frames))
        wait_for_frames(
            page,
            lambda frames, seen=seen: (
                len(frames) == len(seen)
                and all(now > then + 5 for now, then in zip(frames, seen, strict=True))
            ),
        )


def wait_for_frames(page, is_enough, seconds=45):
    """Wait until what each picture has shown is enough; return how many frames each has."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        frames = page.evaluate(FRAMES)
        if is_enough(frames):
            return frames
        page.wait_for_timeout(100)
    raise AssertionError(
        f"the pictures stand still: {frames}, {page.locator('[data-status]').text_content()}"
    )


def begin(doctor, patient):
    patient.get_by_role("button", name="Entrer dans la salle d’attente").click()
    expect(patient.get_by_text("Le praticien vous fera entrer.")).to_be_visible(timeout=30_000)
    doctor.get_by_role("button", name="Entrer dans la salle").click()
    expect(doctor.get_by_text("Le patient est dans la salle d’attente.")).to_be_visible(
        timeout=30_000
    )
    doctor.get_by_role("button", name="Faire entrer le patient").click()
    together(doctor, patient)


def test_a_visit_by_video(live_server, live_process, two_browsers, visit):
    doctor = at_the_practice(two_browsers(0), live_server, visit)
    patient = at_home(two_browsers(1), live_server, visit)
    expect(patient.get_by_text("Tout est prêt.")).to_be_visible()
    check_page(patient)
    begin(doctor, patient)
    expect(patient.get_by_text("Vous êtes en communication.")).to_be_visible()
    check_page(doctor)
    # Words go the same way as the picture, and nowhere else.
    doctor.get_by_role("button", name="Messages").click()
    doctor.get_by_label("Votre message").fill("Montrez-moi votre main.")
    doctor.get_by_role("button", name="Envoyer").click()
    expect(patient.get_by_role("button", name="Messages 1")).to_be_visible()
    patient.get_by_role("button", name="Messages 1").click()
    expect(patient.get_by_text("Montrez-moi votre main.")).to_be_visible()
    check_page(patient)
    # The screen instead of the face, and back.
    patient.get_by_role("button", name="Montrer mon écran").click()
    patient.get_by_role("button", name="Ne plus montrer l’écran").click()
    patient.get_by_role("button", name="Couper le micro").click()
    expect(patient.get_by_role("button", name="Rétablir le micro")).to_have_attribute(
        "aria-pressed", "true"
    )
    # Somebody whose page dies comes back, without being let in again, though their browser's
    # first connection hangs: the two make another one.
    patient.context.add_init_script(FIRST_ONE_HANGS)
    patient.reload()
    patient.get_by_role("button", name="Entrer dans la salle d’attente").click()
    together(doctor, patient)
    doctor.get_by_role("button", name="Terminer la téléconsultation").click()
    expect(patient.get_by_text("La téléconsultation est terminée.")).to_be_visible()
    expect(doctor.get_by_text("La téléconsultation est terminée.")).to_be_visible()
    check_page(patient)
    row = VideoVisit.unscoped.get(appointment=visit)
    assert row.started_at and row.ended_at
    visit.refresh_from_db()
    assert visit.status == "seen"
    said = Entry.objects.filter(object_id=visit.pk, action__startswith="video-")
    assert [each.action for each in said.order_by("at", "id")] == [
        "video-entered", "video-entered", "video-started", "video-entered", "video-ended",
    ]  # fmt: skip
    # Nobody enters what is over.
    patient.reload()
    expect(patient.get_by_text("Cette téléconsultation est terminée.")).to_be_visible()


def test_a_third_person_is_refused(live_server, live_process, two_browsers, visit):
    doctor = at_the_practice(two_browsers(0), live_server, visit)
    patient = at_home(two_browsers(1), live_server, visit)
    begin(doctor, patient)
    events = patient.evaluate(
        "performance.getEntriesByType('resource').map((e) => e.name).find((n) => n.includes('/direct/'))"
    )
    third = two_browsers(1)
    signed_in(third, live_server, make_account())
    assert third.goto(patient.url).status == 404
    assert third.goto(doctor.url).status == 404
    assert (
        third.goto(
            events
            or f"http://localhost:{os.environ['DOCTOLIB_LIVE_PORT']}/direct/rendez-vous/{visit.pk}/?place=x"
        ).status
        == 404
    )
    colleague = two_browsers(1)
    member = make_member(visit.practice, role="practitioner")
    signed_in(colleague, live_server, member.account)
    assert colleague.goto(doctor.url).status == 403
    expect(colleague.get_by_text("Cette salle ne s’ouvre qu’à")).to_be_visible()
    together(doctor, patient)


def test_an_invited_colleague_joins(live_server, live_process, two_browsers, visit):
    other = make_agenda(practice=visit.practice)
    member = make_member(visit.practice, role="practitioner", practitioner=other.practitioner)
    doctor = at_the_practice(two_browsers(0), live_server, visit)
    doctor.get_by_text("Inviter un collègue").click()
    doctor.get_by_label("Praticien").select_option(label=str(other.practitioner))
    doctor.get_by_role("button", name="Inviter", exact=True).click()
    expect(doctor.get_by_text("Votre collègue peut entrer")).to_be_visible()
    patient = at_home(two_browsers(1), live_server, visit)
    begin(doctor, patient)
    colleague = two_browsers(0)
    signed_in(colleague, live_server, member.account)
    colleague.goto(doctor.url)
    colleague.get_by_role("button", name="Entrer dans la salle").click()
    meet(doctor, patient, colleague)
    expect(patient.get_by_text(str(other.practitioner))).to_be_visible()
    expect(colleague.get_by_role("button", name="Terminer la téléconsultation")).to_have_count(0)
    # Who closes the page is gone from those of the others; who comes back is there again.
    address = colleague.url
    colleague.goto("about:blank")
    for page in (doctor, patient):
        expect(page.locator("[data-others] video")).to_have_count(1)
    colleague.goto(address)
    colleague.get_by_role("button", name="Entrer dans la salle").click()
    meet(doctor, patient, colleague)


MISSING = """
    (kinds) => {
      const devices = kinds.map((kind) => ({ kind, deviceId: "1", label: "" }));
      navigator.mediaDevices.enumerateDevices = async () => devices;
      navigator.mediaDevices.getUserMedia = async () => {
        throw new DOMException("none", "NotFoundError");
      };
    }
"""


def test_without_camera_or_microphone_the_page_says_what_to_do_instead(
    live_server, live_process, new_page, visit
):
    """This browser has none. A button that cannot be pressed looks like none that can."""
    page = at_home(new_page(), live_server, visit)
    expect(page.get_by_text("Aucune caméra ni aucun micro n’est branché")).to_be_visible()
    instead = page.locator("[data-instead]")
    call = instead.locator("a.tel")
    expect(call).to_be_visible()
    assert call.get_attribute("href").startswith("tel:+33")
    expect(instead.get_by_text("sur un autre appareil")).to_be_visible()
    expect(page.get_by_label("Caméra")).to_be_hidden()
    expect(page.get_by_role("button", name="Réessayer")).to_be_visible()
    enter = page.get_by_role("button", name="Entrer dans la salle d’attente")
    expect(enter).to_be_disabled()
    look = "(button) => getComputedStyle(button).backgroundColor"
    unlike = enter.evaluate(look)
    enter.evaluate("(button) => { button.disabled = false; }")
    page.wait_for_timeout(300)
    assert enter.evaluate(look) != unlike
    check_page(page)
    # A camera alone: what is missing is the microphone.
    page.evaluate(MISSING, ["videoinput"])
    page.get_by_role("button", name="Réessayer").click()
    expect(page.get_by_text("Aucun micro n’est branché à cet appareil.")).to_be_visible()
    instead.get_by_role("link", name="Retour au rendez-vous").click()
    page.wait_for_url(f"**/rendez-vous/{visit.pk}/")


def test_without_scripts_nothing_is_shown_that_cannot_work(
    live_server, live_process, browser, visit
):
    context = browser.new_context(locale="fr-FR", java_script_enabled=False)
    page = at_home(context.new_page(), live_server, visit)
    expect(page.get_by_text("La vidéo a besoin de JavaScript")).to_be_visible()
    expect(page.locator("a.tel:visible")).to_have_count(1)
    controls = page.locator("[data-video]").locator("button, select, input, meter, video")
    assert controls.count() > 8
    expect(controls.locator("visible=true")).to_have_count(0)
    context.close()


@pytest.fixture
def relay(settings, tmp_path, monkeypatch):
    """A real coturn on the loopback, and settings by which calls go through it alone."""
    if not shutil.which("turnserver"):
        pytest.skip("coturn is not installed, and only root can install it")
    port = free_port()
    # The relay reads the end of a password by the machine's clock, not by the suite's.
    by_machine = video.RELAY_VALID - timedelta(seconds=offset_s())
    monkeypatch.setattr(video, "RELAY_VALID", by_machine)
    settings.TURN_URLS = [f"turn:127.0.0.1:{port}?transport=udp"]
    settings.TURN_SECRET, settings.TURN_ONLY = "a secret that both know", True
    command = [
        "turnserver", "-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1",
        f"--listening-port={port}", "--use-auth-secret", f"--static-auth-secret={settings.TURN_SECRET}",
        "--realm=doctolib.example", "--allow-loopback-peers", "--cli-password=unused", "--no-cli",
        "--no-tls", "--no-dtls", "--log-file=stdout", f"--pidfile={tmp_path / 'turn.pid'}",
        f"--userdb={tmp_path / 'turndb'}", "--min-port=41000", "--max-port=41999", "--verbose",
    ]  # fmt: skip
    log = (tmp_path / "turn.log").open("ab")
    running = []

    def start():
        running.append(subprocess.Popen(command, stdout=log, stderr=log))
        wait_for_port(port)

    def stop():
        process = running.pop()
        process.kill()
        process.wait()

    start()
    yield start, stop, tmp_path / "turn.log"
    if running:
        stop()
    log.close()


def test_a_call_through_the_relay_survives_its_loss(
    live_server, live_process, two_browsers, visit, relay
):
    """The way between the two breaks for both; when it is there again, so is the picture."""
    start, stop, log = relay
    doctor = at_the_practice(two_browsers(0), live_server, visit)
    patient = at_home(two_browsers(1), live_server, visit)
    begin(doctor, patient)
    assert "ALLOCATE processed, success" in log.read_text()
    stop()
    expect(patient.get_by_text("La connexion est interrompue.")).to_be_visible(timeout=60_000)
    start()
    expect(patient.get_by_text("Vous êtes en communication.")).to_be_visible(timeout=60_000)
    together(doctor, patient)
