"""The one way out: a GET or POST to a host that the settings name, and nowhere else.

Addresses are looked up once and the very address that was looked at is connected to, so that a
name cannot be bound to another in between. Redirects start over from the first check. No
proxies, no cookies, no credentials, no other schemes. It runs in the parent; workers have no
sockets at all.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import SplitResult, urljoin, urlsplit

from preservation.trust_settings import TrustNetwork

if TYPE_CHECKING:
    from typing_extensions import Buffer

Address = tuple[str, int]
Resolver = Callable[[str, int], list[Address]]
"""All addresses of a host, as the system's resolver gives them."""
Permitted = Callable[[str], bool]
"""Whether an address (as text) may be connected to."""

_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHUNK_BYTES = 64 * 1024
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_AGENT = "kho"


class FetchRefused(Exception):
    """The address, the host or the answer is not one that is allowed."""


class FetchFailed(Exception):
    """The host did not answer, or not as it should."""


def system_addresses(host: str, port: int) -> list[Address]:
    """What the system's resolver says; FetchFailed."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise FetchFailed(f"{host}: {error}") from error
    return [(str(entry[4][0]), int(entry[4][1])) for entry in found]


def is_public(text: str) -> bool:
    """Whether the address is one of the open Internet: not this machine's, not this network's,
    nobody's in particular, and not one of these inside another."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if any(one is not None and not is_public(str(one)) for one in inner):
            return False
    return address.is_global and not (
        address.is_multicast
        or address.is_loopback
        or address.is_link_local
        or address.is_reserved
        or address.is_unspecified
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host gave. ``url`` is where it came from in the end."""

    url: str
    content: bytes


class LimitedClient:
    """Asks the hosts of ``settings``, within their limits."""

    def __init__(
        self,
        settings: TrustNetwork,
        *,
        resolve: Resolver = system_addresses,
        permitted: Permitted = is_public,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._settings = settings
        self._hosts = frozenset(host.strip().lower() for host in settings.hosts)
        self._resolve = resolve
        self._permitted = permitted
        self._tls = tls

    def may_ask(self, url: str) -> bool:
        """Whether the settings name the URL's host."""
        try:
            self._parts(url)
        except FetchRefused:
            return False
        return True

    def fetch(self, url: str, *, body: bytes | None = None, kind: str = "") -> Answer:
        """The answer to a GET, or to a POST of ``body``; FetchRefused, FetchFailed."""
        deadline = time.monotonic() + self._settings.timeout_s
        secure = False
        for _ in range(self._settings.max_redirects + 1):
            parts = self._parts(url)
            if secure and parts.scheme != "https":
                raise FetchRefused(f"{url}: a redirect away from https")
            secure = parts.scheme == "https"
            found = self._ask(parts, body, kind, deadline)
            if isinstance(found, bytes):
                return Answer(url, found)
            if body is not None:
                raise FetchRefused(f"{url}: a redirect of a question")
            url = urljoin(url, found)
        raise FetchRefused(f"{url}: more than {self._settings.max_redirects} redirects")

    def _parts(self, url: str) -> SplitResult:
        """The URL taken apart; FetchRefused unless its host and port are named."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise FetchRefused(f"{url}: {error}") from error
        host = (parts.hostname or "").lower()
        if parts.scheme not in _PORTS or not host or parts.username or parts.password:
            raise FetchRefused(f"{url}: neither http nor https, or with a user in it")
        if any(ord(letter) <= 0x20 or ord(letter) > 0x7E for letter in url):
            raise FetchRefused(f"{url!r}: signs that an address cannot have")
        named = host if port in (None, _PORTS[parts.scheme]) else f"{host}:{port}"
        if named not in self._hosts:
            raise FetchRefused(f"{url}: the settings do not name {named}")
        return parts

    def _ask(
        self, parts: SplitResult, body: bytes | None, kind: str, deadline: float
    ) -> bytes | str:
        """The content, or where a redirect leads."""
        raw = self._connected(parts, deadline)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port)
        # It must never look the name up itself.
        connection.auto_open = 0
        connection.sock = _Timed(raw, deadline)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"User-Agent": _AGENT, "Accept-Encoding": "identity", "Connection": "close"}
        if kind:
            headers["Content-Type"] = kind
        try:
            connection.request("GET" if body is None else "POST", target, body, headers)
            answer = connection.getresponse()
            if answer.status in _REDIRECTS and answer.getheader("Location"):
                return str(answer.getheader("Location"))
            if answer.status != http.client.OK:
                raise FetchFailed(f"{parts.geturl()}: status {answer.status}")
            return self._content(parts.geturl(), answer, answer.getheader("Content-Length", ""))
        except (OSError, http.client.HTTPException) as error:
            raise FetchFailed(f"{parts.geturl()}: {error!r}") from error
        finally:
            raw.close()

    def _content(self, url: str, answer: http.client.HTTPResponse, stated: str) -> bytes:
        cap = self._settings.max_bytes
        if stated and not stated.isdigit():
            raise FetchRefused(f"{url}: its length is {stated!r}")
        if stated and int(stated) > cap:
            raise FetchRefused(f"{url}: {stated} bytes, more than {cap}")
        content = bytearray()
        while chunk := answer.read(_CHUNK_BYTES):
            content += chunk
            if len(content) > cap:
                raise FetchRefused(f"{url}: more than {cap} bytes")
        if stated and len(content) != int(stated):
            raise FetchFailed(f"{url}: {len(content)} bytes of {stated}")
        return bytes(content)

    def _connected(self, parts: SplitResult, deadline: float) -> socket.socket:
        host = str(parts.hostname)
        port = parts.port or _PORTS[parts.scheme]
        addresses = self._resolve(host, port)
        wrong = [address for address, _ in addresses if not self._permitted(address)]
        if wrong or not addresses:
            # One such address among others is how a name is bound to the inside of a network.
            raise FetchRefused(f"{host}: {', '.join(wrong) or 'no address'} may not be asked")
        raw = self._socket(host, addresses, deadline)
        if parts.scheme == "https":
            context = self._tls or ssl.create_default_context()
            try:
                raw = context.wrap_socket(raw, server_hostname=host)
            except OSError as error:
                raw.close()
                raise FetchFailed(f"{host}: {error}") from error
        return raw

    def _socket(self, host: str, addresses: list[Address], deadline: float) -> socket.socket:
        """Connected to one of exactly these addresses."""
        last: OSError | None = None
        for address in addresses:
            try:
                raw = socket.create_connection(address, timeout=_left(deadline))
            except OSError as error:
                last = error
                continue
            if self._permitted(str(raw.getpeername()[0])):
                return raw
            raw.close()
            raise FetchRefused(f"{host}: connected to {address[0]}")
        raise FetchFailed(f"{host}: {last}")


class _Timed:
    """A socket whose every single reading and writing ends at the deadline, drop by drop too."""

    def __init__(self, raw: socket.socket, deadline: float) -> None:
        self._raw = raw
        self._deadline = deadline

    def sendall(self, content: bytes) -> None:
        """Everything is sent."""
        self._raw.settimeout(_left(self._deadline))
        self._raw.sendall(content)

    def makefile(self, mode: str) -> BinaryIO:
        """What comes, buffered."""
        del mode
        return cast(BinaryIO, io.BufferedReader(_TimedRaw(self._raw, self._deadline)))

    def close(self) -> None:
        """Nothing: the library closes before it has read; the asker closes."""


class _TimedRaw(io.RawIOBase):
    def __init__(self, raw: socket.socket, deadline: float) -> None:
        self._raw = raw
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        self._raw.settimeout(_left(self._deadline))
        return self._raw.recv_into(buffer)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is up")
    return left
