"""The code that a session is asked for."""

from django.utils import timezone
from django_otp.oath import TOTP

from booking.models import CodeApp


def code_of(account, *, later=0):
    device = CodeApp.objects.get(user=account)
    totp = TOTP(device.seed, drift=device.drift)
    totp.time = timezone.now().timestamp() + later
    return f"{totp.token():06d}"
