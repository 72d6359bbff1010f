"""Only routed when the mode is development."""

import re
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_otp.oath import totp

from booking.models import Account, CodeApp
from booking.models.accounts.account import email_index
from doctolib.demo import accounts as demo
from doctolib.development.mail_sink import kept_mails, read_mail


@dataclass(frozen=True)
class ToTry:
    """An account of the demo and, where it needs one, its code of this half minute."""

    role: str
    email: str
    code: str


@never_cache
@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    rows = []
    for account in demo.ACCOUNTS:
        found = Account.objects.filter(email_index=email_index(account.email)).first()
        device = CodeApp.objects.filter(user=found, name="demo").first() if found else None
        code = f"{totp(device.seed):06d}" if device else ""
        rows.append(ToTry(account.role, account.email, code))
    context = {"accounts": rows, "password": demo.PASSWORD}
    return render(request, "development/accounts.html", context)


@never_cache
@require_safe
def mails(request: HttpRequest) -> HttpResponse:
    kept = kept_mails(Path(settings.MAIL_SINK_DIR))[:100]
    return render(request, "development/mails.html", {"mails": kept})


@never_cache
@require_safe
def mail(request: HttpRequest, name: str) -> HttpResponse:
    file = Path(settings.MAIL_SINK_DIR) / f"{name}.eml"
    if not re.fullmatch(r"[0-9a-f]{24}", name) or not file.exists():
        raise Http404
    kept = read_mail(file)
    body = kept.get_body(("plain",))
    context = {
        "mail": kept,
        "text": body.get_content() if body else "",
        "attachments": [part.get_filename() for part in kept.iter_attachments()],
    }
    return render(request, "development/mail.html", context)
