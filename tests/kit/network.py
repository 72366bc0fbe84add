"""Refuses sockets to the whole test process; a test may be allowed the loopback interface.

An audit hook sees every connection the interpreter makes, whichever library makes it. It
cannot be taken away again, so it obeys one :class:`Gate`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_HOST_FIRST = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
_SOCKET_FIRST = frozenset({"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"})


class NetworkRefused(RuntimeError):
    """A test reached for a socket that it was not given."""


@dataclass(slots=True)
class Gate:
    """What may be reached now, and what was refused since the last look."""

    loopback: bool = False
    refused: list[str] = field(default_factory=list)

    def audit(self, event: str, arguments: tuple[object, ...]) -> None:
        """Raises for a socket event that leaves the process and was not allowed."""
        if event in _SOCKET_FIRST:
            address = arguments[1]
            if not isinstance(address, tuple):  # a Unix socket, or a connected datagram socket
                return
            host = str(address[0])
        elif event in _HOST_FIRST:
            if arguments[0] is None:
                return
            host = arguments[0].decode() if isinstance(arguments[0], bytes) else str(arguments[0])
        else:
            return
        if self.loopback and host in LOOPBACK:
            return
        self.refused.append(f"{event} {host!r}")
        raise NetworkRefused(f"{event} {host!r}: tests have no network; see the mark 'loopback'")

    @contextmanager
    def allowing_loopback(self, allowed: bool) -> Iterator[None]:
        """Within, the loopback interface may be reached, or not; afterwards as before."""
        before, self.loopback = self.loopback, allowed
        try:
            yield
        finally:
            self.loopback = before

    def take_refused(self) -> list[str]:
        """What was refused since the last call; forgotten afterwards."""
        taken, self.refused = self.refused, []
        return taken


def install() -> Gate:
    """A gate that the interpreter asks from now on, shut."""
    gate = Gate()
    sys.addaudithook(gate.audit)
    return gate
