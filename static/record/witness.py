#!/usr/bin/env python3
"""A witness for Doctolib records, and for any other log of C2SP tlog-checkpoint.

One file; it needs Python 3.9 or newer and the package `cryptography`. Its operator keeps a
record honest: it remembers the last signed state that it was shown, and signs a newer one only
where a proof shows that nothing was changed or taken out in between.

    witness.py key --state DIR --name example.org/witness       make a key, print its public half
    witness.py serve --state DIR --log KEY --listen HOST:PORT   answer /add-checkpoint

KEY is the record's public key, as its page /registre/ shows it; --log may be given several times.
Give the printed key and the address of this witness to the operator of the record, who sets
DOCTOLIB_WITNESSES to "key http://HOST:PORT". Put TLS in front of it on the open internet.

Formats: C2SP tlog-witness, tlog-checkpoint, tlog-cosignature and signed-note; RFC 6962.
"""

import argparse
import base64
import binascii
import fcntl
import hashlib
import json
import os
import re
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519, COSIGNATURE = 1, 4
MOST_STEPS, MOST_BYTES = 63, 64 * 1024
LONGEST_LENGTH = 9  # digits
OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")
SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
EMPTY_ROOT = hashlib.sha256(b"").digest()


class Refused(Exception):
    """An answer other than a cosignature: a status, and for some a text."""

    def __init__(self, status, text="", content_type="text/plain; charset=utf-8"):
        super().__init__(status, text)
        self.status, self.text, self.content_type = status, text, content_type


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def decoded(text, length):
    """Return the bytes that base64 stands for; raises ValueError for another length."""
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None
    if len(found) != length or base64.b64encode(found).decode() != text:
        raise ValueError("not so many bytes")
    return found


def key_id(name, kind, public):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def read_key(text):
    """Read name+id+base64(1 || public key) into (name, id, public key)."""
    name, _plus, rest = text.strip().partition("+")
    identifier, _plus, encoded = rest.partition("+")
    key = decoded(encoded, 33)
    if key[0] != ED25519 or key_id(name, ED25519, key[1:]).hex() != identifier:
        raise ValueError("this is no public key of a log")
    return name, key_id(name, ED25519, key[1:]), key[1:]


def is_consistent(old, new, old_root, new_root, steps):
    """RFC 6962 section 2.1.2, as RFC 9162 section 2.1.4.2 checks it."""
    if old in (0, new):
        return not steps and (old != new or old_root == new_root)
    steps = list(steps)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, step)
        at, last = at >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def read_request(body):
    """Return (old size, steps, text of the note, its signature lines, origin, size, root)."""
    try:
        head, separator, note = body.decode("utf-8").partition("\n\n")
        if not separator:
            raise ValueError("no checkpoint")
        first, *lines = head.split("\n")
        old = OLD.fullmatch(first)
        if old is None or len(lines) > MOST_STEPS:
            raise ValueError("no old size, or too many steps")
        steps = [decoded(line, 32) for line in lines]
        text, separator, signatures = note.rpartition("\n\n")
        origin, size, root, *extensions = text.split("\n")
        if not (separator and origin and signatures.endswith("\n") and all(extensions)):
            raise ValueError("no checkpoint")
        if SIZE.fullmatch(size) is None:
            raise ValueError("no size")
        parts = (origin, int(size), decoded(root, 32))
    except ValueError:
        raise Refused(400) from None
    return (int(old[1]), steps, text + "\n", signatures[:-1].split("\n"), *parts)


