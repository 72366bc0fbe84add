"""A small real SMTP server on the loopback interface: STARTTLS, TLS, logging in, refusing."""

from __future__ import annotations

import asyncio
import base64
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class SmtpServer:
    """What the server was told. ``refuse`` is the answer to every MAIL, when it is set."""

    port: int = 0
    user: str = ""
    password: str = ""
    refuse: str = ""
    context: ssl.SSLContext | None = None
    implicit: bool = False
    mails: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    logged_in: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        encrypted, authenticated = self.implicit, not self.user
        await _say(writer, "220 thu ESMTP")
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            self.lines.append(line)
            verb = line.upper()
            if verb.startswith("EHLO"):
                offers = ["250-thu", *(["250-STARTTLS"] if self.context and not encrypted else [])]
                await _say(writer, *offers, "250 AUTH PLAIN")
            elif verb == "STARTTLS" and self.context:
                await _say(writer, "220 go on")
                await writer.start_tls(self.context)
                encrypted = True
            elif verb.startswith("AUTH PLAIN "):
                given = base64.b64decode(line.split()[2]).decode().split("\0")[1:]
                authenticated = given == [self.user, self.password]
                self.logged_in += [given[0]] if authenticated else []
                await _say(writer, "235 welcome" if authenticated else "535 no")
            elif verb.startswith("MAIL") and (self.refuse or not authenticated):
                await _say(writer, self.refuse or "530 log in first")
            elif verb == "DATA":
                await _say(writer, "354 go on")
                self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
                await _say(writer, "250 taken")
            elif verb == "QUIT":
                await _say(writer, "221 bye")
                break
            else:
                await _say(writer, "250 ok")
        writer.close()


async def _say(writer: asyncio.StreamWriter, *lines: str) -> None:
    writer.write("".join(f"{line}\r\n" for line in lines).encode())
    await writer.drain()


@contextmanager
def running_smtp(server: SmtpServer) -> Iterator[SmtpServer]:
    """The server answers on a free port of 127.0.0.1 while the block runs."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    over = asyncio.Event()

    async def serve() -> None:
        context = server.context if server.implicit else None
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
        server.port = listening.sockets[0].getsockname()[1]
        ready.set()
        await over.wait()
        listening.close()
        await listening.wait_closed()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()
