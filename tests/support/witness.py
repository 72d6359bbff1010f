"""A witness of the record's checkpoints, which keeps to C2SP tlog-witness."""

import base64
import struct
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.record import merkle, notes

NOW = 1_795_000_000


class LocalWitness:
    """What the specification asks of a witness: it remembers one size and root of our log."""

    def __init__(self, log: notes.VerifierKey, name: str) -> None:
        self.log, self.size, self.root = log, 0, merkle.EMPTY_ROOT
        self.private = Ed25519PrivateKey.generate()
        self.key = notes.VerifierKey(
            name=name, public=self.private.public_key().public_bytes_raw(), type=notes.COSIGNATURE
        )
        self.asked: list[int] = []
        self.broken = ""

    def answer(self, body: str) -> tuple[int, str]:
        head_lines, _, note = body.partition("\n\n")
        first, *steps = head_lines.split("\n")
        old = int(first.removeprefix("old "))
        self.asked.append(old)
        try:
            head = notes.open_checkpoint(note, self.log)
        except notes.NoteBroken:
            return 403, ""
        if self.broken:
            return (200, self.broken) if self.broken != "away" else (503, "")
        if old != self.size:
            return 409, f"{self.size}\n"
        try:
            merkle.check_consistency(
                old=old, new=head.size, old_root=self.root, new_root=head.root,
                path=[base64.b64decode(step) for step in steps],
            )  # fmt: skip
        except merkle.ProofBroken:
            return 422, ""
        self.size, self.root = head.size, head.root
        signed = self.private.sign(f"cosignature/v1\ntime {NOW}\n{head.body()}".encode())
        return 200, notes.signature_line(self.key, struct.pack(">Q", NOW) + signed)


@contextmanager
def serving(local: LocalWitness):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, text = local.answer(body) if self.path == "/add-checkpoint" else (404, "")
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
