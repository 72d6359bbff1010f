"""Sessions, favourites, and a practice's figures: pages that no longer story leads through."""

from datetime import date, time, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from booking.accounts.sessions.sign_ins import begin
from booking.models import Handover
from booking.models.appointment import Channel
from booking.models.patient import Relation
from booking.patients.handover import handover_token
from booking.session_store import digest_of
from practitioners.domain.scheduling.wall_clock import instant
from tests.browser.conftest import check_page, until
from tests.clock import today
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    verified_client,
)
from tests.support.booked import booked
from tests.support.browser_sessions import signed_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_sessions_and_favourites(live_server, new_page):
    agenda = make_agenda()
    make_opening(agenda, make_reason(agenda))
    account = make_account()
    page = signed_in(new_page(), live_server, account)
    key = next(c["value"] for c in page.context.cookies() if c["name"] == "sessionid")
    begin(
        account=account, session_digest=digest_of(key), user_agent="Firefox Linux", address="203.0.113.9",
        now=timezone.now(),
    )  # fmt: skip
    elsewhere = verified_client(account).session.session_key
    begin(
        account=account, session_digest=digest_of(elsewhere), user_agent="Chrome Android",
        address="203.0.113.10", now=timezone.now(),
    )  # fmt: skip
    page.goto(f"{live_server.url}/praticien/{agenda.practitioner_id}/")
    page.get_by_role("button", name="Ajouter à mes praticiens").click()
    kept = page.get_by_role("button", name="Dans mes praticiens")
    expect(kept).to_have_attribute("aria-pressed", "true")
    check_page(page)
    page.goto(live_server.url)
    expect(page.get_by_role("heading", name="Mes praticiens")).to_be_visible()
    check_page(page)
    page.goto(f"{live_server.url}/compte/")
    check_page(page)
    page.get_by_role("link", name="Voir mes sessions").click()
    expect(page.get_by_text("celui-ci")).to_be_visible()
    check_page(page)
    page.get_by_role("button", name="Fermer toutes les autres").click()
    said = page.get_by_text("Toutes les autres sessions sont fermées.")
    expect(said).to_be_visible()
    # What is said of a narrow page stands above it, and not at the window's left edge.
    left_edges = [each.bounding_box()["x"] for each in (said, page.locator("main > section"))]
    assert left_edges[0] == left_edges[1]
    expect(page.get_by_text("celui-ci")).to_be_visible()


def test_the_practices_figures(live_server, new_page):
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason, starts_on=today() - timedelta(days=70))
    for weeks in range(1, 9):
        for hour in range(weeks % 3 + 1):
            day = today() - timedelta(days=70) + timedelta(weeks=weeks)
            at = instant(day, time(9 + hour), agenda.practice.zone)
            booked(reason, at - timedelta(days=5), starts_at=at)
    member = make_member(agenda.practice, role="owner")
    page = signed_in(new_page(), live_server, member.account)
    page.goto(f"{live_server.url}/cabinet/{agenda.practice_id}/statistiques/")
    expect(page.get_by_role("heading", name="Remplissage par semaine")).to_be_visible()
    check_page(page)


def test_questions_and_answers(live_server, new_page):
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    account = make_account()
    at = instant(today() + timedelta(days=9), time(9), agenda.practice.zone)
    visit = booked(
        reason, timezone.now(), starts_at=at, patient=make_patient(account),
        channel=Channel.PRACTICE, anywhere=True,
    )  # fmt: skip
    member = make_member(agenda.practice, role="owner")
    desk = signed_in(new_page(), live_server, member.account)
    of_agenda = f"{live_server.url}/cabinet/{agenda.practice_id}/agendas/{agenda.pk}"
    desk.goto(f"{of_agenda}/motifs/{reason.pk}/")
    desk.get_by_role("link", name="Questions avant le rendez-vous").click()
    first, second = (desk.get_by_role("group", name=f"Question {n}") for n in (1, 2))
    first.get_by_label("Question", exact=True).fill("Avez-vous des allergies ?")
    first.get_by_label("Réponse", exact=True).select_option(label="un texte")
    second.get_by_label("Question", exact=True).fill("Vos traitements")
    second.get_by_label("Réponse", exact=True).select_option(label="plusieurs choix")
    second.get_by_label("Choix, un par ligne").fill("insuline\ncortisone")
    desk.get_by_role("button", name="Enregistrer").click()
    expect(desk.get_by_text("Le questionnaire est enregistré.")).to_be_visible()
    check_page(desk)
    patient = signed_in(new_page(), live_server, account)
    patient.goto(f"{live_server.url}/rendez-vous/{visit.pk}/")
    check_page(patient)
    patient.get_by_role("link", name="Répondre au questionnaire").click()
    check_page(patient)
    patient.get_by_label("Avez-vous des allergies ?").fill("Aux arachides")
    patient.get_by_label("insuline").check()
    patient.get_by_role("button", name="Envoyer mes réponses").click()
    expect(patient.get_by_text("Merci")).to_be_visible()
    desk.goto(f"{live_server.url}/cabinet/{agenda.practice_id}/rendez-vous/{visit.pk}/")
    expect(desk.get_by_text("Aux arachides")).to_be_visible()
    check_page(desk)


