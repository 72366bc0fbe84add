"""A server that answers S3 requests as a test tells it: for what a real one says too rarely."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CREDENTIALS = "[default]\naws_access_key_id = a\naws_secret_access_key = b\n"
LISTING = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"


@dataclass
class Answer:
    """One answer; ``cut_short`` closes the connection before the last byte, ``reset`` resets it
    instead of answering."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut_short: bool = False
    reset: bool = False


def refusal(status: int, code: str) -> Answer:
    """An error as S3 words it."""
    return Answer(status, f"<Error><Code>{code}</Code><Message>so</Message></Error>".encode())


@contextmanager
def stub(
    answer: Callable[[str, str], Answer], context: ssl.SSLContext | None = None
) -> Iterator[str]:
    """The endpoint of a server that gives ``answer(method, path and query)``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # so that "Expect: 100-continue" is answered at once

        def handle_one(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            given = answer(self.command, self.path)
            if given.reset:
                lingering = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
                self.connection.close()
                self.close_connection = True
                return
            self.send_response(given.status)
            for name, value in given.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(given.body) + given.cut_short))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(given.body)
            self.close_connection = True

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = handle_one  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        scheme = "http" if context is None else "https"
        yield f"{scheme}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def options_for(
    endpoint: str, folder: Path, **more: str | int | bool
) -> dict[str, str | int | bool]:
    """Options of a replica on a stub, with a credentials file in ``folder``."""
    (folder / "credentials").write_text(CREDENTIALS)
    return {"endpoint": endpoint, "credentials_file": str(folder / "credentials"), **more}
