"""The process of events serves its own paths alone."""

import pytest

from tests.asgi import run_async


async def ask(path):
    from asgiref.testing import ApplicationCommunicator

    from doctolib.asgi import application

    scope = {
        "type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [
            (b"host", b"localhost")], "http_version": "1.1", "scheme": "http",
    }  # fmt: skip
    page = ApplicationCommunicator(application, scope)
    await page.send_input({"type": "http.request", "body": b""})
    start = await page.receive_output(10)
    body = (await page.receive_output(10))["body"]
    await page.wait(10)
    return start["status"], body


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "path",
    ["/", "/connexion/", "/admin/", "/api/v1/appointments", "/direct", "/directX/", "//direct/"],
)
def test_it_serves_no_page(path):
    assert run_async(ask(path)) == (404, b"")


@pytest.mark.django_db(transaction=True)
def test_it_asks_the_site_about_its_own_paths():
    status, body = run_async(ask("/direct/nothing/"))
    assert status == 404
    assert b"<html" in body
