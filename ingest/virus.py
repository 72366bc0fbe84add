"""Stop 6, *virus*: every submitted file streamed to clamd, where one is configured.

clamd is asked over its own socket (Unix, or TCP to an address that the settings name); nothing
else is contacted. A scanner that is configured and does not answer stops the ingest: what was
meant to be checked is not accepted unchecked. Protocol: clamd(8), INSTREAM.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ingest.staged import StagedFile
from schemas.errors import ConfigError
from schemas.findings import Finding, Severity
from schemas.names import printable
from schemas.progress import Progress

_CHUNK_BYTES = 256 * 1024
_ANSWER_CAP_BYTES = 4096
TIMEOUT_S = 120.0
"""Without an answer or progress for so long, the scanner counts as down."""


class ScannerUnavailable(ConfigError):
    """The configured scanner does not answer as clamd does; nothing was stored."""

    code = "VIRUS-SCANNER-UNAVAILABLE"
    exit_code = 4


@dataclass(frozen=True, slots=True)
class Scanned:
    """What the scanner said: who it is, and a finding for each infected file."""

    scanner: str
    files: int
    findings: tuple[Finding, ...]


class Clamd:
    """A clamd at ``address``: ``unix:/path`` or ``tcp:host:port``."""

    def __init__(self, address: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._address = address
        self._timeout_s = timeout_s

    def version(self) -> str:
        """The engine and its signatures, as they name themselves."""
        with self._connected() as connection:
            self._send(connection, b"zVERSION\0")
            return self._answer(connection)

    def scan(self, path: Path) -> str:
        """The name of what infects the file, or nothing."""
        with self._connected() as connection, path.open("rb") as stream:
            self._send(connection, b"zINSTREAM\0")
            while chunk := stream.read(_CHUNK_BYTES):
                self._send(connection, struct.pack(">I", len(chunk)) + chunk)
            self._send(connection, struct.pack(">I", 0))
            answer = self._answer(connection)
        if answer.endswith(" FOUND"):
            return answer.removeprefix("stream: ").removesuffix(" FOUND")
        if answer != "stream: OK":
            raise ScannerUnavailable(address=self._address, reason=answer)
        return ""

    def _connected(self) -> socket.socket:
        kind, _, place = self._address.partition(":")
        try:
            if kind == "unix":
                return _unix_connection(place, self._timeout_s)
            host, _, port = place.rpartition(":")
            if kind != "tcp" or not host or not port.isdigit():
                raise ScannerUnavailable(
                    address=self._address, reason="unix:/path or tcp:host:port is needed"
                )
            return socket.create_connection((host, int(port)), timeout=self._timeout_s)
        except (OSError, OverflowError, ValueError) as error:  # no port, no host's name
            raise ScannerUnavailable(address=self._address, reason=str(error)) from error

    def _send(self, connection: socket.socket, content: bytes) -> None:
        try:
            connection.sendall(content)
        except OSError as error:
            # A scanner that takes no more has said why: that a file is beyond its own limit.
            try:
                reason = self._answer(connection)
            except ScannerUnavailable:
                reason = str(error)
            raise ScannerUnavailable(address=self._address, reason=reason) from error

    def _answer(self, connection: socket.socket) -> str:
        answer = b""
        try:
            while len(answer) < _ANSWER_CAP_BYTES and not answer.endswith(b"\0"):
                part = connection.recv(_ANSWER_CAP_BYTES)
                if not part:
                    break
                answer += part
        except OSError as error:
            raise ScannerUnavailable(address=self._address, reason=str(error)) from error
        if not answer.endswith(b"\0"):
            raise ScannerUnavailable(address=self._address, reason="the answer was cut off")
        return answer.rstrip(b"\0").decode("utf-8", "replace")


def _unix_connection(path: str, timeout_s: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout_s)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


def scan_files(scanner: Clamd, files: Iterable[StagedFile], progress: Progress) -> Scanned:
    """Each file was scanned, equal bytes once. Infected files hold the submission."""
    engine = scanner.version()
    known: dict[str, str] = {}
    findings = []
    count = 0
    progress.phase("PROGRESS-VIRUS")
    for file in files:
        count += 1
        if file.digests.sha256 not in known:
            known[file.digests.sha256] = scanner.scan(Path(file.staged))
        name = known[file.digests.sha256]
        if name:
            where = printable(file.raw_path)
            findings.append(Finding("VIRUS-FOUND", Severity.ERROR, where, {"name": name}))
        progress.advance(files=1, size_bytes=file.size_bytes)
    return Scanned(engine, count, tuple(findings))
