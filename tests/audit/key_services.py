"""Local doubles of the key services, as their documentation describes them, with real encryption.

Transit: HashiCorp Vault API, secret/transit. KMS: Google Cloud KMS REST v1, and the metadata
server. What they refuse, they refuse with the documented status.
"""

import base64
import json
import os
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "hvs.test-token"
KEY = "projects/p/locations/europe-west9/keyRings/r/cryptoKeys/doctolib"


class Refused(Exception):
    def __init__(self, status: int) -> None:
        self.status = status


class Service:
    """A key with versions; counts the calls, and can be told to be away."""

    def __init__(self) -> None:
        self.versions = [AESGCM.generate_key(256)]
        self.disabled: set[int] = set()
        self.least = 1
        self.calls = 0
        self.away = False

    def encrypt(self, plaintext: str, bound: bytes) -> tuple[int, bytes]:
        nonce = os.urandom(12)
        version = len(self.versions)
        sealed = AESGCM(self.versions[-1]).encrypt(nonce, base64.b64decode(plaintext), bound)
        return version, bytes([version]) + nonce + sealed

    def decrypt(self, blob: bytes, bound: bytes) -> str:
        version = blob[0] if blob else 0
        if not self.least <= version <= len(self.versions) or version in self.disabled:
            raise Refused(400)
        try:
            opened = AESGCM(self.versions[version - 1]).decrypt(blob[1:13], blob[13:], bound)
        except InvalidTag:
            raise Refused(400) from None
        return base64.b64encode(opened).decode()


def transit(service: Service, method: str, path: str, headers, body):
    if headers.get("X-Vault-Token") != TOKEN:
        raise Refused(403)
    found = re.fullmatch(r"/v1/transit/(encrypt|decrypt|keys)/doctolib(?:/(rotate|config))?", path)
    if found is None:
        raise Refused(404)
    match (method, found[1], found[2]):
        case ("POST", "encrypt", None):
            version, blob = service.encrypt(body["plaintext"], b"")
            text = base64.b64encode(blob).decode()
            return {"data": {"ciphertext": f"vault:v{version}:{text}", "key_version": version}}
        case ("POST", "decrypt", None):
            text = re.fullmatch(r"vault:v\d+:([\x00-\x7f]+)", body["ciphertext"])
            if text is None:
                raise Refused(400)
            return {"data": {"plaintext": service.decrypt(base64.b64decode(text[1]), b"")}}
        case ("GET", "keys", None):
            return {"data": {"latest_version": len(service.versions), "name": "doctolib"}}
        case ("POST", "keys", "rotate"):
            service.versions.append(AESGCM.generate_key(256))
            return None
        case ("POST", "keys", "config"):
            if body["min_decryption_version"] > len(service.versions):
                raise Refused(400)
            service.least = body["min_decryption_version"]
            return None
    raise Refused(405)


def google(service: Service, method: str, path: str, headers, body):
    if path.startswith("/computeMetadata/"):
        if headers.get("Metadata-Flavor") != "Google":
            raise Refused(403)
        return {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"}
    if headers.get("Authorization") != f"Bearer {TOKEN}":
        raise Refused(401)
    rest = path.removeprefix(f"/v1/{KEY}")
    if rest == path:
        raise Refused(404)
    name = f"{KEY}/cryptoKeyVersions/"
    version_of = re.fullmatch(r"/cryptoKeyVersions/(\d+)\?updateMask=state", rest)
    if method == "PATCH" and version_of:
        assert body == {"state": "DISABLED"}
        service.disabled.add(int(version_of[1]))
        return {"name": f"{name}{version_of[1]}", "state": "DISABLED"}
    match (method, rest):
        case ("POST", ":encrypt"):
            bound = base64.b64decode(body["additionalAuthenticatedData"])
            version, blob = service.encrypt(body["plaintext"], bound)
            return {"name": f"{name}{version}", "ciphertext": base64.b64encode(blob).decode()}
        case ("POST", ":decrypt"):
            bound = base64.b64decode(body["additionalAuthenticatedData"])
            return {"plaintext": service.decrypt(base64.b64decode(body["ciphertext"]), bound)}
        case ("GET", ""):
            primary = getattr(service, "primary", 1)
            return {"name": KEY, "primary": {"name": f"{name}{primary}", "state": "ENABLED"}}
        case ("GET", "/cryptoKeyVersions"):
            rows = [{"name": f"{name}{n + 1}"} for n in range(len(service.versions))]
            return {"cryptoKeyVersions": rows, "totalSize": len(rows)}
        case ("POST", "/cryptoKeyVersions"):
            service.versions.append(AESGCM.generate_key(256))
            return {"name": f"{name}{len(service.versions)}", "state": "ENABLED"}
        case ("POST", ":updatePrimaryVersion"):
            service.primary = int(body["cryptoKeyVersionId"])
            return {"name": KEY}
    raise Refused(404)


@contextmanager
def serve(answer):
    """Serve one of the doubles on 127.0.0.1; yields its Service and its address."""
    service = Service()

    def answered(method, path, headers, body):
        service.calls += 1
        try:
            if service.away:
                raise Refused(503)
            found = answer(service, method, path, headers, json.loads(body or b"{}"))
        except Refused as refused:
            return refused.status, b'{"errors": ["refused"]}'
        return (204, b"") if found is None else (200, json.dumps(found).encode())

    with _listening(answered) as url:
        yield service, url


@contextmanager
def saying(*answers):
    """Serve these answers (a status and bytes), one after the other, the last one again and again.

    Yields the requests met and the address.
    """
    met = []

    def answered(method, path, headers, body):
        met.append((method, path, dict(headers), body))
        return answers[min(len(met), len(answers)) - 1]

    with _listening(answered) as url:
        yield met, url


@contextmanager
def _listening(answered):
    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, text = answered(self.command, self.path, self.headers, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            if status in (301, 302, 307):
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = handle_any

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.daemon = True
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