def test_a_patient_and_a_practice_write_to_each_other(live_server, new_page):
    agenda = make_agenda(takes_messages=True)
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    account = make_account()
    at = instant(today() + timedelta(days=9), time(9), agenda.practice.zone)
    visit = booked(
        reason, timezone.now(), starts_at=at, patient=make_patient(account),
        channel=Channel.PRACTICE, anywhere=True,
    )  # fmt: skip
    patient = signed_in(new_page(), live_server, account)
    patient.goto(f"{live_server.url}/rendez-vous/{visit.pk}/")
    patient.get_by_role("link", name="Écrire au cabinet").click()
    check_page(patient)
    patient.get_by_label("Objet").fill("Mes résultats")
    patient.get_by_label("Votre message").fill("Bonjour,\nfaut-il venir à jeun ?")
    patient.get_by_role("button", name="Envoyer").click()
    expect(patient.get_by_text("faut-il venir à jeun")).to_be_visible()
    check_page(patient)
    member = make_member(agenda.practice, role="secretary")
    desk = signed_in(new_page(), live_server, member.account)
    desk.goto(f"{live_server.url}/cabinet/{agenda.practice_id}/")
    desk.locator(".desk-nav").get_by_role("link", name="Messages").click()
    check_page(desk)
    desk.get_by_role("link", name="Lire le message de Zoé Lefèvre").click()
    desk.get_by_label("Votre message").fill("Non, buvez et mangez comme d’habitude.")
    desk.get_by_role("button", name="Répondre").click()
    expect(desk.get_by_text("comme d’habitude")).to_be_visible()
    check_page(desk)
    patient.goto(f"{live_server.url}/rendez-vous/")
    patient.get_by_role("link", name="1 réponse d’un cabinet à lire").click()
    check_page(patient)
    patient.get_by_role("link", name="Lire : Mes résultats").click()
    expect(patient.get_by_text("comme d’habitude")).to_be_visible()


def test_the_next_appointments_without_network(live_server, new_page):
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    account = make_account()
    at = instant(today() + timedelta(days=9), time(9), agenda.practice.zone)
    booked(
        reason, timezone.now(), starts_at=at, patient=make_patient(account),
        channel=Channel.PRACTICE, anywhere=True,
    )  # fmt: skip
    page = signed_in(new_page(), live_server, account)
    page.goto(f"{live_server.url}/rendez-vous/")
    until(
        page,
        "navigator.serviceWorker.ready.then(() => caches.match('/rendez-vous/hors-ligne.json'))"
        ".then((kept) => Boolean(kept))",
    )
    # The next page is the worker's; asked again, it is still the same one.
    page.goto(f"{live_server.url}/compte/proches/")
    assert page.evaluate(
        "navigator.serviceWorker.ready.then((worker) => worker.update())"
        ".then((worker) => !worker.installing && !worker.waiting && Boolean(navigator.serviceWorker.controller))"
    )
    page.context.set_offline(True)
    page.goto(f"{live_server.url}/compte/")
    expect(page.get_by_role("heading", name="Hors ligne")).to_be_visible()
    expect(page.get_by_text(str(agenda.practitioner))).to_be_visible()
    expect(page.get_by_text("Cet appareil n’a gardé")).to_be_hidden()
    assert "Lefèvre" not in page.content()
    check_page(page)
    page.context.set_offline(False)
    page.goto(f"{live_server.url}/compte/")
    page.get_by_role("button", name="Se déconnecter").click()
    page.wait_for_url(f"{live_server.url}/")
    until(page, "caches.match('/rendez-vous/hors-ligne.json').then((kept) => !kept)")
    # A page that the service worker passes on is one to come back to after signing in.
    page.goto(f"{live_server.url}/compte/lectures/")
    assert parse_qs(urlsplit(page.url).query)["next"] == ["/compte/lectures/"]


