"""A vendor's process: httpx, the published client and nothing of Django's.

    python -m tests.partners.vendor SITE EMAIL PASSWORD TOTP_KEY_HEX DIRECTORY

It says on its output what it has done, and waits for a line on its input where somebody else is to
act: the practice, or the platform's worker.
"""

import hmac
import json
import re
import struct
import sys
import time
from pathlib import Path

import httpx
import standardwebhooks
from joserfc.jwk import ECKey

from tests.partners.published import published_client
from tests.partners.receiver import Receiver


def say(step, **what):
    print(json.dumps({"step": step, **what}), flush=True)


def wait_for(word):
    assert sys.stdin.readline().strip() == word


def code_of(key):
    """RFC 6238, six digits, 30 seconds."""
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), "sha1")
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


class Browser:
    """Fills forms in as a person does."""

    def __init__(self, site):
        self._http = httpx.Client(base_url=site, follow_redirects=True, timeout=20)

    def submit(self, page, path=None, **fields):
        shown = self._http.get(page)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', shown.text)[1]
        answer = self._http.post(
            path or shown.url, data=fields | {"csrfmiddlewaretoken": token},
            headers={"Referer": str(shown.url)},
        )  # fmt: skip
        answer.raise_for_status()
        return answer


def main():
    site, email, password, totp_key, directory = sys.argv[1:]
    receiver = Receiver(Path(directory))
    say("listening", ca_file=receiver.ca_file)

    browser = Browser(site)
    browser.submit("/connexion/", email=email, password=password)
    browser.submit("/connexion/code/", code=code_of(bytes.fromhex(totp_key)))
    vendor = browser.submit("/editeur/", name="AgendaPlus").url.path
    key = ECKey.generate_key("P-256", {"kid": "first"})
    public = json.dumps(key.as_dict(private=False))
    page = browser.submit(vendor, label="Production", jwk=public).url.path
    credential = page.strip("/").rsplit("/", 1)[-1]
    browser.submit(page, f"{page}adresses/", url=receiver.url)
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", browser._http.get(page).text)[0]
    say("registered", credential=credential)

    wait_for("granted")
    published = published_client()
    own = {"client_id": credential, **key.as_dict(private=True)}
    client = published.Client(f"{site}/api/v1", own)
    known, cursor = client.changes()
    agenda = client.get("agendas")["agendas"][0]
    reason = agenda["visit_reasons"][0]["id"]
    slots = client.get(f"visit-reasons/{reason}/slots")["slots"]
    hold = client.post("holds", {"visit_reason": reason, "starts_at": slots[0]["starts_at"]})
    body = {
        "visit_reason": reason, "starts_at": slots[0]["starts_at"], "hold": hold["id"],
        "new_patient": {"first_name": "Zénobie", "last_name": "Quatrefages"},
    }  # fmt: skip
    booked = client.post("appointments", body, key="first")
    version = client.version
    assert client.post("appointments", body, key="first") == booked
    say("booked", known=len(known), appointment=booked["id"])

    wait_for("told")
    _path, headers, content = receiver.received[-1]
    told = standardwebhooks.Webhook(secret).verify(content, headers)
    say("received", type=told["type"], appointment=told["data"]["appointment"])

    moved = client.post(
        f"appointments/{booked['id']}/move", {"starts_at": slots[1]["starts_at"]}, version=version
    )
    later, _cursor = client.changes(cursor)
    shown = [row for row in later if row["id"] == booked["id"]]
    opened = client.post(
        f"appointments/{booked['id']}/reveal", {"purpose": "care", "fields": ["last_name"]}
    )
    say(
        "moved", starts_at=moved["starts_at"], seen=shown[-1]["starts_at"], name=opened["last_name"]
    )

    wait_for("revoked")
    try:
        client.get("changes", cursor=cursor)
    except httpx.HTTPStatusError as refused:
        say("refused", status=refused.response.status_code, problem=refused.response.json())
    receiver.close()


if __name__ == "__main__":
    main()
