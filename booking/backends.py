from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from audit.fixed_query import FixedQuery
from booking.models import Account
from booking.models.accounts.account import email_index

_ACCOUNT = FixedQuery([Account], "FROM {0} WHERE {0}.id = %s")


class EmailBackend(ModelBackend):
    """Finds the account by the blind index of its address; the address need not be opened."""

    def get_user(self, user_id: Any) -> Account | None:
        """Return the active account of a session; asked at every request."""
        found = _ACCOUNT.first(user_id)
        return found[0] if found and self.user_can_authenticate(found[0]) else None

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
