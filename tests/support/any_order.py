"""Booking pages as people go through them, and what was booked at their end."""

import re
from datetime import UTC, datetime

from django.test import Client
from django.urls import reverse

from booking.models import Appointment, Patient
from booking.models.appointment import Status
from practitioners.models import Taken
from tests.support.forms_on_page import form_with, send, slots_of

NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


IDENTITY = {
    "first_name": "Zoé", "last_name": "Lefèvre", "birth_date": "1980-12-31", "sex": "F",
}  # fmt: skip


def page_of(reason, **given):
    address = reverse("practitioners:practitioner", args=[reason.agenda.practitioner_id])
    return address, {"semaine": "2026-11-30", **given}


def on_results(client, reason):
    return client.post(reverse("booking:hold"), {"motif": reason.pk, "debut": NINE.isoformat()})


def on_the_page(client, reason, **given):
    address, query = page_of(reason, **given)
    page = client.get(address, query)
    assert slots_of(page)
    return send(client, form_with(page, "debut"), address, debut=slots_of(page)[0])


def on_the_widget(client, reason):
    shown = Client().get(
        reverse("practitioners:widget", args=[reason.agenda.practice_id]), {"semaine": "2026-11-30"}
    )
    link = re.search(r'href="(/praticien/[^"]+)#creneaux"', shown.content.decode())[1]
    address = link.replace("&amp;", "&")
    # The link says the language, which a redirect takes out of the address.
    page = client.get(address, follow=True)
    return send(client, form_with(page, "debut"), address, debut=slots_of(page)[0])


def in_a_row(client, reason):
    return on_the_page(client, reason, personnes="2")


PLACES = [on_results, on_the_page, on_the_widget, in_a_row]


def confirm_at(client, address, **more):
    """Say who one is where nobody is there yet, and confirm."""
    page = client.get(address)
    while page.status_code == 302:
        address = page["Location"]
        page = client.get(address)
    assert page.status_code == 200, page.content.decode()[:3000]
    text = page.content.decode()
    if "personnes" in address:
        people = list(
            Patient.unscoped.filter(account=page.context["user"]).order_by("created_at", "pk")
        )
        while len(people) < 2:
            link = re.search(r'href="(/compte/proches/nouveau/[^"]+)"', text)[1]
            given = IDENTITY | {"first_name": f"Zoé{len(people)}"}
            if people:
                given |= {"relation": "child", "consent": "on"}
            form = form_with(client.get(link), "first_name")
            back = client.post(link, form.values | given)
            assert back.status_code == 302, back.content.decode()[:3000]
            text = client.get(back["Location"]).content.decode()
            address = back["Location"]
            people = list(Patient.unscoped.filter(account=page.context["user"]))
        page = client.get(address)
        return send(client, form_with(page, "personne-0").in_order(), address, **more)
    form = form_with(page, "note")
    if "first_name" in form.values:
        more = IDENTITY | more
    return send(client, form, address, **more)


def booked_is(answer, count=1):
    assert answer.status_code == 302, answer.content.decode()[:3000]
    assert answer["Location"].startswith("/rendez-vous/"), answer["Location"]
    assert Appointment.unscoped.filter(status=Status.BOOKED).count() == count
    assert not Taken.objects.filter(hold_until__isnull=False).exists()


def count_of(place):
    return 2 if place is in_a_row else 1
