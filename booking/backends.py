from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from booking.models import Account
from booking.models.account import email_index


class EmailBackend(ModelBackend):
    """Finds the account by the blind index of its address; the address need not be opened."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> Account | None:
        if not username or not password:
            return None
        account = Account.objects.filter(email_index=email_index(username)).first()
        if account is None:
            # As long as for a known address, so that the answer's time tells nothing.
            Account().set_password(password)
            return None
        if account.check_password(password) and self.user_can_authenticate(account):
            return account
        return None
