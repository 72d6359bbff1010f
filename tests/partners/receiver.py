"""A vendor's own https server, with a certificate of a test authority."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import trustme


class Receiver:
    """Keeps what it was sent; answers with `status`, or with the next of `statuses`."""

    def __init__(self, directory, host="localhost"):
        authority = trustme.CA()
        self.ca_file = str(directory / "authority.pem")
        authority.cert_pem.write_to_path(self.ca_file)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host).configure_cert(context)
        self.received, self.status, self.statuses, self.content = [], 204, [], b""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = f"https://{host}:{self.port}/hooks?x=1"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _handler(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                receiver.received.append((self.path, dict(self.headers.items()), body))
                status = receiver.statuses.pop(0) if receiver.statuses else receiver.status
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", receiver.url)
                self.send_header("Content-Length", str(len(receiver.content)))
                self.end_headers()
                self.wfile.write(receiver.content)

            do_GET = do_POST

            def log_message(self, *_parts):
                pass

        return Handler

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