def test_handing_a_relative_over(live_server, new_page):
    account = make_account()
    make_patient(account)
    child = make_patient(account, first_name="Noé", relation="child", birth_date=date(2005, 3, 1))
    page = signed_in(new_page(), live_server, account)
    page.goto(f"{live_server.url}/compte/proches/{child.pk}/")
    expect(page.get_by_text("Cette personne est majeure")).to_be_visible()
    check_page(page)
    page.get_by_role("link", name="Remettre le dossier").click()
    check_page(page)
    page.get_by_label("E-mail").fill("noe@exemple.fr")
    page.get_by_role("button", name="Envoyer le lien").click()
    expect(page.get_by_text("Le lien est envoyé")).to_be_visible()
    token = handover_token(Handover.objects.get())
    other = signed_in(new_page(), live_server, make_account("noe@exemple.fr"))
    other.goto(f"{live_server.url}/compte/dossier/{token}/")
    check_page(other)
    other.get_by_role("button", name="Prendre mon dossier").click()
    expect(other.get_by_text("Votre dossier est dans votre compte.")).to_be_visible()


def test_documents_go_both_ways(live_server, new_page, tmp_path):
    agenda = make_agenda()
    account = make_account()
    patient = make_patient(account, practice=agenda.practice)
    member = make_member(agenda.practice, role="owner")
    file = tmp_path / "Analyses de sang.pdf"
    file.write_bytes(b"%PDF-1.4\n% rien\n")
    page = signed_in(new_page(), live_server, account)
    page.goto(f"{live_server.url}/documents/")
    expect(page.get_by_text("Aucun document.")).to_be_visible()
    check_page(page)
    page.get_by_label("Fichiers").set_input_files(file)
    page.get_by_role("button", name="Transmettre").click()
    expect(page.get_by_text("1 document est transmis.")).to_be_visible()
    expect(page.get_by_text("pas encore ouvert")).to_be_visible()
    expect(page.get_by_role("button", name="Retirer Analyses de sang.pdf")).to_be_visible()
    check_page(page)
    desk = signed_in(new_page(accept_downloads=True), live_server, member.account)
    desk.goto(f"{live_server.url}/cabinet/{agenda.practice_id}/messages/")
    check_page(desk)
    desk.get_by_role("link", name="1 document reçu à ouvrir").click()
    check_page(desk)
    with desk.expect_response("**/documents/*/") as answer:
        desk.get_by_role("link", name="Ouvrir Analyses de sang.pdf").evaluate(
            "(a) => fetch(a.href)"
        )
    assert answer.value.status == 200
    desk.goto(f"{live_server.url}/cabinet/{agenda.practice_id}/patients/{patient.pk}/documents/")
    desk.get_by_label("Fichiers").set_input_files(file)
    desk.get_by_role("button", name="Transmettre au patient").click()
    check_page(desk)
    page.goto(f"{live_server.url}/rendez-vous/")
    page.get_by_role("link", name="1 document d’un cabinet à ouvrir").click()
    expect(page.get_by_text("nouveau")).to_be_visible()
    page.get_by_label("Fichiers").set_input_files([])
    page.get_by_role("button", name="Transmettre").click()
    expect(page.get_by_text("Choisissez au moins un fichier.")).to_be_visible()
    check_page(page)


def test_a_series_is_taken_in_one_go(live_server, new_page):
    agenda = make_agenda(open_on_holidays=True)
    reason = make_reason(agenda, series_at_most=6, name="Séance de kinésithérapie")
    make_opening(agenda, reason, starts_on=today() + timedelta(days=7))
    account = make_account()
    at = instant(today() + timedelta(days=7), time(9), agenda.practice.zone)
    visit = booked(reason, timezone.now(), starts_at=at, patient=make_patient(account))
    taken = instant(today() + timedelta(days=14), time(9), agenda.practice.zone)
    booked(reason, timezone.now(), starts_at=taken)
    page = signed_in(new_page(), live_server, account)
    page.goto(f"{live_server.url}/rendez-vous/{visit.pk}/")
    page.get_by_role("link", name="Prendre la suite des séances").click()
    page.get_by_label("Combien de fois encore").fill("3")
    page.get_by_role("button", name="Voir les dates").click()
    expect(
        page.get_by_text("09:00\u00a0: Ce créneau est déjà pris. Voici le plus proche.")
    ).to_be_visible()
    check_page(page)
    page.get_by_role("button", name="Prendre ces rendez-vous").click()
    expect(page.get_by_text("3 rendez-vous de plus sont pris.")).to_be_visible()
    member = make_member(agenda.practice, role="owner")
    desk = signed_in(new_page(), live_server, member.account)
    desk.goto(
        f"{live_server.url}/cabinet/{agenda.practice_id}/rendez-vous/{visit.pk}/serie/?semaines=1&fois=2"
    )
    check_page(desk)


