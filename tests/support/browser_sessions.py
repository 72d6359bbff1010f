"""A page of the browser in which an account is signed in."""

from audit.views.factor import CODE_GIVEN_AT
from tests.factories import (
    verified_client,
)


def signed_in(page, live_server, account, *, minutes_ago=0):
    """The page of somebody who gave their code so many minutes ago."""
    client = verified_client(account)
    session = client.session
    session[CODE_GIVEN_AT] -= minutes_ago * 60
    session.save()
    cookie = client.cookies["sessionid"]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    return page