class Witness:
    """The key, the logs it signs for, and for each of them the last state that it signed."""

    def __init__(self, state, logs):
        self.state = Path(state)
        saved = json.loads((self.state / "key.json").read_text())
        self.name = saved["name"]
        self.private = Ed25519PrivateKey.from_private_bytes(decoded(saved["key"], 32))
        self.logs = {}
        for name, identifier, public in map(read_key, logs):
            self.logs.setdefault(name, []).append((identifier, public))
        self.lock = threading.Lock()

    def public(self):
        public = self.private.public_key().public_bytes_raw()
        key = base64.b64encode(bytes([COSIGNATURE]) + public).decode()
        return f"{self.name}+{key_id(self.name, COSIGNATURE, public).hex()}+{key}"

    def add_checkpoint(self, body):
        """Return the signature line for a checkpoint that continues the last one, or Refused."""
        old, steps, text, signatures, origin, size, root = read_request(body)
        if origin not in self.logs:
            raise Refused(404)
        if not any(self.is_signed(text, origin, line) for line in signatures):
            raise Refused(403)
        if old > size:
            raise Refused(400)
        with self.lock:
            known, known_root = self.latest(origin)
            if old != known:
                raise Refused(409, f"{known}\n", "text/x.tlog.size")
            if old == size and root != known_root:
                raise Refused(409, f"{known}\n", "text/x.tlog.size")
            if not is_consistent(old, size, known_root, root, steps):
                raise Refused(422)
            self.keep(origin, size, root)
        return self.cosign(text)

    def is_signed(self, text, origin, line):
        dash, _space, rest = line.partition(" ")
        name, _space, encoded = rest.partition(" ")
        if dash != "\u2014" or name != origin:
            return False
        try:
            signature = decoded(encoded, 68)
        except ValueError:
            return False
        for identifier, public in self.logs[origin]:
            if signature[:4] == identifier:
                try:
                    Ed25519PublicKey.from_public_bytes(public).verify(signature[4:], text.encode())
                except InvalidSignature:
                    continue
                return True
        return False

    def cosign(self, text):
        now = int(time.time())
        signature = self.private.sign(f"cosignature/v1\ntime {now}\n{text}".encode())
        identifier = key_id(self.name, COSIGNATURE, self.private.public_key().public_bytes_raw())
        encoded = base64.b64encode(identifier + struct.pack(">Q", now) + signature).decode()
        return f"\u2014 {self.name} {encoded}\n"

    def path(self, origin):
        return self.state / (hashlib.sha256(origin.encode()).hexdigest() + ".json")

    def latest(self, origin):
        if not self.path(origin).exists():
            return 0, EMPTY_ROOT
        saved = json.loads(self.path(origin).read_text())
        return saved["size"], decoded(saved["root"], 32)

    def keep(self, origin, size, root):
        """On the disk before anything is answered, and whole or not at all."""
        saved = {"origin": origin, "size": size, "root": base64.b64encode(root).decode()}
        replace(self.path(origin), json.dumps(saved))


def replace(path, text):
    new = path.with_suffix(".new")
    with open(new, "w", encoding="utf-8", opener=lambda *a: os.open(*a, mode=0o600)) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self):
        try:
            if self.path != "/add-checkpoint":
                raise Refused(404)
            line = self.server.witness.add_checkpoint(self.body())
            self.answer(200, line, "text/plain; charset=utf-8")
        except Refused as refused:
            self.answer(refused.status, refused.text, refused.content_type)

    def body(self):
        length = self.headers.get("Content-Length", "")
        is_number = length.isascii() and length.isdigit()
        if not is_number or len(length) > LONGEST_LENGTH or int(length) > MOST_BYTES:
            self.close_connection = True
            raise Refused(413 if is_number else 411)
        return self.rfile.read(int(length))

    def do_GET(self):
        self.answer(404, "", "text/plain; charset=utf-8")

    def answer(self, status, text, content_type):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Say nothing: there is nothing in a request that is not public."""


def make_key(state, name):
    if not name or "+" in name or any(sign.isspace() for sign in name):
        raise SystemExit("A name has no blank and no plus sign.")
    path = Path(state) / "key.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        key = base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()
        replace(path, json.dumps({"name": name, "key": key}))
    print(Witness(state, []).public())


def serve(state, logs, listen, is_quiet):
    try:
        witness = Witness(state, logs)
    except (OSError, ValueError, KeyError) as error:
        raise SystemExit(f"The witness does not start: {error}") from None
    # Two of one state would sign two histories.
    alone = open(Path(state) / "lock", "w")  # noqa: SIM115 - held until the end
    try:
        fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise SystemExit("Another witness runs with this state.") from None
    host, _colon, port = listen.rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), Handler)
    server.daemon_threads = True
    server.witness = witness
    if not is_quiet:
        print(f"http://{host}:{server.server_port}", flush=True)
    server.serve_forever()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_subparsers(dest="action", required=True)
    making = actions.add_parser("key")
    making.add_argument("--state", required=True)
    making.add_argument("--name", required=True)
    serving = actions.add_parser("serve")
    serving.add_argument("--state", required=True)
    serving.add_argument("--log", action="append", required=True)
    serving.add_argument("--listen", default="127.0.0.1:8090")
    serving.add_argument("--quiet", action="store_true", help="print no address")
    options = parser.parse_args()
    if options.action == "key":
        make_key(options.state, options.name)
    else:
        try:
            serve(options.state, options.log, options.listen, options.quiet)
        except KeyboardInterrupt:
            sys.exit(0)


if __name__ == "__main__":
    main()