def test_a_family_books_slots_in_a_row(live_server, new_page):
    agenda = make_agenda()
    reason = make_reason(agenda, name="Vaccination")
    make_opening(agenda, reason, starts_on=today() + timedelta(days=3))
    account = make_account()
    for name, relation in (("Zénobie", Relation.SELF), ("Aurèle", Relation.CHILD)):
        make_patient(account, first_name=name, last_name="Quatrefages", relation=relation)
    page = signed_in(new_page(), live_server, account)
    page.goto(f"{live_server.url}/praticien/{agenda.practitioner_id}/")
    page.get_by_text("Pour plusieurs personnes à la suite").click()
    page.get_by_label("Combien de personnes").select_option("2")
    expect(page.locator("input[type=hidden][name=personnes]")).to_have_value("2")
    check_page(page)
    page.get_by_role("button", name="11:00").click()
    expect(page.get_by_role("heading", name="Confirmer les rendez-vous")).to_be_visible()
    check_page(page)
    page.get_by_label("11:00").select_option(label="Aurèle Quatrefages (mon enfant)")
    page.get_by_label("11:30").select_option(label="Zénobie Quatrefages (moi-même)")
    page.get_by_role("button", name="Confirmer les rendez-vous").click()
    expect(page.get_by_text("2 rendez-vous sont pris, l’un après l’autre.")).to_be_visible()


def test_patients_are_taken_over_from_a_file(live_server, new_page, worker, tmp_path):
    agenda = make_agenda()
    practice = agenda.practice
    file = tmp_path / "patients.csv"
    file.write_text(
        "Nom;Prénom;Né(e) le;Portable\n"
        + "".join(f"Nom{n};Prénom;01/01/{1930 + n};\n" for n in range(60))
        + "Sans;;;\n"
    )
    page = signed_in(new_page(), live_server, make_member(practice, role="owner").account)
    page.goto(f"{live_server.url}/cabinet/{practice.pk}/patients/")
    page.get_by_role("link", name="Reprendre des patients").click()
    check_page(page)
    page.get_by_label("Fichier CSV").set_input_files(file)
    page.get_by_role("button", name="Voir ce qu’il contient").click()
    expect(page.get_by_text("nom ou prénom absent")).to_be_visible()
    check_page(page)
    page.get_by_role("button", name="Prendre ces patients").click()
    expect(page.get_by_text("L’import est terminé.")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("link", name="Télécharger les lignes refusées")).to_be_visible()
    expect(page.get_by_role("button", name="Effacer cet import")).to_be_visible()
    check_page(page)
    # Where the lines say when, the visits come along.
    make_reason(agenda, name="Consultation")
    day = today() + timedelta(days=3)
    file.write_text(
        "Date;Heure;Durée;Nom;Prénom;Né(e) le\n"
        + "".join(
            f"{day:%d/%m/%Y};{9 + n}h00;20;Nom{n};Prénom;01/01/{1930 + n}\n" for n in range(9)
        )
    )
    page.goto(f"{live_server.url}/cabinet/{agenda.practice_id}/imports/")
    page.get_by_label("Fichier CSV").set_input_files(file)
    page.get_by_role("button", name="Voir ce qu’il contient").click()
    expect(page.get_by_label("Agenda et motif")).to_be_visible()
    check_page(page)
    page.get_by_role("button", name="Prendre ces rendez-vous").click()
    expect(page.get_by_text("L’import est terminé.")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Rendez-vous repris")).to_be_visible()


def test_two_files_are_made_one(live_server, new_page):
    practice = make_agenda().practice
    for _file in range(2):
        make_patient(practice=practice)
    page = signed_in(new_page(), live_server, make_member(practice, role="owner").account)
    page.goto(f"{live_server.url}/cabinet/{practice.pk}/patients/")
    page.get_by_label("Nom, téléphone").fill("Zoé Lefèvre")
    page.get_by_role("button", name="Chercher").click()
    expect(page.get_by_role("checkbox")).to_have_count(2)
    for box in page.get_by_role("checkbox").all():
        box.check()
    check_page(page)
    page.get_by_role("button", name="Réunir les deux fiches cochées").click()
    check_page(page)
    page.get_by_label("Garder cette fiche").first.check()
    page.get_by_role("button", name="Réunir", exact=True).click()
    expect(page.get_by_text("Les deux fiches n’en font plus qu’une.")).to_be_visible()
    check_page(page)
