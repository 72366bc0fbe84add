"""A malware scanner that speaks clamd's protocol on a Unix socket, in a thread of its own."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@contextmanager
def scanner(
    folder: Path, *, cut_off: bool = False, limit_bytes: int = 1 << 30
) -> Iterator[tuple[str, list[int]]]:
    """Its address, and the sizes of the streams it was given. It finds EICAR's test string, and
    takes no more of a stream than ``limit_bytes``."""
    path = folder / "clamd.ctl"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen()
    sizes: list[int] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                _answer(connection, stream, sizes, cut_off=cut_off, limit_bytes=limit_bytes)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"unix:{path}", sizes
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _answer(
    connection: socket.socket,
    stream: BinaryIO,
    sizes: list[int],
    *,
    cut_off: bool,
    limit_bytes: int,
) -> None:
    command = b""
    while not command.endswith(b"\0"):
        command += stream.read(1)
    if command == b"zVERSION\0":
        connection.sendall(b"ClamAV 1.4.6/test\0")
        return
    content = b""
    while (length := struct.unpack(">I", stream.read(4))[0]) > 0:
        if len(content) + length > limit_bytes:
            connection.sendall(b"INSTREAM size limit exceeded. ERROR\0")
            return
        content += stream.read(length)
    sizes.append(len(content))
    if cut_off:
        return
    found = b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else b"stream: OK\0"
    connection.sendall(found)
