"""django-appointment computing the same days, in a process of its own with its own settings.

Reads the working days and the taken starts as JSON from standard input; prints the median
seconds for all days, and the slots.
"""

import json
import os
import sys
import time
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

import django
from django.conf import settings


def set_up(database: dict[str, Any]) -> None:
    """Configure Django with the peer's apps alone, and make their tables."""
    settings.configure(
        SECRET_KEY="bench-only",
        USE_TZ=True,
        TIME_ZONE="UTC",
        DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", **database}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sites",
            "appointment",
        ],
        SITE_ID=1,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()
    from django.core.management import call_command

    # The package ships no migrations: its tables come after those it refers to.
    call_command("migrate", verbosity=0)
    call_command("migrate", run_syncdb=True, verbosity=0)


def make_agenda(taken: list[str]) -> tuple[Any, Any]:
    """Make a member of staff with working hours and some taken starts; return it and its service."""
    from appointment.models import (
        Appointment,
        AppointmentRequest,
        Service,
        StaffMember,
        WorkingHours,
    )
    from django.contrib.auth.models import User

    user = User.objects.create_user("staff")
    service = Service.objects.create(name="Consultation", duration=timedelta(minutes=30), price=0)
    staff = StaffMember.objects.create(user=user, slot_duration=30, appointment_buffer_time=0)
    staff.services_offered.add(service)
    for weekday in range(1, 6):
        WorkingHours.objects.create(
            staff_member=staff, day_of_week=weekday, start_time="09:00", end_time="17:00"
        )
    requests = []
    for text in taken:
        start = datetime.fromisoformat(text)
        requests.append(
            AppointmentRequest(
                date=start.date(),
                start_time=start.time(),
                end_time=(start + timedelta(minutes=30)).time(),
                service=service,
                staff_member=staff,
                id_request=text,
            )
        )
    AppointmentRequest.objects.bulk_create(requests)
    Appointment.objects.bulk_create(
        [
            Appointment(client=user, appointment_request=request, id_request=request.id_request)
            for request in AppointmentRequest.objects.all()
        ]
    )
    return staff, service


def main() -> None:
    task = json.load(sys.stdin)
    set_up(task["database"])
    staff, service = make_agenda(task["taken"])
    from appointment.services import get_available_slots_for_staff

    days = [date.fromisoformat(text) for text in task["days"]]

    def compute() -> dict[str, list[str]]:
        found = {}
        for day in days:
            # Its days of the week count from Sunday.
            slots = get_available_slots_for_staff(day, staff, (day.weekday() + 1) % 7, service)
            found[day.isoformat()] = [slot.strftime("%H:%M") for slot in slots]
        return found

    slots = compute()
    seconds = []
    for _ in range(task["rounds"]):
        began = time.perf_counter()
        compute()
        seconds.append(time.perf_counter() - began)
    json.dump({"seconds": median(seconds), "slots": slots}, sys.stdout)


if __name__ == "__main__":
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
    main()
